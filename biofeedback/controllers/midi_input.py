"""A MIDI port that we listen to, with the time of each message, opened again when it comes back."""

from __future__ import annotations

import asyncio
import re
import threading
from collections import deque
from collections.abc import Callable

from biofeedback.common.errors import ConfigError
from synth.errors import OutputUnavailable
from synth.outputs.engines import midi_binding
from synth.outputs.midi_binding import MidiReceiver
from synth.outputs.uri import choose

__all__ = ["MidiInput", "parse"]

_LOOK_S = 1.0
_MOST = 4096  #: messages not yet taken; when full, the oldest is lost
_LEAK = 0.001  #: s of drift allowed between the driver's clock and ours in each second
_HINT = "Plug the device in, or offer a port yourself: midi-virtual:NAME"

Message = tuple[int, ...]


class _Stamps:
    """Times from the driver's intervals: those of our thread are late whenever others compute.

    The least lateness seen is taken for none, and forgotten slowly.
    """

    def __init__(self) -> None:
        self._driver_s = 0.0
        self._offset_s: float | None = None

    def time_s(self, delta_s: float, now_s: float) -> float:
        """Return the time of a message that came `delta_s` after the last, seen at `now_s`."""
        self._driver_s += delta_s
        offset_s = now_s - self._driver_s
        if self._offset_s is None or delta_s > 1.0:
            self._offset_s = offset_s
        self._offset_s = min(offset_s, self._offset_s + _LEAK * delta_s)
        return self._driver_s + self._offset_s


class MidiInput:
    """Messages of a port, in order, each with its session time; `wait` says that some are there.

    A port that goes away is looked for once a second, for ever, while `look` runs.
    """

    def __init__(self, uri: str, clock: Callable[[], float]) -> None:
        """`uri` is midi:PORT or midi-virtual:NAME."""
        self._kind, self._target = parse(uri)
        self._clock = clock
        self._port: MidiReceiver | None = None
        self._messages: deque[tuple[float, Message]] = deque(maxlen=_MOST)
        self._some = asyncio.Event()
        self.trouble = ""

    @property
    def name(self) -> str:
        """The port's own name, or what was asked for while there is none."""
        return self._port.name if self._port else self._target

    async def open(self) -> None:
        """Open the port; raise `OutputUnavailable` when it is not there."""
        self._connect()

    async def close(self) -> None:
        """Close the port; harmless twice."""
        self._disconnect()

    async def wait(self, timeout_s: float) -> list[tuple[float, Message]]:
        """Return what has come, at the latest after that time, then perhaps nothing."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._some.wait()
        except TimeoutError:
            return []
        self._some.clear()
        found = []
        while self._messages:
            found.append(self._messages.popleft())
        return found

    def _connect(self) -> None:
        loop, stamps, here = asyncio.get_running_loop(), _Stamps(), threading.get_ident()

        def receive(message: Message, delta_s: float) -> None:
            self._messages.append((stamps.time_s(delta_s, self._clock()), message))
            if not loop.is_closed() and threading.get_ident() != here:
                loop.call_soon_threadsafe(self._some.set)

        if self._kind == "midi-virtual":
            self._port = midi_binding().open_virtual_input(self._target, receive)
            return
        names = midi_binding().list_inputs()
        wanted = self._target
        if wanted not in names:  # ALSA's numbers at the end of a name may have changed by now
            wanted = re.sub(r" \d+:\d+$", "", wanted)
        name = choose(wanted, names, what="MIDI input", hint=_HINT)
        self._port = midi_binding().open_input(name, receive)

    def _disconnect(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            port.close()

    async def look(self) -> None:
        """Look whether the port is there, and for it when it is not, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            if self._port is not None and not self._port.present():
                self.trouble = f"the MIDI input {self.name!r} has gone"
                self._disconnect()
            if self._port is None:
                try:
                    self._connect()
                except OutputUnavailable:
                    continue
                self.trouble = ""


def parse(uri: str) -> tuple[str, str]:
    """Return kind and target of midi:PORT or midi-virtual:NAME; raise `ConfigError` otherwise."""
    kind, _, target = uri.partition(":")
    kind, target = kind.strip().lower(), target.strip()
    if kind not in ("midi", "midi-virtual") or not target:
        raise ConfigError(
            f"{uri!r} names no MIDI input", hint="Write midi:PORT NAME or midi-virtual:NAME."
        )
    return kind, target
