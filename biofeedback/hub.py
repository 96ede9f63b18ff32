"""Typed, bounded fan-out from the session to whoever watches; a watcher never delays it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Generic, Literal, TypeVar

__all__ = ["Hub", "Policy", "Subscription"]

T = TypeVar("T")
Policy = Literal["drop_oldest", "latest_wins"]


class Subscription(Generic[T]):
    """One watcher's queue; what it could not hold is dropped, oldest first, in `dropped`."""

    def __init__(self, capacity: int, when_full: Policy) -> None:
        self._items: deque[T] = deque(maxlen=1 if when_full == "latest_wins" else capacity)
        self._arrived = asyncio.Event()
        self._closed = False
        self.dropped = 0

    def put(self, item: T) -> None:
        """Add an item; never waits."""
        self.dropped += len(self._items) == self._items.maxlen
        self._items.append(item)
        self._arrived.set()

    def close(self) -> None:
        """Let the watcher finish what is queued, then end."""
        self._closed = True
        self._arrived.set()

    def drain(self) -> list[T]:
        """Take all that is queued, without waiting."""
        items = list(self._items)
        self._items.clear()
        return items

    async def __aiter__(self) -> AsyncIterator[T]:
        while True:
            while self._items:
                yield self._items.popleft()
            if self._closed:
                return
            self._arrived.clear()
            await self._arrived.wait()


class Hub(Generic[T]):
    """Passes each published item to each subscription, in order."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription[T]] = []

    def subscribe(self, capacity: int = 256, when_full: Policy = "drop_oldest") -> Subscription[T]:
        """Return a new queue that receives everything from now on."""
        subscription: Subscription[T] = Subscription(capacity, when_full)
        self._subscriptions.append(subscription)
        return subscription

    def publish(self, item: T) -> None:
        """Hand an item to every subscription."""
        for subscription in self._subscriptions:
            subscription.put(item)

    def close(self) -> None:
        """End all subscriptions."""
        for subscription in self._subscriptions:
            subscription.close()
