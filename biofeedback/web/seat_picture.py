"""A seat as pages see it."""

from __future__ import annotations

from typing import Literal

import msgspec

from biofeedback.views.picture import Picture

__all__ = ["SeatPicture", "Stage"]

Stage = Literal["idle", "starting", "playing", "writing"]


class SeatPicture(msgspec.Struct, frozen=True):
    """A seat as pages see it.

    `session` names the last one that was recorded here, `reported` says whether it has a report.
    """

    id: str
    name: str
    stage: Stage
    simulated: bool
    session: str
    reported: bool
    problem: str
    hint: str
    utc_ms: float  #: when this was sent, by the wall clock
    picture: Picture
