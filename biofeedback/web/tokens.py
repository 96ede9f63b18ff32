"""Who may come in: invitations that work once, and the grants that they turn into.

Secrets are random, 256 bits each, and only their SHA-256 is kept, in memory: nothing on disk lets
anybody in, and a restart of the server ends every grant.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

__all__ = ["Grant", "Invitation", "Role", "Tokens"]

Role = Literal["listener", "therapist", "observer"]

LINK_S = 15 * 60.0  #: how long a link waits to be used, unless its maker says otherwise
STAY_S = 12 * 3600.0  #: how long whoever used it may stay
_MOST = 500  #: invitations that are remembered; beyond it those that are over go first


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody may do: a role, for one seat or (None) for all of them."""

    id: str  #: public; the invitation's as well
    role: Role
    name: str
    seat: str | None
    until_s: float

    @property
    def who(self) -> str:
        """The name under which the session log keeps what they do."""
        return f"web:{self.role}:{self.name}"

    def sees(self, seat: str) -> bool:
        """Return whether a seat is theirs to look at."""
        return self.seat is None or self.seat == seat


@dataclass(slots=True)
class Invitation:
    """A link that works once; `id` is public and names it, the secret is nowhere in it."""

    id: str
    role: Role
    name: str
    seat: str | None
    until_s: float
    stay_s: float
    by: str  #: the `id` of the grant that made it, or "" for whoever started the server
    used: bool = False
    revoked: bool = False


class Tokens:
    """Makes, exchanges and revokes; `clock` gives seconds that only go up."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._invitations: dict[str, Invitation] = {}  # by the digest of the link's secret
        self._grants: dict[str, Grant] = {}  # by the digest of the cookie

    def invite(
        self,
        role: Role,
        name: str,
        seat: str | None = None,
        *,
        by: str = "",
        link_s: float = LINK_S,
        stay_s: float = STAY_S,
    ) -> tuple[Invitation, str]:
        """Return a new invitation and its secret, which is told this once."""
        secret = secrets.token_urlsafe(32)
        now_s = self._clock()
        invitation = Invitation(
            secrets.token_hex(6), role, name, seat, now_s + link_s, stay_s, by
        )  # fmt: skip
        if len(self._invitations) >= _MOST:
            self._forget_what_is_over(now_s)
        if len(self._invitations) >= _MOST:
            raise ValueError("too many invitations are open")
        self._invitations[_digest(secret)] = invitation
        return invitation, secret

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
            invitation.seat,
            self._clock() + invitation.stay_s,
        )
        cookie = secrets.token_urlsafe(32)
        self._grants[_digest(cookie)] = grant
        return grant, cookie

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

    def revoke(self, grant_id: str) -> None:
        """End an invitation, the grant that came of it, and all that they invited in turn."""
        for invitation in self._invitations.values():
            if invitation.id == grant_id:
                invitation.revoked = True
            elif invitation.by == grant_id and not invitation.revoked:
                self.revoke(invitation.id)
        self._grants = {key: g for key, g in self._grants.items() if g.id != grant_id}

    def revoke_seat(self, seat: str) -> None:
        """End every invitation and grant for one seat alone."""
        for invitation in list(self._invitations.values()):
            if invitation.seat == seat:
                self.revoke(invitation.id)

    def invitations(self, by: Grant) -> list[Invitation]:
        """Return the invitations that somebody may see and revoke: their own, newest first.

        A therapist of the whole room sees all of them.
        """
        everything = by.role == "therapist" and by.seat is None
        known = [i for i in self._invitations.values() if everything or i.by == by.id]
        return [i for i in reversed(known) if i.id != by.id]

    def stage(self, invitation: Invitation) -> Literal["open", "in", "over"]:
        """Return whether an invitation waits, has let somebody in, or is over."""
        if any(g.id == invitation.id and self.holds(g) for g in self._grants.values()):
            return "in"
        waits = not (invitation.used or invitation.revoked) and self._clock() < invitation.until_s
        return "open" if waits else "over"

    def _open(self, secret: str) -> Invitation | None:
        invitation = self._invitations.get(_digest(secret))
        return invitation if invitation and self.stage(invitation) == "open" else None

    def _forget_what_is_over(self, now_s: float) -> None:
        self._grants = {key: g for key, g in self._grants.items() if now_s < g.until_s}
        self._invitations = {
            key: i for key, i in self._invitations.items() if self.stage(i) != "over"
        }


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
