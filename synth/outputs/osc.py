"""Open Sound Control over UDP, for patches and light desks: what sounds, and what moves it."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from dataclasses import fields

from synth.errors import OutputUnavailable
from synth.output import ClockPulse, NoteOff, NoteOn
from synth.params import MusicParams

__all__ = ["Argument", "OscOutput", "encode", "place"]

Argument = int | float | str

_ROOT = "/biofeedback"
_HERE = "127.0.0.1"
_HINT = "Write osc:9001 for this computer, or osc:HOST:9001."


def place(target: str) -> tuple[str, int]:
    """Return host and port of "[HOST:]PORT"; raise `OutputUnavailable` for anything else.

    Parameters
    ----------
    target
        "[HOST:]PORT"; without a host this computer is meant.

    Returns
    -------
    tuple[str, int]
        Host without brackets, port 1 to 65535.

    Raises
    ------
    OutputUnavailable
        For anything else.
    """
    host, _, port = target.rpartition(":")
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise OutputUnavailable(f"osc:{target}: {port!r} is no port, 1 to 65535", hint=_HINT)
    return host.strip("[]") or _HERE, int(port)


def encode(address: str, arguments: Sequence[Argument] = ()) -> bytes:
    """Return a message of Open Sound Control 1.0: an address, and the values behind it.

    Parameters
    ----------
    address
        It begins with a slash.
    arguments
        Whole numbers go as `i` or `h`, others as `f`, text as `s`.

    Returns
    -------
    bytes
        A datagram.
    """
    from pythonosc.osc_message_builder import OscMessageBuilder

    message = OscMessageBuilder(address)
    for argument in arguments:
        message.add_arg(argument)
    return message.build().dgram


class OscOutput:
    """Sends a datagram for each event; whether anybody listens is not known, nor waited for.

    To this computer unless another host is named: body signals are health data.

    Parameters
    ----------
    target
        "[HOST:]PORT".

    Raises
    ------
    OutputUnavailable
        When that is no port.
    """

    lookahead_s = 0.0

    def __init__(self, target: str) -> None:
        self._host, self._port = place(target)
        self._socket: socket.socket | None = None
        self._params: dict[str, tuple[Argument, ...]] = {}
        self._unsent = 0

    def open(self, t0_s: float) -> None:
        """Look the host up, and end what hangs there from before.

        Parameters
        ----------
        t0_s
            Not needed: all is sent as it comes.

        Raises
        ------
        OutputUnavailable
            When the host is not known.
        """
        try:
            family, kind, _, _, address = socket.getaddrinfo(
                self._host, self._port, type=socket.SOCK_DGRAM
            )[0]
            self._socket = socket.socket(family, kind)
            self._socket.setblocking(False)
            self._socket.connect(address)
        except (OSError, UnicodeError) as error:
            self.close()
            raise OutputUnavailable(
                f"osc:{self._host}:{self._port} cannot be reached: {error}", hint=_HINT
            ) from error
        self.panic()

    def send(self, event: NoteOn | NoteOff, due_s: float) -> None:
        """Send `/note/on LAYER PITCH VELOCITY ID` or `/note/off LAYER PITCH ID`.

        Parameters
        ----------
        event
            A note's beginning or end.
        due_s
            Not needed: the scheduler has waited.
        """
        layer = event.layer.value
        if isinstance(event, NoteOn):
            self._send("/note/on", layer, event.pitch, event.velocity, event.note_id)
        else:
            self._send("/note/off", layer, event.pitch, event.note_id)

    def pulse(self, pulse: ClockPulse, due_s: float) -> None:
        """Send `/beat NUMBER` on each beat, and `/start`, `/continue` or `/stop` with theirs.

        Parameters
        ----------
        pulse
            A tick, or a word of transport.
        due_s
            Not needed: the scheduler has waited.
        """
        if pulse.what != "tick":
            self._send(f"/{pulse.what}", float(pulse.beat))
        elif pulse.beat == round(pulse.beat):
            self._send("/beat", round(pulse.beat))

    def set_params(self, params: MusicParams) -> None:
        """Send `/params/NAME VALUE` for each that changed; key and layers as text.

        Parameters
        ----------
        params
            The colour asked for.
        """
        for field in fields(params):
            value = getattr(params, field.name)
            said: tuple[Argument, ...]
            if isinstance(value, tuple):
                said = tuple(str(item) for item in value)
            else:
                said = (float(value),) if isinstance(value, int | float) else (str(value),)
            if self._params.get(field.name) != said:
                self._params[field.name] = said
                self._send(f"/params/{field.name}", *said)

    def set_volume(self, gain: float) -> None:
        """Send `/volume GAIN`.

        Parameters
        ----------
        gain
            Held within 0 to 1.
        """
        self._send("/volume", min(1.0, max(0.0, gain)))

    def set_signals(self, values: Mapping[str, float]) -> None:
        """Send `/signal/NAME VALUE` for each; a name that is an address goes there as it is.

        Parameters
        ----------
        values
            By name.
        """
        for name, value in values.items():
            if name.startswith("/"):
                self._send(name, float(value), root="")
            else:
                self._send(f"/signal/{name}", float(value))

    def panic(self) -> None:
        """Send `/panic`: silence everything."""
        self._send("/panic")

    def check(self) -> None:
        """Nothing tells whether somebody listens."""

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def health(self) -> dict[str, float]:
        """Return `osc_unsent`, datagrams that the system did not take.

        Returns
        -------
        dict[str, float]
            By name.
        """
        return {"osc_unsent": self._unsent}

    def _send(self, address: str, *arguments: Argument, root: str = _ROOT) -> None:
        if self._socket is None:
            return
        try:
            self._socket.send(encode(root + address, arguments))
        except ConnectionError:
            pass  # nobody listens there just now
        except OSError:  # the network is away, or its queue full: music does not wait for it
            self._unsent += 1
