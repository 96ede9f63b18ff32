"""Typed, bounded fan-out from the session to whoever watches; a watcher never delays it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

__all__ = ["EventBus", "Subscription"]

#: Who has taken nothing for so long, though there is something, hangs. Ours.
_HANGS_S = 1.0

T = TypeVar("T")


class Subscription(Generic[T]):
    """One watcher's queue; when it is full the oldest items go, counted in `dropped`."""

    def __init__(self, capacity: int, name: str = "") -> None:
        self.name = name
        self._items: deque[T] = deque(maxlen=capacity)
        self._arrived = asyncio.Event()
        self._since_s = 0.0  # when the oldest item came
        self.dropped = 0

    def hangs(self, now_s: float) -> bool:
        """Whether something has waited too long at the loop's time `now_s`."""
        return bool(self._items) and now_s - self._since_s > _HANGS_S

    def put(self, item: T) -> None:
        """Add an item; never waits."""
        if not self._items:
            self._since_s = asyncio.get_running_loop().time()
        self.dropped += len(self._items) == self._items.maxlen
        self._items.append(item)
        self._arrived.set()

    async def wait(self) -> None:
        """Wait until something is queued."""
        await self._arrived.wait()

    def drain(self) -> list[T]:
        """Take all that is queued, without waiting."""
        items = list(self._items)
        self._items.clear()
        self._arrived.clear()
        return items


class EventBus(Generic[T]):
    """Passes each published item to each subscription, in order."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription[T]] = []

    @property
    def troubles(self) -> list[str]:
        """Which of the watchers that have a name hang, in sentences."""
        if not self._subscriptions:
            return []
        now_s = asyncio.get_running_loop().time()
        named = [one for one in self._subscriptions if one.name]
        return [f"{one.name} takes nothing in any more" for one in named if one.hangs(now_s)]

    def subscribe(self, capacity: int = 256, name: str = "") -> Subscription[T]:
        """Return a new queue that receives everything from now on.

        `name` stands at the beginning of a sentence that says that its watcher hangs.
        """
        subscription: Subscription[T] = Subscription(capacity, name)
        self._subscriptions.append(subscription)
        return subscription

    @contextmanager
    def subscribed(self, capacity: int = 256, name: str = "") -> Iterator[Subscription[T]]:
        """Yield such a queue, which receives nothing more after the block."""
        subscription = self.subscribe(capacity, name)
        try:
            yield subscription
        finally:
            self._subscriptions.remove(subscription)

    def publish(self, *items: T) -> None:
        """Hand items, in this order, to every subscription."""
        for subscription in self._subscriptions:
            for item in items:
                subscription.put(item)
