"""Players whose processes and wires are a test's own, on a loop whose time jumps.

They start no program, so that the claims about them belong to the quick ones.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterable
from types import SimpleNamespace
from typing import Any

import pytest

from synth import wire
from synth.events import Note
from synth.params import Layer
from synth.player import protocol, remote
from synth.player.remote import RemotePlayer
from synth.tempo_map import TempoSegment

__all__ = ["READY", "TEMPO", "Child", "RemotePlayer", "Stage", "note"]

READY = protocol.line("ready", rights="fifo", lookahead_s=0.0)


class Loop(asyncio.SelectorEventLoop):
    """Where nothing is ready, time jumps to what comes next."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1000.0

    def time(self) -> float:
        return self.now_s

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self.now_s = max(self.now_s, self._scheduled[0].when())  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


class Child:
    """A process and its wire: says what it is told to say, and ends as it is told to end."""

    def __init__(self, says: Iterable[bytes] = (READY,), dies: str = "well") -> None:
        self.pid = 4711
        self.returncode: int | None = None
        self.dies = dies  #: "well" at the end of the wire, "killed" only so, "never"
        self.reader = asyncio.StreamReader()
        for said in says:
            self.say(said)
        self.heard: list[dict[str, Any]] = []
        self.waiting_bytes = 0
        self.closed = self.kills = 0
        self.transport = SimpleNamespace(get_write_buffer_size=lambda: self.waiting_bytes)
        self._over = asyncio.Event()

    def say(self, data: bytes) -> None:
        if data:
            self.reader.feed_data(data)
        else:
            self.reader.feed_eof()

    # its process
    async def wait(self) -> int:
        await self._over.wait()
        assert self.returncode is not None
        return self.returncode

    def kill(self) -> None:
        self.kills += 1
        if self.dies != "never":
            self.leave(-9)

    def leave(self, code: int) -> None:
        self.returncode = code
        self._over.set()
        self.reader.feed_eof()

    # its wire
    def is_closing(self) -> bool:
        return bool(self.closed)

    def write(self, data: bytes) -> None:
        self.heard += [json.loads(line) for line in data.splitlines()]

    def close(self) -> None:
        self.closed += 1
        if self.dies == "well" and self.returncode is None:
            self.leave(0)

    def kinds(self) -> list[str]:
        return [message["kind"] for message in self.heard]


class Stage:
    """Children in the order in which they are started; an exception is a refusal to start."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.loop = Loop()
        self.children: list[Callable[[], Child] | Exception] = []
        self.started: list[Child] = []
        self.commands: list[tuple[str, ...]] = []
        monkeypatch.setattr(wire, "spawn", self.spawn)
        monkeypatch.setattr(remote, "time", SimpleNamespace(monotonic=self.loop.time))

    async def spawn(self, *command: str) -> tuple[Child, asyncio.StreamReader, Child]:
        self.commands.append(command)
        made = self.children.pop(0) if self.children else Child
        if isinstance(made, Exception):
            raise made
        child = made()
        self.started.append(child)
        return child, child.reader, child

    def run(self, what: Coroutine[Any, Any, Any]) -> Any:
        try:
            return self.loop.run_until_complete(what)
        finally:
            self.loop.close()


def note(k: int, beat: float) -> Note:
    return Note(k, beat, 0.5, 60, 80, Layer.MELODY)


TEMPO = TempoSegment(0.0, 0.0, 60.0)
