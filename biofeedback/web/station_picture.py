"""A station as pages see it."""

from __future__ import annotations

from typing import Literal

import msgspec

from biofeedback.views.picture import Picture

__all__ = ["Stage", "StationPicture"]

#: "ending" is silent already: what was open is being closed.
Stage = Literal["idle", "starting", "playing", "ending", "writing"]


class StationPicture(msgspec.Struct, frozen=True):
    """A station as pages see it.

    `session` names the last one that was recorded here, `reported` says whether it has a report.
    `run` is the session that runs or ran last, `stops` changes with each STOP: a wish for one run
    does not reach another, and a Start from before a STOP starts nothing.
    `age_s` is how long ago `picture` was made, by our own clock: one that nothing has been heard of
    since is not new because it is sent again.
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
    run: str = ""
    stops: str = ""
    stopping: bool = False  #: a STOP was asked for that is not known to be carried out
    age_s: float = 0.0
    may_play: bool = False  #: nothing says that it is silent: a STOP is for this one too
