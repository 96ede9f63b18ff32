"""Resonance: finds the pace of breathing at which this heart swings most, and stays there.

Lehrer's protocol steps through slow rates, two minutes each, and takes the one with the largest
swing of the heart (Lehrer et al. 2000, 2013). The swing is taken from what is measured anyway: the
standard deviation of the intervals times the share of it that is one slow wave.
"""

from __future__ import annotations

import math
from statistics import median
from typing import Annotated

import msgspec
from msgspec import Meta

from biofeedback.control.base import ControlInput, ControlTarget
from biofeedback.control.breathe import RestingBreathRate

__all__ = ["FOUND", "Resonance", "ResonanceSettings"]

Rate = Annotated[float, Meta(ge=4.0, le=10.0)]

#: Under this name the rate is remembered.
FOUND = "resonance_per_minute"
_FEWEST_STEPS = 3
_LISTEN_S = 45.0  #: at the end of a step, when the windows of the metrics lie within it


class ResonanceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which rates are tried, and for how long each."""

    fastest_per_minute: Rate = 7.0
    slowest_per_minute: Rate = 4.5
    step_per_minute: Annotated[float, Meta(ge=0.25, le=2.0)] = 0.5
    step_s: Annotated[float, Meta(ge=90.0, le=600.0)] = 120.0
    known_per_minute: Annotated[float, Meta(ge=0.0, le=10.0)] = 0.0  #: 0: it has to be found
    otherwise_per_minute: Rate = 6.0  #: when nothing clear was found
    level: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.25

    def __post_init__(self) -> None:
        if self.slowest_per_minute >= self.fastest_per_minute:
            raise ValueError("slowest_per_minute is not below fastest_per_minute")


class Resonance:
    """Steps down through the rates, then stays at the best; a rate once known is gone to at once.

    No rate faster than the listener's own is ever tried.
    """

    follows_body = False

    def __init__(self, settings: ResonanceSettings) -> None:
        self._settings = settings
        self._own = RestingBreathRate()
        self._rates = _rates(settings)
        self._step = 0
        self._step_s = 0.0
        self._heard: list[float] = []
        self._swings: dict[float, float] = {}  #: ms, by rate
        self._found: float | None = settings.known_per_minute or None
        self._clear = True
        self.finished = self._found is not None

    def aim(self, moment: ControlInput) -> ControlTarget:
        """Step through the search, or stay at what was found."""
        self._own.feed(moment)
        if self._found is None and FOUND in moment.found:
            self._found = moment.found[FOUND]
        if self._found is None:
            self._search(moment)
        self.finished = self._found is not None
        rate = self._rates[self._step] if self._found is None else self._found
        bound = self._own.per_minute
        pace = rate if bound is None else min(rate, bound)
        return ControlTarget(
            self._settings.level,
            None,
            self._why(pace),
            swell=1.0,
            pace_per_minute=pace,
            most_per_minute=bound,
            cause="search" if self._found is None else "resonance",
            numbers={"pace_per_minute": pace},
            found={FOUND: self._found} if self._found is not None and self._clear else {},
        )

    def _search(self, moment: ControlInput) -> None:
        settings = self._settings
        self._step_s += moment.dt_s
        if self._step_s > settings.step_s - _LISTEN_S:
            swing = _swing(moment)
            if swing is not None:
                self._heard.append(swing)
        if self._step_s < settings.step_s:
            return
        if self._heard:
            self._swings[self._rates[self._step]] = median(self._heard)
        self._heard, self._step_s = [], 0.0
        self._step += 1
        if self._step == len(self._rates):
            self._conclude()

    def _conclude(self) -> None:
        self._step -= 1
        self._clear = len(self._swings) >= _FEWEST_STEPS
        best = _peak(self._swings, self._settings.step_per_minute) if self._clear else None
        self._found = self._settings.otherwise_per_minute if best is None else best

    def _why(self, pace: float) -> str:
        if self._found is None:
            place = f"{self._step + 1} of {len(self._rates)}"
            return f"Looking for your own rate: breathe gently at {pace:.1f} a minute ({place})."
        if not self._clear:
            return f"No rate stood out, so the swell stays at {pace:.1f} breaths a minute."
        return f"Your heart swings most at {pace:.1f} breaths a minute, so the swell stays there."


def _rates(settings: ResonanceSettings) -> list[float]:
    span = settings.fastest_per_minute - settings.slowest_per_minute
    steps = math.floor(span / settings.step_per_minute + 1e-9)
    return [settings.fastest_per_minute - k * settings.step_per_minute for k in range(steps + 1)]


def _swing(moment: ControlInput) -> float | None:
    """Return the amplitude in ms of the slow wave in the intervals; None without trust."""
    sdnn, coherence = moment.trusted("sdnn"), moment.trusted("coherence")
    if sdnn is None or coherence is None:
        return None
    return math.sqrt(2.0 * coherence / (1.0 + coherence)) * sdnn


def _peak(swings: dict[float, float], step: float) -> float:
    """Return the rate of the largest swing, refined by the parabola through its neighbours."""
    best = max(swings, key=lambda rate: swings[rate])
    below, above = swings.get(best - step), swings.get(best + step)
    if below is None or above is None:
        return best
    curve = below - 2.0 * swings[best] + above
    return best + 0.5 * step * (below - above) / curve if curve < 0.0 else best
