"""Who may come in: invitations whose links work once, and the grants that they turn into.

Secrets are random, 256 bits each, and only their SHA-256 is kept, in memory: nothing on disk lets
anybody in, and a restart of the server ends every grant.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from biofeedback.views.permissions import Role

__all__ = ["LINK_S", "Grant", "Handed", "Invitation", "Tokens"]


LINK_S = 15 * 60.0  #: how long a link waits to be used, unless its maker says otherwise
STAY_S = 12 * 3600.0  #: how long whoever used it may stay
_MOST = 500  #: invitations that are remembered; beyond it those that are over go first


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody may do: a role, for one station or (None) for all of them."""

    id: str  #: public; the invitation's as well
    role: Role
    name: str
    station: str | None
    until_s: float

    @property
    def who(self) -> str:
        """The name under which the session log keeps what they do."""
        return f"web:{self.role}:{self.name}"

    def sees(self, station: str) -> bool:
        """Return whether a station is theirs to look at."""
        return self.station is None or self.station == station


@dataclass(slots=True)
class Invitation:
    """A link that works once; `id` is public and names it, the secret is nowhere in it."""

    id: str
    role: Role
    name: str
    station: str | None
    until_s: float
    stay_s: float
    by: str  #: the `id` of the grant that made it, or "" for whoever started the server
    used: bool = False
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Handed:
    """A link that was made elsewhere, by whoever owns this computer's data; see links.py."""

    digest: str
    role: Role
    name: str
    station: str | None
    left_s: float


def _nothing() -> list[Handed]:
    return []


class Tokens:
    """Makes, exchanges and revokes; `clock` gives seconds that only go up.

    `handed` returns links that were made elsewhere, each once.
    """

    def __init__(
        self, clock: Callable[[], float], handed: Callable[[], list[Handed]] = _nothing
    ) -> None:
        self._clock = clock
        self._handed = handed
        self._invitations: dict[str, Invitation] = {}  # by the digest of the link's secret
        self._grants: dict[str, Grant] = {}  # by the digest of the cookie

    def invite(
        self,
        role: Role,
        name: str,
        station: str | None = None,
        *,
        by: str = "",
        link_s: float = LINK_S,
        stay_s: float = STAY_S,
    ) -> tuple[Invitation, str]:
        """Return a new invitation and its secret, which is told this once."""
        self.take_in()  # what was made before is older
        secret = secrets.token_urlsafe(32)
        now_s = self._clock()
        invitation = Invitation(
            secrets.token_hex(6), role, name, station, now_s + link_s, stay_s, by
        )  # fmt: skip
        self._keep(_digest(secret), invitation)
        return invitation, secret

    def again(self, invitation_id: str, *, link_s: float = LINK_S) -> str | None:
        """Return the secret of a new link for somebody who was invited, or None if there is none.

        The link before lets nobody in any more; who came by it stays.
        """
        self.take_in()
        secret = secrets.token_urlsafe(32)
        for digest, invitation in self._invitations.items():
            if invitation.id == invitation_id and not invitation.revoked:
                self._rekey(digest, _digest(secret), link_s)
                return secret
        return None

    def is_open(self, secret: str) -> bool:
        """Return whether a link would let somebody in now."""
        return self._open(secret) is not None

    def enter(self, secret: str) -> tuple[Grant, str] | None:
        """Exchange a link's secret for a grant and its cookie; None unless it is open."""
        invitation = self._open(secret)
        if invitation is None:
            return None
        invitation.used = True
        grant = Grant(
            invitation.id,
            invitation.role,
            invitation.name,
            invitation.station,
            self._clock() + invitation.stay_s,
        )
        cookie = secrets.token_urlsafe(32)
        self._grants[_digest(cookie)] = grant
        return grant, cookie

    def left_s(self, grant: Grant) -> float:
        """Return how long a grant is still good."""
        return max(0.0, grant.until_s - self._clock())

    def who(self, cookie: str) -> Grant | None:
        """Return whom a cookie belongs to; None when it is unknown, expired or revoked."""
        digest = _digest(cookie)
        grant = self._grants.get(digest)
        if grant is not None and self._clock() >= grant.until_s:
            del self._grants[digest]
            return None
        return grant

    def holds(self, grant: Grant) -> bool:
        """Return whether a grant is still good."""
        return grant in self._grants.values() and self._clock() < grant.until_s

    def leave(self, cookie: str) -> None:
        """End what one cookie opens; who came by another link to the same place stays."""
        self._grants.pop(_digest(cookie), None)

    def revoke(self, grant_id: str) -> None:
        """End an invitation, the grant that came of it, and all that they invited in turn."""
        for invitation in self._invitations.values():
            if invitation.id == grant_id:
                invitation.revoked = True
            elif invitation.by == grant_id and not invitation.revoked:
                self.revoke(invitation.id)
        self._grants = {key: g for key, g in self._grants.items() if g.id != grant_id}

    def revoke_station(self, station: str) -> None:
        """End every invitation and grant for one station alone."""
        for invitation in list(self._invitations.values()):
            if invitation.station == station:
                self.revoke(invitation.id)

    def invitations(self, by: Grant) -> list[Invitation]:
        """Return the invitations that somebody may see and revoke: their own, newest first.

        A therapist of the whole room sees all of them.
        """
        everything = by.role == "therapist" and by.station is None
        known = [i for i in self._invitations.values() if everything or i.by == by.id]
        return [i for i in reversed(known) if i.id != by.id]

    def stage(self, invitation: Invitation) -> Literal["open", "in", "over"]:
        """Return whether an invitation waits, has let somebody in, or is over."""
        if any(g.id == invitation.id and self.holds(g) for g in self._grants.values()):
            return "in"
        return "open" if self._waits(invitation) else "over"

    def take_in(self) -> None:
        """Look for links that were made elsewhere."""
        for handed in self._handed():
            self._take_in(handed)

    def _open(self, secret: str) -> Invitation | None:
        self.take_in()
        invitation = self._invitations.get(_digest(secret))
        return invitation if invitation and self._waits(invitation) else None

    def _waits(self, invitation: Invitation) -> bool:
        over = invitation.used or invitation.revoked
        return not over and self._clock() < invitation.until_s

    def _take_in(self, handed: Handed) -> None:
        """Let a link in that was made elsewhere; for a place that was given it is another link."""
        place = (handed.role, handed.name, handed.station)
        for digest, i in self._invitations.items():
            if (i.role, i.name, i.station) == place and not i.revoked:
                self._rekey(digest, handed.digest, handed.left_s)
                return
        until_s = self._clock() + handed.left_s
        new = Invitation(secrets.token_hex(6), *place, until_s, STAY_S, "")
        self._keep(handed.digest, new)

    def _rekey(self, before: str, digest: str, link_s: float) -> None:
        """Let an invitation wait again, for another secret; who came by it stays."""
        invitation = self._invitations.pop(before)
        invitation.used, invitation.until_s = False, self._clock() + link_s
        self._keep(digest, invitation)

    def _keep(self, digest: str, invitation: Invitation) -> None:
        if len(self._invitations) >= _MOST:
            self._forget_what_is_over(self._clock())
        if len(self._invitations) >= _MOST:
            raise ValueError("too many invitations are open")
        self._invitations[digest] = invitation

    def _forget_what_is_over(self, now_s: float) -> None:
        self._grants = {key: g for key, g in self._grants.items() if now_s < g.until_s}
        self._invitations = {
            key: i for key, i in self._invitations.items() if self.stage(i) != "over"
        }


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
