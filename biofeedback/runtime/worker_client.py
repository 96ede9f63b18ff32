"""Has windows computed elsewhere: by a child process of one session or many, or inline."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import Protocol

import msgspec

from biofeedback.metrics.windowed import Window, WindowResult, compute
from synth import wire

__all__ = ["InlineWorker", "SharedWorker", "Worker", "WorkerClient"]


#: A window of 300 s at 8 Hz is some 60 kB of JSON; asyncio's default of 64 kB is for its lines.
_LINE_LIMIT = 1 << 20


class Worker(Protocol):
    """Turns a window into a result."""

    async def start(self) -> None:
        """Get ready; calling it twice does nothing."""

    async def compute(self, window: Window) -> WindowResult | None:
        """Return the result, or None when it was overtaken by a newer window or failed."""

    async def close(self) -> None:
        """Release what `start` took; calling it twice does nothing."""


class InlineWorker:
    """Computes at once in this process: for virtual time, where nothing may wait for a child."""

    async def start(self) -> None:
        """Do nothing."""

    async def compute(self, window: Window) -> WindowResult | None:
        """Return the result; None when the library cannot digest the window."""
        try:
            return compute(window)
        except (ArithmeticError, ValueError):
            return None

    async def close(self) -> None:
        """Do nothing."""


class WorkerClient:
    """Keeps a child process that computes windows, and replaces it when it dies or hangs.

    One window is computed at a time. While one is under way the newest of the others waits; those
    it overtakes are answered with None. The first answer takes longer, since the child has to
    import neurokit2 for it, hence the generous `timeout_s`.
    """

    def __init__(self, timeout_s: float = 30.0) -> None:
        self._timeout_s = timeout_s
        self._child: asyncio.subprocess.Process | None = None
        self._wire: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._turn = asyncio.Lock()
        self._changing = asyncio.Lock()  # one child is started or given up at a time
        self._newest: Window | None = None
        self._closed = False
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        """The process id of the child, None before `start` and after `close`."""
        return None if self._child is None else self._child.pid

    async def start(self) -> None:
        """Start the child."""
        self._closed = False
        await self._spawn()

    async def compute(self, window: Window) -> WindowResult | None:
        """Return the result; None when a newer window overtook this one or the child failed twice.

        A child that died since the last window is replaced and asked once more.
        """
        self._newest = window
        async with self._turn:
            if self._newest is not window or self._closed:
                return None
            for _ in range(2):
                result = await self._ask(window)
                if result is not None or self._closed:
                    return result
                self.restarts += 1
                await self._stop()
            return None

    async def close(self) -> None:
        """End the child by closing its wire; kill it when it does not obey."""
        self._closed = True
        await self._stop()

    async def _spawn(self) -> None:
        async with self._changing:
            if self._child is None and not self._closed:
                command = sys.executable, "-P", "-m", "biofeedback.runtime.neurokit_worker"
                self._child, reader, writer = await wire.spawn(*command, limit=_LINE_LIMIT)
                self._wire = reader, writer

    async def _ask(self, window: Window) -> WindowResult | None:
        """Return the child's answer; one to an earlier, abandoned question is skipped.

        None when there is none, also since the system refuses a child just now.
        """
        try:
            await self._spawn()
            if self._wire is None:
                return None
            reader, writer = self._wire
            async with asyncio.timeout(self._timeout_s):
                writer.write(msgspec.json.encode(window) + b"\n")
                await writer.drain()
                async for line in reader:
                    result = msgspec.json.decode(line, type=WindowResult)
                    if result.end_s == window.end_s:
                        return result
        except (OSError, ValueError, msgspec.DecodeError):  # a line without end is a ValueError
            return None
        return None

    async def _stop(self) -> None:
        async with self._changing:
            child, self._child = self._child, None
            ends, self._wire = self._wire, None
        if child is None:
            return
        try:
            if ends is not None:
                ends[1].close()
            async with asyncio.timeout(1.0):
                await child.wait()
        except TimeoutError:
            with suppress(OSError):  # it has gone just now
                child.kill()
            await child.wait()


class SharedWorker:
    """Answers each session's window in the order in which they came.

    A question is seen through to its answer even when the session that asked is over: the child
    tells answers apart by the window's end alone, and another session's window may end at the same
    second. `close` does nothing, since a session calls it; `end` releases the child.
    """

    def __init__(self, worker: Worker | None = None) -> None:
        self._worker = worker or WorkerClient()
        self._turn = asyncio.Lock()
        self._asked: set[asyncio.Task[WindowResult | None]] = set()

    async def start(self) -> None:
        """Start the child, unless it runs."""
        await self._worker.start()

    async def compute(self, window: Window) -> WindowResult | None:
        """Return the result; None when the child failed twice."""
        asking = asyncio.create_task(self._in_turn(window))
        self._asked.add(asking)
        asking.add_done_callback(self._asked.discard)
        return await asyncio.shield(asking)

    async def close(self) -> None:
        """Leave the child to the others."""

    async def end(self) -> None:
        """End the child; whoever still waits gets None."""
        await self._worker.close()
        await asyncio.gather(*self._asked, return_exceptions=True)

    async def _in_turn(self, window: Window) -> WindowResult | None:
        async with self._turn:
            return await self._worker.compute(window)
