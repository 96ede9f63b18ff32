"""Breathe: music that rises and falls at a pace to breathe with, and slows.

Starting at 75 % of the listener's own breathing rate did best of the designs that Leslie et al.
(2019) compared; about 6 breaths a minute is the usual goal of slow breathing. A breath is two
bars of four beats, so the tempo is eight times the breathing rate.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from biofeedback.control.base import Aim, Moment
from biofeedback.control.limits import Slew, clamp

__all__ = ["Breathe", "BreatheSettings"]

BEATS_PER_BREATH = 8.0
Rate = Annotated[float, msgspec.Meta(ge=4.0, le=20.0)]


class BreatheSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the pace starts and ends."""

    share_of_own: Annotated[float, msgspec.Meta(ge=0.5, le=1.0)] = 0.75
    goal_per_minute: Rate = 6.0
    assumed_per_minute: Rate = 14.0  #: own rate while it is unknown: adults at rest, 12 to 16
    settle_s: Annotated[float, msgspec.Meta(ge=0.0, le=3600.0)] = 60.0  #: at the first pace
    slowing_per_minute: Annotated[float, msgspec.Meta(gt=0.0, le=4.0)] = 0.5  #: breaths/min, a min
    level: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.25


class Breathe:
    """Holds the first pace while it settles, then slows towards the goal."""

    follows_body = False
    finished = False

    def __init__(self, settings: BreatheSettings) -> None:
        self._settings = settings
        self._elapsed_s = 0.0
        self._own_per_minute: float | None = None
        self._pace = Slew(self._first_pace(), settings.slowing_per_minute / 60.0)

    def aim(self, moment: Moment) -> Aim:
        """Step the pace; the listener's own rate is taken as first seen, while settling."""
        settings, state, dt_s = self._settings, moment.state, moment.dt_s
        self._elapsed_s += dt_s
        settling = self._elapsed_s <= settings.settle_s
        if self._own_per_minute is None and state.breaths_per_minute is not None and settling:
            self._own_per_minute = state.breaths_per_minute
            self._pace.value = self._first_pace()
        pace = self._pace.value if settling else self._pace.toward(settings.goal_per_minute, dt_s)
        own = self._own_per_minute
        known = f"rate (assumed {settings.assumed_per_minute:g})" if own is None else f"{own:.1f}"
        if settling:
            why = f"Breathe with the swell: {pace:.1f} a minute, from your own {known}."
        elif pace > settings.goal_per_minute:
            goal = settings.goal_per_minute
            why = f"The swell slows to {pace:.1f} breaths a minute, towards {goal:g}."
        else:
            why = f"The swell stays at {pace:.1f} breaths a minute. Breathe gently, never strain."
        return Aim(settings.level, None, why, tempo_bpm=BEATS_PER_BREATH * pace, swell=1.0)

    def _first_pace(self) -> float:
        own = self._own_per_minute or self._settings.assumed_per_minute
        return clamp(self._settings.share_of_own * own, self._settings.goal_per_minute, 20.0)
