"""A MIDI port of our own under JACK, whose events lie on the very frame of their time."""

from __future__ import annotations

import heapq
import math
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

from synth.errors import OutputLost, OutputUnavailable
from synth.output import ClockPulse, NoteOff, NoteOn
from synth.outputs.frame_clock import FrameClock, settle
from synth.outputs.midi_map import Message, MidiMap
from synth.outputs.midi_output import MidiOutput
from synth.outputs.uri import choose

__all__ = ["MidiJackOutput"]

_AT_ONCE = -math.inf
_DRAIN_S = 0.3
_TICK, _NOTE_ON = 0xF8, 0x90
_PORT = "out"
_HINT = "Plug the device in, or leave out connect= and connect the port yourself."


class MidiJackOutput(MidiOutput):
    """Hands messages, a little ahead of their time, to JACK's thread, which places each frame.

    Parameters
    ----------
    name
        That of the client.
    connect
        The port that it connects itself to; empty for none.
    midi_map
        Which channels and controllers carry the layers; General MIDI when it is None.
    """

    lookahead_s = 0.08  # shorter than a change of tempo is announced, longer than two periods

    def __init__(self, name: str, *, connect: str = "", midi_map: MidiMap | None = None) -> None:
        self._name = name
        self._connect = connect
        super().__init__(midi_map)
        self._client: Any = None
        self._clock = FrameClock()
        self._inbox: deque[tuple[float, Message] | None] = deque()  # None: forget what waits
        self._waiting: list[tuple[float, int, Message]] = []  # frame, count; JACK's thread only
        self._count = 0
        self._ended = threading.Event()
        self._connected: frozenset[str] = frozenset()
        self._target = ""
        self._late = 0
        self._errors = 0

    def open(self, t0_s: float) -> None:
        """Become a client of the server that runs, and connect to the port asked for.

        Parameters
        ----------
        t0_s
            The monotonic clock at session time 0, in s.

        Raises
        ------
        OutputUnavailable
            When no JACK server answers, it refuses, or the port is not there.
        """
        jack = _library()
        self._t0_s = t0_s
        try:
            client = jack.Client(self._name, no_start_server=True)
        except jack.JackOpenError as error:
            raise OutputUnavailable(
                "no JACK server answers", hint="Start JACK or PipeWire, or use midi:PORT NAME."
            ) from error
        self._out = client.midi_outports.register(_PORT)
        client.set_shutdown_callback(lambda status, reason: self._ended.set())
        client.set_process_callback(self._process)
        try:
            client.activate()
            self._client = client
            if self._connect:
                self._target = self._join(client)
        except BaseException as error:
            self._client = None
            client.close()
            if isinstance(error, jack.JackError):
                raise OutputUnavailable(f"JACK refused: {error}", hint="Try again.") from error
            raise
        self._connected = self._connections()
        sys.setswitchinterval(0.0005)  # JACK's thread must not wait long for the interpreter
        self._send_all(self._messages.presets())

    def _join(self, client: Any) -> str:
        """Connect to the port that is meant, and wait until that holds; return its name."""
        ports = client.get_ports(is_midi=True, is_input=True)
        names = [str(port.name) for port in ports if not client.owns(port)]
        target = choose(self._connect, names, what="MIDI input", hint=_HINT)
        client.connect(self._out, target)
        settle(lambda: int(client.last_frame_time))
        return target

    def send(self, event: NoteOn | NoteOff, due_s: float) -> None:
        """Queue a note for its frame.

        Parameters
        ----------
        event
            A note's beginning or end.
        due_s
            When it is to happen, in session time.
        """
        self._inbox.append((due_s, self._messages.note(event)))

    def pulse(self, pulse: ClockPulse, due_s: float) -> None:
        """Queue a clock or transport message for its frame.

        Parameters
        ----------
        pulse
            A tick, or a word of transport.
        due_s
            When it is to happen, in session time.
        """
        for message in self._messages.pulse(pulse):
            self._inbox.append((due_s, message))

    def panic(self) -> None:
        """Forget notes that have not begun, end those that have, and silence their channels."""
        self._inbox.append(None)
        self._send_all(self._messages.panic())

    def check(self) -> None:
        """Raise `OutputLost` when the server or the other end has gone; greet a new listener.

        Raises
        ------
        OutputLost
            When the server or the other end has gone.
        """
        if self._client is None:
            return
        if self._ended.is_set():
            raise OutputLost("the JACK server has ended; music plays on when it is back")
        connected = self._connections()
        if self._target and self._target not in connected:
            raise OutputLost(f"the MIDI input {self._target!r} has gone; it plays on when back")
        if connected - self._connected:
            if not self._connected:  # whoever comes back may still sound from before
                self._send_all(self._messages.presets())
            self._send_all(self._messages.settings())
        self._connected = connected
        self._send_all(self._messages.end_gates())

    def close(self) -> None:
        """Leave the server once it has taken what was sent."""
        client = self._client
        if client is None:
            return
        pause, end_s = threading.Event(), time.monotonic() + _DRAIN_S
        while (self._inbox or self._waiting) and not self._ended.is_set():
            if time.monotonic() > end_s:
                break
            pause.wait(0.005)
        if not self._ended.is_set():
            pause.wait(2.0 * client.blocksize / client.samplerate)
            client.deactivate()
        self._client = None
        client.close()

    def health(self) -> dict[str, float]:
        """Return `late`, events that missed their frame, and `errors` in JACK's thread.

        Returns
        -------
        dict[str, float]
            By name.
        """
        return {"late": self._late, "errors": self._errors}

    def _connections(self) -> frozenset[str]:
        return frozenset(str(port.name) for port in self._out.connections)

    def _send_all(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._inbox.append((_AT_ONCE, message))

    def _process(self, frames: int) -> None:
        """Write one period; runs in JACK's thread, where an exception would end the client."""
        try:
            self._write(frames)
        except Exception:
            self._errors += 1

    def _write(self, frames: int) -> None:
        client = self._client
        self._out.clear_buffer()
        if client is None:
            return
        since_s = client.frames_since_cycle_start / client.samplerate
        now_s = time.monotonic() - self._t0_s - since_s
        first = self._clock.cycle(client.last_frame_time, now_s, client.samplerate)
        self._take()
        while self._waiting and self._waiting[0][0] < first + frames:
            frame, _, message = self._waiting[0]
            offset = max(0, round(frame) - first) if frame > _AT_ONCE else 0
            if offset >= frames:
                break
            self._out.write_midi_event(offset, bytes(message))  # when full, the next period
            self._late += _AT_ONCE < frame < first - 1
            heapq.heappop(self._waiting)

    def _take(self) -> None:
        """Queue what has come in, by frame."""
        while self._inbox:
            item = self._inbox.popleft()
            if item is None:
                self._waiting = [
                    (_AT_ONCE, count, message)
                    for _, count, message in self._waiting
                    if message[0] & 0xF0 != _NOTE_ON and message[0] != _TICK
                ]
                heapq.heapify(self._waiting)
                continue
            due_s, message = item
            frame = self._clock.frame_at(due_s) if due_s > _AT_ONCE else _AT_ONCE
            self._count += 1
            heapq.heappush(self._waiting, (frame, self._count, message))


def _library() -> Any:
    """Import JACK-Client, which also needs the system's JACK library."""
    try:
        import jack
    except (ImportError, OSError) as error:
        raise OutputUnavailable(
            f"JACK cannot be used here: {error}", hint="pip install 'biofeedback[jack]'"
        ) from error
    for silence in (jack.set_error_function, jack.set_info_function):
        silence(lambda message: None)
    return jack
