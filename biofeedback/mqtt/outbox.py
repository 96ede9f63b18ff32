"""Events on their way to the broker: numbered, kept for a while, sent again until they arrive."""

from __future__ import annotations

from collections import deque

import msgspec

from biofeedback.mqtt.messages import EventMessage, ResendMessage

__all__ = ["Outbox"]

#: More than an hour of decisions, about 5 MB; beyond it the oldest go, sent or not.
KEPT = 8192
#: Events in one answer to a desk that missed some.
AT_ONCE = 100


class Outbox:
    """Numbers events from 1 on. What was not confirmed is offered again; `lost` counts the rest.

    `lost` events are those that went unsent, since the link was away longer than is kept. The
    session log has them.
    """

    def __init__(self, session: str, kept: int = KEPT) -> None:
        self._session = session
        self._events: deque[EventMessage] = deque(maxlen=kept)
        self._confirmed = 0  # the number of the last event that the broker has
        self.lost = 0

    @property
    def last(self) -> int:
        """The number of the last event; 0 before the first."""
        return self._events[-1].seq if self._events else 0

    @property
    def next(self) -> int:
        """The number that the next event will have."""
        return self.last + 1

    @property
    def waiting(self) -> int:
        """How many events the broker has not confirmed."""
        return self.last - self._confirmed

    def put(self, line: bytes, utc_ms: float) -> None:
        """Add an event; never waits."""
        if len(self._events) == self._events.maxlen and self._events[0].seq > self._confirmed:
            self.lost += 1
            self._confirmed = self._events[0].seq
        self._events.append(
            EventMessage(
                session=self._session, seq=self.next, utc_ms=utc_ms, line=msgspec.Raw(line)
            )
        )

    def unsent(self, most: int) -> list[EventMessage]:
        """Return the oldest events that are not confirmed."""
        if not self.waiting:
            return []
        first = self._events[0].seq
        begin = self._confirmed + 1 - first
        return [self._events[k] for k in range(begin, min(begin + most, len(self._events)))]

    def confirm(self, seq: int) -> None:
        """Remember that the broker has all events up to this one."""
        self._confirmed = max(self._confirmed, seq)

    def again(self, first: int, last: int) -> ResendMessage | None:
        """Return events once more, as many as go at once; None before the first."""
        if not self._events:
            return None
        oldest = self._events[0].seq
        begin, end = max(first, oldest), min(last, self.last, max(first, oldest) + AT_ONCE - 1)
        found = tuple(self._events[k - oldest] for k in range(begin, end + 1))
        return ResendMessage(session=self._session, oldest=oldest, events=found)
