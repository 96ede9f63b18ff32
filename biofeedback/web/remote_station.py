"""A wearer at another computer as a place on the desk: seen and steered, not started."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from biofeedback.common.clock import utc_now
from biofeedback.common.errors import ConfigError
from biofeedback.views import permissions
from biofeedback.views.picture import Picture
from biofeedback.web.station_picture import StationPicture
from biofeedback.web.tokens import Grant

__all__ = ["Remote", "RemoteStation"]

_log = logging.getLogger("biofeedback.web")

_AGAIN_S = 0.25  #: between attempts to have a STOP carried out
_ANSWER_S = 0.5  #: how long a page that asks for it waits
_KEPT = 64  #: STOPs whose pages may ask again
_MISSING = "of this session did not arrive here; the wearer's own log has them."


class Remote(Protocol):
    """What is known of a wearer at another computer."""

    name: str
    state: str  #: online, lost, ended or unknown
    simulated: bool
    picture: Picture
    session: str  #: that they told of last
    seen_s: float | None  #: when that came

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


class RemoteStation:
    """Shows what the wearer's computer tells; the music there never depends on this."""

    def __init__(self, wearer: Remote, desk: Steer, clock: Callable[[], float]) -> None:
        self._clock = clock  # by which the wearer was seen
        self.id = f"remote-{wearer.name}"
        self._wearer = wearer
        self._desk = desk
        self._stops: dict[str, bool] = {}  # by id, whether it was carried out
        self._stopping: asyncio.Task[None] | None = None
        self.trouble = ""  #: why nothing is heard of anybody, "" while all is well

    def picture(self) -> StationPicture:
        """Return how it looks now."""
        wearer = self._wearer
        return StationPicture(
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
            run=wearer.session,
            stopping=self._stopping is not None,
            may_play=wearer.state != "ended",
            age_s=0.0 if wearer.seen_s is None else round(self._clock() - wearer.seen_s, 2),
        )

    async def command(self, grant: Grant, what: str, value: str, age_s: float = 0.0) -> None:
        """Pass a person's wish on; raise `ConfigError` when it was not carried out."""
        name, value = permissions.checked(grant.role, what, value)
        if age_s > permissions.LATE_S and not permissions.may_act_late(name, value, 0.0):
            raise ConfigError(
                f"this came {age_s:.0f} s late, and was not carried out", hint="Ask again."
            )
        await self._desk.order(self._wearer.name, grant.name, name, value)

    async def silence(self, grant: Grant, order: str = "") -> bool:
        """Stop at once; return whether the wearer's computer has said that it did.

        Until it does it is told again and again, whatever becomes of the page that asked.
        """
        if grant.role != "therapist":
            raise ConfigError("this is for a therapist")
        if not self._stops.get(order, False):
            self._stops[order] = False
            if self._stopping is None:
                self._stopping = asyncio.create_task(self._stop(grant.name))
            await asyncio.wait({self._stopping}, timeout=_ANSWER_S)
        return self._stops.pop(order, True) if not order else self._stops.get(order, True)

    def give_up(self) -> None:
        """Tell them no longer to stop."""
        if self._stopping is not None:
            self._stopping.cancel()

    async def _stop(self, who: str) -> None:
        """Tell the wearer until they have stopped, or the session that plays now is over."""
        wearer, session = self._wearer, ""
        try:
            while wearer.state != "ended" and session in ("", wearer.session):
                session = wearer.session  # "" until they have told of one
                try:
                    await self._desk.order(wearer.name, who, "silence")
                    return
                except Exception as error:  # whatever it is: a STOP is not given up
                    if not isinstance(error, ConfigError):
                        _log.warning("a STOP for %s failed: %r", wearer.name, error)
                    await asyncio.sleep(_AGAIN_S)
        finally:
            self._stopping = None
            self._stops = dict.fromkeys(list(self._stops)[-_KEPT:], True)

    def _problem(self) -> str:
        wearer = self._wearer
        if self.trouble:
            return (
                f"{self.trouble}; their music may go on. What is shown is the last that was heard."
            )
        if wearer.state == "lost":
            return "The link to this wearer is lost; their music may go on."
        if wearer.state == "online" and not wearer.here:
            return "There is no word from this wearer yet; their music may go on."
        if wearer.missing:
            return f"{wearer.missing} decisions or markers {_MISSING}"
        return ""
