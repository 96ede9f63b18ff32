"""One worker for many sessions, which take turns: fifty wearers do not need fifty children."""

from __future__ import annotations

import asyncio

from biofeedback.metrics.windowed import Window, WindowResult
from biofeedback.runtime.worker_client import Worker, WorkerClient

__all__ = ["SharedWorker"]


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
