"""What pages send as JSON, and what they are offered."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from biofeedback.personal import consent
from biofeedback.web.session_choice import SessionChoice

__all__ = [
    "LONGEST_ID",
    "ChoiceItem",
    "InvitationRequest",
    "PageCommand",
    "SafetyAnswers",
    "StartRequest",
]

_Text = Annotated[str, Meta(max_length=500)]
LONGEST_ID = 40
_Id = Annotated[str, Meta(max_length=LONGEST_ID)]
_Name = Annotated[str, Meta(max_length=40, pattern=r"^[\w .-]{1,40}$")]


class ChoiceItem(msgspec.Struct, frozen=True):
    """Something that can be chosen: its URI, and its name as a person knows it."""

    uri: str
    name: str
    strength: str = ""


class StartRequest(SessionChoice, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A choice, and the last STOP that whoever starts knows of."""

    since: _Id | None = None


class PageCommand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command to a running session. One that is sent again has the same `id`, and acts once.

    `age_s` is how long ago it was made, `run` the session that it was made for.
    """

    what: Annotated[str, Meta(max_length=20)]
    value: _Text = ""
    id: _Id = ""
    age_s: Annotated[float, Meta(ge=0.0)] = 0.0
    run: _Id = ""


class SafetyAnswers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The answers to the questions before the first session; whether of age is never assumed."""

    yes: tuple[consent.Answer, ...] = ()
    advised: bool = False
    minor: bool
    guardian: consent.Guardian | None = None
    assent: bool = False


class InvitationRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to invite: for a listener a station of their own is made."""

    role: Literal["listener", "therapist", "observer"]
    name: _Name
    link_minutes: Annotated[int, Meta(ge=1, le=7 * 24 * 60)] = 60
    stay_hours: Annotated[int, Meta(ge=1, le=7 * 24)] = 12
