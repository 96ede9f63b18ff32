"""Whether a session shall stop: one latch for every hand, from before it begins to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["StopSwitch", "Stopped"]


class Stopped(Exception):  # noqa: N818
    """A stop was asked before anything could play."""


class StopSwitch:
    """Once pressed it stays pressed; pressed again it means at once, without a last bar.

    Whoever starts a session holds its switch before there is a session, so that no stop comes too
    early. What takes time before the first note happens inside `unless_pressed`.
    """

    def __init__(self) -> None:
        self._pressed = asyncio.Event()
        self._at_once = asyncio.Event()
        self._begun: set[asyncio.Task[Any]] = set()

    @property
    def pressed(self) -> bool:
        """Whether the session shall end."""
        return self._pressed.is_set()

    @property
    def at_once(self) -> bool:
        """Whether it shall end without a last bar."""
        return self._at_once.is_set()

    def press(self, *, at_once: bool = False) -> None:
        """Ask for the end; without a last bar when it was asked before, or `at_once`."""
        if at_once or self.pressed:
            self._at_once.set()
        self._pressed.set()
        for task in self._begun:
            task.cancel()
        self._begun.clear()

    async def wait(self) -> None:
        """Return once it is pressed."""
        await self._pressed.wait()

    async def wait_at_once(self) -> None:
        """Return once the end may not even wait for a last bar."""
        await self._at_once.wait()

    @contextmanager
    def unless_pressed(self) -> Iterator[None]:
        """Break off what the block awaits when the switch is pressed, and raise `Stopped`."""
        if self.pressed:
            raise Stopped
        task = asyncio.current_task()
        assert task is not None
        before = task.cancelling()
        self._begun.add(task)
        try:
            yield
        except asyncio.CancelledError:
            if self.pressed and task.uncancel() <= before:
                raise Stopped from None
            raise
        finally:
            self._begun.discard(task)
