"""One wearer as a desk knows them: there or not, the latest picture, and every event in order."""

from __future__ import annotations

from biofeedback.mqtt.inbox import EventInbox
from biofeedback.mqtt.messages import (
    EventMessage,
    PictureMessage,
    ResendMessage,
    ResendRequest,
    StatusMessage,
)
from biofeedback.views.picture import Picture

__all__ = ["RemoteWearer"]


class RemoteWearer:
    """Takes in messages at times `now_s` of the desk's clock.

    A session that begins anew replaces the last one, and its count of events begins at 1.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.session = ""
        self.state = "unknown"  #: or online, lost, ended
        self.simulated = False
        self.picture = Picture()
        self.inbox = EventInbox()
        self._heard = False  # themselves, not only what the broker kept
        self._edge_ms = 0.0
        self.seen_s: float | None = None  #: when the picture came, by the desk's clock
        self._edge_s = 0.0
        self._asked_s = -1e9

    @property
    def here(self) -> bool:
        """Whether orders can reach this wearer, as far as is known.

        A broker that was killed may keep saying that somebody is there who has yet to come back.
        """
        return self.state == "online" and self._heard

    @property
    def missing(self) -> int:
        """How many events have not come, and will not."""
        return self.inbox.gone + (0 if self.here else self.inbox.missing)

    def edge_ms(self, now_s: float) -> float:
        """Return the wearer's wall clock as the desk knows it."""
        return self._edge_ms + 1000.0 * (now_s - self._edge_s)

    def unheard(self) -> None:
        """Our own link broke: whether the wearer is there now is not known."""
        self._heard = False

    def status(self, status: StatusMessage, now_s: float, *, retained: bool = False) -> None:
        """Learn whether the wearer is there; what the broker kept tells less than a live word."""
        if status.state == "lost" and status.session != self.session and self.session:
            return  # the will of an earlier session came late
        self._meet(status.session)
        if status.state == "online" and retained and not self.here:
            self.state = "online" if self.state == "online" else "unknown"
        else:
            self.state, self._heard = status.state, True
        self.simulated = status.simulated
        self.inbox.reaches(status.last)
        if status.utc_ms and status.state == "online":
            self._edge_ms, self._edge_s = status.utc_ms, now_s

    def show(self, shown: PictureMessage, now_s: float) -> None:
        """Take in the latest picture."""
        self._meet(shown.session)
        self.state, self.simulated, self._heard = "online", shown.simulated, True
        self.picture = shown.picture
        self._edge_ms, self._edge_s, self.seen_s = shown.utc_ms, now_s, now_s
        self.inbox.reaches(shown.last)

    def event(self, event: EventMessage) -> list[EventMessage]:
        """Take in an event; return those whose turn it is."""
        self._meet(event.session)
        return self.inbox.take([event])

    def again(self, again: ResendMessage) -> list[EventMessage]:
        """Take in events that were asked for; return those whose turn it is."""
        if again.session != self.session:
            return []
        return self.inbox.give_up(again.oldest) + self.inbox.take(again.events)

    def ask(self, now_s: float, every_s: float) -> ResendRequest | None:
        """Return what to ask for, now and then, while events are missing."""
        hole = self.inbox.hole
        if hole is None or not self.here or now_s - self._asked_s < every_s:
            return None
        self._asked_s = now_s
        return ResendRequest(session=self.session, first=hole[0], last=hole[1])

    def _meet(self, session: str) -> None:
        if session != self.session:
            self.session, self.inbox = session, EventInbox()
            self.picture, self.seen_s = Picture(), None
            self._asked_s = -1e9
