"""The two event loops a session runs on, live or virtual, and the session's own clock.

The event loop is the clock: whoever needs the time asks the loop. On the virtual loop time jumps
to the next timer whenever nothing is ready, so an hour takes seconds and is the same each time.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from biofeedback.common.interrupts import Interrupts

__all__ = ["SessionClock", "VirtualLoop", "monotonic_s", "run_live", "run_virtual", "utc_now"]

T = TypeVar("T")


class _JumpingSelector(selectors.DefaultSelector):
    """A selector that never waits: what the loop would have slept is added to its clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:  # no timer, nothing ready: only a file descriptor could go on
            return super().select(_STALL_S) or _stalled()
        if timeout > 0:
            self.now_s = round(self.now_s + timeout, 9)  # nanoseconds: timers stay on their grid
        return super().select(0)


#: How long a virtual loop with no timer waits for a signal before it calls itself stuck.
_STALL_S = 5.0


def _stalled() -> list[tuple[selectors.SelectorKey, int]]:
    raise RuntimeError("virtual time stands still: a task waits for something outside the loop")


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose `time()` starts at 0 and jumps to the next timer.

    Work given to an executor runs at once, in place: a thread would make the order of events
    depend on the machine.
    """

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return the seconds that timers have jumped over so far."""
        return self._jumping.now_s

    def run_in_executor(  # type: ignore[override]
        self, executor: object, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Call `func` in place and return its result as a future that is done."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future


class SessionClock:
    """Seconds since the session started, and the one UTC time that belongs to second 0."""

    def __init__(self, loop: asyncio.AbstractEventLoop, started_utc: datetime) -> None:
        self._loop = loop
        self.epoch_s = loop.time()  #: the loop's time at session time 0
        self.started_utc = started_utc
        self.live = not isinstance(loop, VirtualLoop)

    def __call__(self) -> float:
        """Return the session time in seconds."""
        return self._loop.time() - self.epoch_s

    def step_of_wall_clock(self) -> float:
        """Return by how many seconds the wall clock moved against ours since the last call.

        The anchor moves with it. Near 0 as a rule; a suspended computer or a corrected wall clock
        gives a step. Always 0 in virtual time.
        """
        if not self.live:
            return 0.0
        step_s = (utc_now() - self.utc_at(self())).total_seconds()
        self.started_utc += timedelta(seconds=step_s)
        return step_s

    def utc_at(self, time_s: float) -> datetime:
        """Return the UTC time of a session time, by the anchor at second 0."""
        return self.started_utc + timedelta(seconds=time_s)


def utc_now() -> datetime:
    """Return the wall clock's UTC time: for a header, never for a decision."""
    return datetime.now(UTC)


#: Returns a monotonic time in s for measuring our own cost, never for a decision.
monotonic_s = time.perf_counter


def run_live(main: Callable[[], Coroutine[Any, Any, T]], interrupts: Interrupts | None = None) -> T:
    """Run a coroutine on the loop of real time."""
    return _run(main, asyncio.new_event_loop, interrupts or Interrupts())


def run_virtual(
    main: Callable[[], Coroutine[Any, Any, T]], interrupts: Interrupts | None = None
) -> T:
    """Run a coroutine in virtual time; nothing in it may wait for a child or a socket."""
    return _run(main, VirtualLoop, interrupts or Interrupts())


def _run(
    main: Callable[[], Coroutine[Any, Any, T]],
    loop: Callable[[], asyncio.AbstractEventLoop],
    interrupts: Interrupts,
) -> T:
    """Run to the end, or to a Ctrl-C, which cancels `main` and comes out as KeyboardInterrupt.

    It cancels once: a second one must not cut off what the first has set about to end.
    """
    task: asyncio.Task[T] | None = None

    def cancel() -> None:
        if task is not None and not task.done():
            task.get_loop().call_soon_threadsafe(task.cancel)

    async def body() -> T:
        nonlocal task
        task = asyncio.current_task()
        if interrupts.count:
            raise asyncio.CancelledError
        return await main()

    with interrupts.held(cancel):
        try:
            with asyncio.Runner(loop_factory=loop) as runner:
                result = runner.run(body())
        except asyncio.CancelledError:
            if not interrupts.count:
                raise
    if interrupts.count:
        raise KeyboardInterrupt
    return result
