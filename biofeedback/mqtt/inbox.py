"""Events as they reach a desk: in order, each once, and what is missing is known."""

from __future__ import annotations

from collections.abc import Iterable

from biofeedback.mqtt.messages import EventMessage

__all__ = ["EventInbox"]

#: Events that wait for those before them; beyond it the hole is given up.
HELD = 20_000


class EventInbox:
    """The events of one session of one wearer.

    `gone` counts the events that will not come: the wearer keeps them no longer. `twice` counts
    those that came more than once.
    """

    def __init__(self) -> None:
        self._next = 1
        self._held: dict[int, EventMessage] = {}
        self._last = 0  # that there is, as far as is known
        self.received = 0
        self.gone = 0
        self.twice = 0

    @property
    def missing(self) -> int:
        """How many events before the last known one have not come, and may still."""
        return self._last - self._next + 1 - len(self._held)

    @property
    def hole(self) -> tuple[int, int] | None:
        """The first and last number of the first hole; None without one."""
        if not self.missing:
            return None
        return self._next, min(self._held, default=self._last + 1) - 1

    def reaches(self, last: int) -> None:
        """Learn that there are events up to this one."""
        self._last = max(self._last, last)

    def take(self, events: Iterable[EventMessage]) -> list[EventMessage]:
        """Take in events in any order; return those whose turn it is now, in order."""
        for event in events:
            if event.seq < self._next or event.seq in self._held:
                self.twice += 1
                continue
            self._held[event.seq] = event
            self.reaches(event.seq)
        if len(self._held) > HELD:
            return self.give_up(min(self._held))
        return self._due()

    def give_up(self, oldest: int) -> list[EventMessage]:
        """Go on without what came before `oldest`; return what this sets free."""
        freed: list[EventMessage] = []
        while self._next < oldest:
            if event := self._held.pop(self._next, None):
                freed.append(event)
                self.received += 1
            else:
                self.gone += 1
            self._next += 1
        self.reaches(self._next - 1)
        return freed + self._due()

    def _due(self) -> list[EventMessage]:
        due: list[EventMessage] = []
        while event := self._held.pop(self._next, None):
            due.append(event)
            self._next += 1
        self.received += len(due)
        return due
