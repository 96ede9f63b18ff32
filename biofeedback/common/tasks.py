"""The owner of background tasks: nothing that runs beside a session dies without a word.

Works that must go on are kept by `Tasks`, which says what is wrong with them and starts them again;
what belongs to a block runs `beside` it; what is let go of in the end is `closed`. Elsewhere tasks
are started in a `TaskGroup` alone, whose failure ends the session, with silence.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, ParamSpec, TypeVar

from biofeedback.common.errors import hint_of

__all__ = ["Tasks", "aside", "beside", "closed", "logged", "together"]

_log = logging.getLogger("biofeedback.common.tasks")

#: Pauses before each attempt to start a work again; the last one repeats. Ours.
_PAUSES_S = (0.2, 1.0, 2.0, 5.0, 10.0)
_WELL_S = 10.0  #: a work that ran for so long is well, and begins with the shortest pause again
_SHOWN_S = 3.0  #: how long a trouble is shown at least, so that it can be read
_END_S = 5.0  #: how long a work may take to end
_TRIES = 5
_CLOSE_S = 10.0
_BY_ITSELF = "it ended by itself"

P = ParamSpec("P")
T = TypeVar("T")


class Tasks:
    """Keeps works going until it is closed. `failures` has the first failure of each, by name."""

    def __init__(self) -> None:
        self._kept: list[asyncio.Task[None]] = []
        self._troubles: dict[str, str] = {}
        self.failures: dict[str, Exception] = {}

    @property
    def troubles(self) -> list[str]:
        """What is wrong with the works just now, in sentences; mostly nothing."""
        return list(self._troubles.values())

    def keep(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do some work, over and over when it fails; one that returns has done its part.

        `name` stands at the beginning of a sentence on the screen.
        """
        self._kept.append(asyncio.create_task(self._keep(name, work), name=name))

    async def close(self) -> None:
        """End all works. Raises nothing but a cancellation."""
        kept, self._kept = self._kept, []
        await _ended(kept)
        self._troubles.clear()

    async def _keep(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        loop, pauses = asyncio.get_running_loop(), _pauses()
        shown: asyncio.TimerHandle | None = None
        while True:
            began_s = loop.time()
            try:
                await work()
            except asyncio.CancelledError:
                if _is_asked_to_end():
                    raise
                self._fail(name, RuntimeError(_BY_ITSELF))
            except Exception as error:  # whatever it is: it is told, and the work goes on
                self._fail(name, error)
            else:
                return  # a trouble that is shown still is cleared in its time
            if shown is not None:
                shown.cancel()
            if loop.time() - began_s >= _WELL_S:
                pauses = _pauses()
            await asyncio.sleep(next(pauses))
            shown = loop.call_later(_SHOWN_S, self._troubles.pop, name, None)

    def _fail(self, name: str, error: Exception) -> None:
        self.failures.setdefault(name, error)
        self._troubles[name] = f"{name} failed ({_words(error)})"
        _log.warning("%s", self._troubles[name])
        _log.debug("%s", name, exc_info=error)


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, T]) -> AsyncIterator[asyncio.Task[T]]:
    """Do some work while the block runs, and end it with the block; its failure comes out then."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        await _ended([task])
    if task.done() and not task.cancelled():
        task.result()


async def together(*works: Coroutine[Any, Any, None]) -> None:
    """Do several things until one of them fails, or this task is cancelled; then end all.

    Before Python 3.13 a `TaskGroup` loses a cancellation that comes together with a failure, or
    counts one that nobody asked for.
    """
    tasks = [asyncio.create_task(work) for work in works]
    left = set(tasks)
    try:
        while left:
            done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if task.cancelled() and not _is_asked_to_end():
                    raise RuntimeError(_BY_ITSELF)
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def closed(
    name: str, close: Callable[[], Awaitable[None]], within_s: float = _CLOSE_S
) -> str:
    """Close something, whatever becomes of that; return what went wrong, "" for nothing.

    A cancellation that comes meanwhile is raised when it is closed, and never before: what is left
    open could sound on.
    """

    async def closing() -> None:
        await close()

    task = asyncio.create_task(closing(), name=f"closing {name}")
    loop, cancelled = asyncio.get_running_loop(), False
    end_s = loop.time() + within_s
    while not task.done() and (left_s := end_s - loop.time()) > 0.0:
        try:
            await asyncio.wait({task}, timeout=left_s)
        except asyncio.CancelledError:
            cancelled = True
    if not task.done():
        task.cancel()
        task.add_done_callback(_heard)
        problem = f"{name} did not close within {within_s:g} s"
    else:
        problem = _problem(name, task)
    if problem:
        _log.warning("%s", problem)
    if cancelled:
        raise asyncio.CancelledError
    return problem


async def aside(call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Return what a call returns that may hang, made in a thread that nobody waits for at the end.

    The loop's own threads are waited for when the program ends: one that hangs would hold it up.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if answer.done():
            return
        if error is None:
            answer.set_result(result)  # type: ignore[arg-type]
        else:
            answer.set_exception(error)

    def run() -> None:
        result: T | None = None
        failure: BaseException | None = None
        try:
            result = call(*arguments, **named)
        except BaseException as error:
            failure = error
        with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name=f"aside {call!r}", daemon=True).start()
    return await answer


@contextmanager
def logged(what: str) -> Iterator[None]:
    """Let a failure of the block be logged as `what`, in words, and go on."""
    try:
        yield
    except Exception as error:  # whatever it is: there is more to be closed
        _log.warning("%s (%s)", what, _words(error))
        _log.debug("%s", what, exc_info=error)


def _is_asked_to_end() -> bool:
    """Whether somebody cancelled this task; else a cancellation is a work's own, and a failure."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _ended(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """End tasks; before Python 3.12 some of the library's own code loses a cancellation."""
    left = set(tasks)
    for _ in range(_TRIES):
        for task in left:
            task.cancel()
        if left:
            _, left = await asyncio.wait(left, timeout=_END_S / _TRIES)
    for task in tasks:
        if task in left:
            _log.warning("%s did not end within %g s", task.get_name(), _END_S)
            task.add_done_callback(_heard)
        else:
            _heard(task)


def _heard(task: asyncio.Task[Any]) -> None:
    """Take note of how a task ended, so that nothing is said about it when it is collected."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.debug("%s", task.get_name(), exc_info=error)


def _problem(name: str, task: asyncio.Task[None]) -> str:
    if task.cancelled():
        return f"{name} did not close (cancelled)"
    error = task.exception()
    if error is None:
        return ""
    _log.debug("%s", name, exc_info=error)
    return f"{name} did not close ({_words(error)})"


def _pauses() -> Iterator[float]:
    yield from _PAUSES_S
    while True:
        yield _PAUSES_S[-1]


def _words(error: BaseException) -> str:
    """Return an error in words; one of ours speaks for itself."""
    text = str(error)
    known = hint_of(error) is not None
    return text if known and text else f"{type(error).__name__}: {text}" if text else repr(error)
