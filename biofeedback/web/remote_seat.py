"""A wearer at another computer as a place on the desk: seen and steered, not started."""

from __future__ import annotations

from typing import Protocol

from biofeedback.errors import ConfigError
from biofeedback.timebase import utc_now
from biofeedback.views.picture import Picture
from biofeedback.web import wishes
from biofeedback.web.seat_picture import SeatPicture
from biofeedback.web.tokens import Grant

__all__ = ["Remote", "RemoteSeat"]

_MISSING = "of this session did not arrive here; the wearer's own log has them."


class Remote(Protocol):
    """What is known of a wearer at another computer."""

    name: str
    state: str  #: online, lost, ended or unknown
    simulated: bool
    picture: Picture

    @property
    def here(self) -> bool:
        """Whether orders can reach them, as far as is known."""
        ...

    @property
    def missing(self) -> int:
        """How many decisions and markers have not come, and will not."""
        ...


class Steer(Protocol):
    """Gives orders to a wearer at another computer, and waits for the answer."""

    async def order(self, wearer: str, who: str, what: str, value: str = "") -> None:
        """Have an order carried out; raise `ConfigError` that says why it was not."""
        ...


class RemoteSeat:
    """Shows what the wearer's computer tells; the music there never depends on this."""

    def __init__(self, wearer: Remote, desk: Steer) -> None:
        self.id = f"remote-{wearer.name}"
        self._wearer = wearer
        self._desk = desk
        self.trouble = ""  #: why nothing is heard of anybody, "" while all is well

    def picture(self) -> SeatPicture:
        """Return how it looks now."""
        wearer = self._wearer
        return SeatPicture(
            id=self.id,
            name=wearer.name,
            stage="playing" if wearer.state == "online" else "idle",
            simulated=wearer.simulated,
            session="",
            reported=False,
            problem=self._problem(),
            hint="",
            utc_ms=utc_now().timestamp() * 1000.0,
            picture=wearer.picture,
        )

    async def command(self, grant: Grant, what: str, value: str) -> None:
        """Pass a person's wish on; raise `ConfigError` when it was not carried out."""
        name, value = wishes.checked(grant.role, what, value)
        await self._desk.order(self._wearer.name, grant.name, name, value)

    async def silence(self, grant: Grant) -> None:
        """Stop at once: the second stop does not even wait for a cadence."""
        if grant.role != "therapist":
            raise ConfigError("this is for a therapist")
        await self._desk.order(self._wearer.name, grant.name, "stop")
        await self._desk.order(self._wearer.name, grant.name, "stop")

    def _problem(self) -> str:
        wearer = self._wearer
        if self.trouble:
            return f"{self.trouble}; their music goes on. What is shown is the last that was heard."
        if wearer.state == "lost":
            return "The link to this wearer is lost; their music goes on."
        if wearer.state == "online" and not wearer.here:
            return "There is no word from this wearer yet; their music goes on."
        if wearer.missing:
            return f"{wearer.missing} decisions or markers {_MISSING}"
        return ""
