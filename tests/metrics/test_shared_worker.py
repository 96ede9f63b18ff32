"""Sessions that share a worker each get their own answer, whatever becomes of the others."""

import asyncio

from biofeedback.metrics.windowed import Window, WindowResult
from biofeedback.runtime.worker_client import SharedWorker


class Slow:
    """Answers one window at a time, after a moment, and says how many were open at once."""

    def __init__(self) -> None:
        self.open = self.most = self.started = self.closed = 0

    async def start(self) -> None:
        self.started += 1

    async def compute(self, window: Window) -> WindowResult | None:
        self.open += 1
        self.most = max(self.most, self.open)
        await asyncio.sleep(0.01)
        self.open -= 1
        return WindowResult(start_s=window.start_s, end_s=window.end_s)

    async def close(self) -> None:
        self.closed += 1


def window(start_s: float) -> Window:
    return Window(start_s=start_s, end_s=60.0)


def test_windows_that_end_together_are_not_mixed_up() -> None:
    async def body() -> None:
        slow = Slow()
        shared = SharedWorker(slow)
        results = await asyncio.gather(*(shared.compute(window(float(n))) for n in range(5)))
        assert [r.start_s for r in results if r] == [0.0, 1.0, 2.0, 3.0, 4.0]
        assert slow.most == 1

    asyncio.run(body())


def test_a_session_that_is_cancelled_leaves_no_question_half_asked() -> None:
    async def body() -> None:
        slow = Slow()
        shared = SharedWorker(slow)
        first = asyncio.create_task(shared.compute(window(1.0)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        first.cancel()
        second = await shared.compute(window(2.0))
        assert second is not None
        assert second.start_s == 2.0
        assert slow.most == 1
        await shared.close()
        assert slow.closed == 0
        await shared.end()
        assert slow.closed == 1

    asyncio.run(body())
