"""A MIDI port of a synthesiser, or a virtual one that other programs connect to."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from synth.errors import OutputLost
from synth.outputs import rtmidi_binding
from synth.outputs.base import NoteOff, NoteOn
from synth.outputs.midi_map import MidiMap
from synth.outputs.naming import choose
from synth.outputs.rtmidi_binding import Sender
from synth.params import Layer, MusicParams

__all__ = ["MidiPortOutput", "list_ports"]

_DRAIN_S = 0.1  # JACK takes messages once a period, and forgets those of a port that closes
_VOLUME_CC = 7
_SUSTAIN_CC, _ALL_NOTES_OFF_CC, _ALL_SOUND_OFF_CC = 64, 123, 120

list_ports = rtmidi_binding.list_ports


_HINT = "Use one of these, plug the device in, or offer a port yourself: midi-virtual:NAME"


class MidiPortOutput:
    """Sends events as they come; the scheduler gives them their time."""

    lookahead_s = 0.0

    def __init__(
        self, name: str, *, virtual: bool = False, midi_map: MidiMap | None = None
    ) -> None:
        self._name = name
        self._virtual = virtual
        self._map = midi_map or MidiMap()
        self._port: Sender | None = None
        self._colours: dict[Layer, tuple[int, int, int]] = {}
        self._used: set[int] = set()

    def open(self, t0_s: float) -> None:
        """Open the port and choose the programs."""
        if self._virtual:
            self._port = rtmidi_binding.open_virtual(self._name)
        else:
            name = choose(self._name, list_ports(), what="MIDI port", hint=_HINT)
            self._port = rtmidi_binding.open_port(name)
        self._used = {self._map[layer].channel for layer in Layer}
        self.panic()  # of notes that hang from before the port went away
        self._used.clear()
        for layer in Layer:
            voice = self._map[layer]
            self._send((0xC0 | voice.channel, voice.program))

    def send(self, event: NoteOn | NoteOff, due_s: float) -> None:
        """Send three bytes now."""
        channel = self._map[event.layer].channel
        if isinstance(event, NoteOn):
            self._used.add(channel)
            self._send((0x90 | channel, event.pitch, event.velocity))
        else:
            self._send((0x80 | channel, event.pitch, 0))

    def set_params(self, params: MusicParams) -> None:
        """Send the brightness of each layer where it changed."""
        for layer in Layer:
            control = self._map.brightness(layer, params)
            if self._colours.get(layer) != control:
                self._colours[layer] = control
                self._send(control)

    def set_volume(self, gain: float) -> None:
        """Send controller 7 on every channel in the map."""
        value = round(127 * min(1.0, max(0.0, gain)))
        for channel in sorted({self._map[layer].channel for layer in Layer}):
            self._send((0xB0 | channel, _VOLUME_CC, value))

    def panic(self) -> None:
        """Lift the pedal and end all notes on the channels that have played: no flood."""
        for channel in sorted(self._used):
            for control in (_SUSTAIN_CC, _ALL_NOTES_OFF_CC, _ALL_SOUND_OFF_CC):
                self._send((0xB0 | channel, control, 0))

    def check(self) -> None:
        """Raise `OutputLost` when the port is not listed any more."""
        if self._port is not None and not self._port.present():
            raise OutputLost(
                f"the MIDI port {self._port.name!r} has gone; it plays on when it is back"
            )

    def close(self) -> None:
        """Close the port once the system has taken what was sent."""
        if self._port is not None:
            port, self._port = self._port, None
            threading.Event().wait(_DRAIN_S)
            port.close()

    def health(self) -> dict[str, float]:
        """Return no counters: a port tells nothing back."""
        return {}

    def _send(self, message: Sequence[int]) -> None:
        if self._port is None:
            raise OutputLost(f"the MIDI port {self._name!r} is closed")
        try:
            self._port.send(message)
        except (OSError, RuntimeError, ValueError) as error:
            raise OutputLost(f"the MIDI port {self._name!r} failed: {error}") from error
