"""A MIDI port of a synthesiser, or a virtual one that other programs connect to."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable

from synth.errors import OutputLost
from synth.output import ClockPulse, NoteOff, NoteOn
from synth.outputs.engines import midi_binding
from synth.outputs.midi_binding import MidiSender
from synth.outputs.midi_map import Message, MidiMap
from synth.outputs.midi_messages import everything_off
from synth.outputs.midi_output import MidiOutput
from synth.outputs.uri import choose

__all__ = ["MidiPortOutput", "silence_port"]

_MESSAGE_S = 0.001  # three bytes on a MIDI cable
_DRAIN_S = 0.3  # JACK takes messages once a period, and forgets those of a port that closes

_HINT = "Plug the device in, or offer a port yourself: midi-virtual:NAME"


class MidiPortOutput(MidiOutput):
    """Sends events as they come; the scheduler gives them their time.

    Parameters
    ----------
    name
        That of the port, in whole or in part; of a virtual one the name it is offered under.
    virtual
        Whether to offer a port rather than to connect to one.
    midi_map
        Which channels and controllers carry the layers; General MIDI when it is None.
    """

    lookahead_s = 0.0

    def __init__(
        self, name: str, *, virtual: bool = False, midi_map: MidiMap | None = None
    ) -> None:
        self._name = name
        self._virtual = virtual
        super().__init__(midi_map)
        self._port: MidiSender | None = None

    def open(self, t0_s: float) -> None:
        """Open the port, end what hangs there from before, and choose the programs.

        Parameters
        ----------
        t0_s
            Not needed: all is sent as it comes.

        Raises
        ------
        OutputUnavailable
            When no port fits the name, or several do.
        """
        if self._virtual:
            self._port = midi_binding().open_virtual(self._name)
        else:
            self._port = midi_binding().open_port(_choose(self._name))
        self._send_all(self._messages.presets())

    def send(self, event: NoteOn | NoteOff, due_s: float) -> None:
        """Send three bytes now.

        Parameters
        ----------
        event
            A note's beginning or end.
        due_s
            Not needed: the scheduler has waited.

        Raises
        ------
        OutputLost
            When the port failed, or is closed.
        """
        self._send(self._messages.note(event))

    def pulse(self, pulse: ClockPulse, due_s: float) -> None:
        """Send a clock or transport message now.

        Parameters
        ----------
        pulse
            A tick, or a word of transport.
        due_s
            Not needed: the scheduler has waited.

        Raises
        ------
        OutputLost
            When the port failed, or is closed.
        """
        self._send_all(self._messages.pulse(pulse))

    def panic(self) -> None:
        """Lift the pedal and end all notes on the channels that have played: no flood."""
        self._send_all(self._messages.panic())

    def check(self) -> None:
        """Raise `OutputLost` when the port is not listed any more; end notes of signals.

        Raises
        ------
        OutputLost
            When the port is not listed any more.
        """
        if self._port is not None and not self._port.present():
            name = self._port.name
            raise OutputLost(f"the MIDI port {name!r} has gone; it plays on when it is back")
        self._send_all(self._messages.end_gates())

    def close(self) -> None:
        """Close the port once the system has taken what was sent."""
        if self._port is not None:
            port, self._port = self._port, None
            threading.Event().wait(_DRAIN_S)
            port.close()

    def health(self) -> dict[str, float]:
        """Return no counters: a port tells nothing back.

        Returns
        -------
        dict[str, float]
            Empty.
        """
        return {}

    def _send_all(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._send(message)

    def _send(self, message: Message) -> None:
        if self._port is None:
            raise OutputLost(f"the MIDI port {self._name!r} is closed")
        try:
            self._port.send(message)
        except (OSError, RuntimeError, ValueError) as error:
            raise OutputLost(f"the MIDI port {self._name!r} failed: {error}") from error


def silence_port(name: str) -> str:
    """End whatever sounds on a port, at the pace of a MIDI cable; return the port's whole name.

    Parameters
    ----------
    name
        In whole or in part.

    Returns
    -------
    str
        As the system lists it.

    Raises
    ------
    OutputUnavailable
        When it is not there.
    OutputLost
        When it failed on the way.
    """
    port, pause = midi_binding().open_port(_choose(name)), threading.Event()
    try:
        for number, message in enumerate(everything_off()):
            port.send(message)
            if number % 16 == 15:
                pause.wait(16 * _MESSAGE_S)
        pause.wait(_DRAIN_S)
        return port.name
    except (OSError, RuntimeError, ValueError) as error:
        raise OutputLost(f"the MIDI port {port.name!r} failed: {error}") from error
    finally:
        port.close()


def _choose(wanted: str) -> str:
    """Return the port that is meant; ALSA's numbers at its end may have changed by now."""
    names = midi_binding().list_ports()
    if wanted not in names:
        wanted = re.sub(r" \d+:\d+$", "", wanted)
    return choose(wanted, names, what="MIDI port", hint=_HINT)
