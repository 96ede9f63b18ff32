"""Breathe: music that rises and falls at a pace to breathe with, and slows.

It begins at the listener's own rate, where anybody can join in, and slows from there; a first pace
of 75 % of it did best of the designs that Leslie et al. (2019) compared, and can be set. About 6
breaths a minute is the usual goal of slow breathing. About half of all listeners let music time
their breath (Haas et al. 1986): for whom it does not take along, it waits.

Breathing deeper and faster than the body asks for lowers carbon dioxide and makes dizzy; so no
pace is ever faster than the listener breathes without one.
"""

from __future__ import annotations

from statistics import median
from typing import Annotated

import msgspec

from biofeedback.control.base import ControlInput, ControlTarget
from biofeedback.control.limits import Slew

__all__ = ["Breathe", "BreatheSettings", "RestingBreathRate", "breaths_of"]


#: All that follows is of our own choosing.
_ENOUGH_S = 15.0
_SLOWEST, _FASTEST = 5.0, 30.0


class RestingBreathRate:
    """Learns the listener's own breathing rate, and keeps the first that it is sure of."""

    def __init__(self) -> None:
        self._seen: list[float] = []
        self._seen_s = 0.0
        self.per_minute: float | None = None  #: None while it is unknown

    def feed(self, moment: ControlInput) -> None:
        """Take in a moment."""
        if self.per_minute is not None:
            return
        breaths = breaths_of(moment)
        if breaths is None or not _SLOWEST <= breaths <= _FASTEST:
            return
        self._seen.append(breaths)
        self._seen_s += moment.dt_s
        if self._seen_s >= _ENOUGH_S:
            self.per_minute = median(self._seen)


def breaths_of(moment: ControlInput) -> float | None:
    """Return the breathing rate that is measured now, where it can be trusted."""
    if "breathing_rate" in moment.readings:
        return moment.trusted("breathing_rate")
    return moment.state.breaths_per_minute


Rate = Annotated[float, msgspec.Meta(ge=4.0, le=20.0)]
Seconds = Annotated[float, msgspec.Meta(ge=0.0, le=3600.0)]

#: All that follows is of our own choosing. A breath is with the music when its measured rate is
#: this close to the pace; the measurement averages over a minute while the pace moves.
_NEAR_PER_MINUTE, _NEAR_SHARE = 0.75, 0.06
_SURE_S = 30.0


class BreatheSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the pace starts and ends, and what it does with a breath that does not follow."""

    share_of_own: Annotated[float, msgspec.Meta(ge=0.5, le=1.0)] = 1.0  #: 0.5 to 1: first pace
    goal_per_minute: Rate = 6.0
    #: own rate while it stays unknown: a slow breather's, so that nobody is hurried
    assumed_per_minute: Rate = 8.0
    find_own_s: Seconds = 90.0  #: how long the own rate is looked for before it is assumed
    settle_s: Seconds = 60.0  #: at the first pace
    slowing_per_minute: Annotated[float, msgspec.Meta(gt=0.0, le=4.0)] = 0.75  #: breaths/min/min
    adapts: bool = True  #: False: slows on its way whether the breath follows or not
    level: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.25


class Breathe:
    """Finds the own rate, holds the first pace while it settles, then slows towards the goal.

    It slows on only while the breath goes with it, and waits while it does not: it never quickens.
    """

    follows_body = False

    def __init__(self, settings: BreatheSettings) -> None:
        self._settings = settings
        self._own = RestingBreathRate()
        self._waited_s = self._paced_s = self._with_s = self._without_s = 0.0
        self._pace: Slew | None = None
        self._goal = settings.goal_per_minute
        self.finished = False

    def aim(self, moment: ControlInput) -> ControlTarget:
        """Step the pace."""
        if self._pace is None and not self._begins(moment):
            why = "Listening for how you breathe by yourself; the music stays calm."
            return ControlTarget(self._settings.level, None, why, cause="breathing_rate")
        assert self._pace is not None
        follows = self._follows(moment)
        why, cause = self._step(self._pace, moment, follows)
        pace, own = self._pace.value, self._own.per_minute
        return ControlTarget(
            self._settings.level,
            None,
            why,
            swell=1.0,
            pace_per_minute=pace,
            most_per_minute=own or self._settings.assumed_per_minute,
            cause=cause,
            numbers={"pace_per_minute": pace, "breath_follows": float(follows)},
        )

    def _begins(self, moment: ControlInput) -> bool:
        """Set the first pace as soon as the own rate is known, or is not going to be."""
        settings = self._settings
        self._own.feed(moment)
        self._waited_s += moment.dt_s
        if self._own.per_minute is None and self._waited_s < settings.find_own_s:
            return False
        own = self._own.per_minute or settings.assumed_per_minute
        self._goal = min(settings.goal_per_minute, own)
        first = max(self._goal, settings.share_of_own * own)
        self._pace = Slew(first, settings.slowing_per_minute / 60.0)
        return True

    def _follows(self, moment: ControlInput) -> bool:
        """Whether the breath has gone with the pace for a while."""
        breaths = breaths_of(moment)
        assert self._pace is not None
        if breaths is not None:
            near = max(_NEAR_PER_MINUTE, _NEAR_SHARE * self._pace.value)
            is_with = abs(breaths - self._pace.value) <= near
            self._with_s = self._with_s + moment.dt_s if is_with else 0.0
            self._without_s = 0.0 if is_with else self._without_s + moment.dt_s
        return self._with_s >= _SURE_S

    def _step(self, pace: Slew, moment: ControlInput, follows: bool) -> tuple[str, str]:
        """Move the pace; return why, and what that follows from."""
        settings, dt_s, own = self._settings, moment.dt_s, self._own.per_minute
        self._paced_s += dt_s
        if self._paced_s <= settings.settle_s:
            known = "" if own is None else f", from your own {own:.1f}"
            return f"Breathe with the swell: {pace.value:.1f} a minute{known}.", "plan"
        if follows or not settings.adapts or own is None or self._without_s < _SURE_S:
            pace.toward(self._goal, dt_s)
        self.finished = pace.value <= self._goal and follows
        if pace.value > self._goal and self._without_s >= _SURE_S and settings.adapts:
            why = f"The swell waits at {pace.value:.1f} a minute for your breath to join it."
            return why, "breathing_rate"
        if pace.value > self._goal:
            why = f"The swell slows to {pace.value:.1f} breaths a minute, towards {self._goal:g}."
            return why, "plan"
        why = f"The swell stays at {pace.value:.1f} breaths a minute. Breathe gently, never strain."
        return why, "plan"
