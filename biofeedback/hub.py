"""Typed, bounded fan-out from the session to whoever watches; a watcher never delays it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

__all__ = ["Hub", "Subscription"]

T = TypeVar("T")


class Subscription(Generic[T]):
    """One watcher's queue; when it is full the oldest items go, counted in `dropped`."""

    def __init__(self, capacity: int) -> None:
        self._items: deque[T] = deque(maxlen=capacity)
        self._arrived = asyncio.Event()
        self.dropped = 0

    def put(self, item: T) -> None:
        """Add an item; never waits."""
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


class Hub(Generic[T]):
    """Passes each published item to each subscription, in order."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription[T]] = []

    def subscribe(self, capacity: int = 256) -> Subscription[T]:
        """Return a new queue that receives everything from now on."""
        subscription: Subscription[T] = Subscription(capacity)
        self._subscriptions.append(subscription)
        return subscription

    def publish(self, item: T) -> None:
        """Hand an item to every subscription."""
        for subscription in self._subscriptions:
            subscription.put(item)
