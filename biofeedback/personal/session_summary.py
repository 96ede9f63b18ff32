"""What a session did to a person, in the few numbers that the learner needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from biofeedback.personal.options import Goal, MusicOption

__all__ = ["Hour", "SessionSummary", "body_reward", "hour_of", "lasting_reward", "said_reward"]

Hour = Literal["morning", "day", "evening"]

#: What a reward is made of; arousal counts as it is, 0.2 is about one standard deviation of a
#: person's rest. All are ours.
_BREATH, _RATING = 0.02, 0.1


class SessionSummary(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One session. Falls are of the last two minutes against the first that could be followed.

    `fall` is of arousal (0 to 1), `breath_fall` in breaths a minute; `lasting` is the fall of
    arousal against the mean from the third minute on, which is steadier; `rated` is what the person
    said, -1 (worse) to 1 (better); None is for what was not measured. `quality` is 0 to 1.
    """

    session: str
    started_utc: str
    hour: Hour
    option: MusicOption
    start: float
    fall: float
    lasting: float | None = None
    breath_fall: float | None = None
    rated: float | None = None
    quality: float = 1.0
    simulated: bool = False
    chosen: bool = False  #: by the learner, not by a person


def hour_of(hour: int) -> Hour:
    """Return the part of the day of an hour, 0 to 23."""
    if 4 <= hour < 11:
        return "morning"
    return "day" if hour < 18 and hour >= 11 else "evening"


def body_reward(past: SessionSummary, goals: Sequence[Goal] = ("calm",)) -> float:
    """Return what a session was worth by the body alone: arousal and breathing.

    Who has breathing as a goal gets twice the weight on it.
    """
    breath = _BREATH * (2.0 if "breathing" in goals else 1.0)
    return past.fall + breath * (past.breath_fall or 0.0)


def lasting_reward(past: SessionSummary, goals: Sequence[Goal] = ("calm",)) -> float:
    """Return what a preference is judged by: arousal from the third minute on, and no rating.

    More of the session is in it than in the last two minutes, so that it varies less from one
    session to the next. Breathing enters for those alone who have it as a goal.
    """
    lasting = past.fall if past.lasting is None else past.lasting
    return lasting + (2.0 * _BREATH * (past.breath_fall or 0.0) if "breathing" in goals else 0.0)


def said_reward(past: SessionSummary) -> float:
    """Return what a session was worth by what the person said; 0 when they said nothing."""
    return _RATING * (past.rated or 0.0)
