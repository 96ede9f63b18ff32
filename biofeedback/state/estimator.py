"""Fuses heart and skin into one arousal value that says how sure it is.

The index is a weighted mean of deviations from rest, zHR - z_lnRMSSD/4 + z_lnSCL/4 + z_lnSCR/4.
It follows a random walk that a scalar Kalman filter tracks. Arousal is its logistic image: rest
is 0.3, one pooled standard deviation above rest is 0.5, two are 0.7, one below is 0.155.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from biofeedback.common.portable_math import exp, log
from biofeedback.metrics.base import Reading
from biofeedback.state import baseline as rest
from biofeedback.state.baseline import POPULATION, Baseline, BaselineLearner, LateBaseline, features

__all__ = ["Estimator", "EstimatorSettings", "State", "SubjectState"]


#: The signs are those of the literature. The sizes of heart rate, SCL and SCR are what a search
#: that leaves each person out chose in 16 of 17 cases (benchmarks/arousal_auc.py, Stress-Predict).
#: It chose none of ln RMSSD, on wrists, where a pulse wave gives the beats; there its quality is
#: low. From a strap, where nothing could be tried, it has the size of the others.
_WEIGHTS = {"heart_rate": 1.0, "ln_rmssd": -0.25, "scl": 0.25, "scr_rate": 0.25}
_WEIGHT_SUM = math.fsum(abs(weight) for weight in _WEIGHTS.values())
#: All that follows is of our own choosing. The personal variance makes nine of ten intervals
#: contain what is measured in the next half minute, on the same recordings.
_LARGEST_Z = 3.0
_REST_LOGIT = log(0.3 / 0.7)
_LOGIT_PER_SD = -_REST_LOGIT
_UNKNOWN_TRUST, _LATE_TRUST = 0.25, 0.5
_ENOUGH_KNOWN = 0.5
#: When even the best reading has less quality than this, confidence falls in proportion, however
#: long they have agreed: a sensor without skin contact agrees with itself.
_FULL_QUALITY = 0.5
_NOTHING_VARIANCE = 2.25
_POPULATION_VARIANCE, _PERSONAL_VARIANCE, _WEAK_VARIANCE = 1.0, 0.06, 0.16
_INTERVAL_SDS = 1.645


class EstimatorSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How fast arousal may wander and how soon the estimate is given up without data.

    `wander_per_s` is the variance that the index gains in a second, in squared standard
    deviations; `lag_s` the time the filter averages over when all readings are at their best.
    """

    wander_per_s: Annotated[float, Meta(ge=0.001, le=1.0)] = 0.02
    lag_s: Annotated[float, Meta(ge=1.0, le=120.0)] = 8.0
    forget_s: Annotated[float, Meta(ge=5.0, le=600.0)] = 30.0
    rest: rest.BaselineSettings = rest.BaselineSettings()


@dataclass(frozen=True, slots=True)
class State:
    """Arousal at one moment: 0 to 1, with a 90 % interval and a confidence of 0 to 1.

    `confidence` is the share of the uncertainty (variance) of knowing nothing that the data have
    removed; readings of poor quality lower it, and it fades to 0 while nothing arrives.

    `contributions` holds the deviation from rest of each reading that was used, in standard
    deviations, by name. During `rest` they are deviations from people in general.
    `breaths_per_minute` is the reading `breathing_rate`, None while it is unknown.
    """

    time_s: float
    arousal: float
    low: float
    high: float
    confidence: float
    phase: Literal["rest", "tracking"]
    contributions: dict[str, float]
    breaths_per_minute: float | None = None


class Estimator:
    """Steps on the session's grid; with a stored baseline it tracks from the first step.

    During the rest, readings are compared with people in general. A reading whose rest is unknown
    afterwards is too, with a quarter of its weight, until a minute beside other readings has shown
    where its rest must be; from then on it has half of its weight.
    """

    def __init__(self, settings: EstimatorSettings, baseline: Baseline | None) -> None:
        self._settings = settings
        self._baseline = baseline
        self._learner = None if baseline else BaselineLearner(settings.rest)
        self._late = LateBaseline()
        self._index = 0.0
        self._variance = _NOTHING_VARIANCE
        self._last_s: float | None = None
        self._silent_s = 0.0
        self._quality = 0.0

    @property
    def baseline(self) -> Baseline | None:
        """The person's rest: stored or learnt; None when there was not enough to learn from."""
        if self._baseline is None and self._learner is not None:
            return self._learner.result()
        return self._baseline

    def step(self, readings: tuple[Reading, ...], now_s: float) -> State:
        """Take in the readings of `now_s`, which must not be earlier than the last step."""
        step_s = 0.0 if self._last_s is None else max(0.0, now_s - self._last_s)
        self._last_s = now_s
        self._rest(readings, now_s)
        contributions, index, trust = self._measure(readings)
        self._variance = min(
            _NOTHING_VARIANCE, self._variance + self._settings.wander_per_s * step_s
        )
        if trust > 0.0:
            best = max(r.quality for r in readings if r.name in contributions)
            self._quality = min(1.0, best / _FULL_QUALITY)
            self._silent_s = 0.0
            self._correct(index, trust, step_s)
        else:
            self._silent_s += step_s
        breaths = next((r.value for r in readings if r.name == "breathing_rate"), None)
        return self._state(now_s, contributions, breaths)

    def _rest(self, readings: tuple[Reading, ...], now_s: float) -> None:
        """Learn while the person rests; afterwards start over on the person's own scale.

        A rest in which nothing could be learnt is repeated.
        """
        if self._learner is None or not self._learner.feed(readings, now_s):
            return
        self._baseline = self._learner.result()
        if self._baseline is None:
            self._learner = BaselineLearner(self._settings.rest)
        else:
            self._learner = None
            self._index, self._variance = 0.0, _NOTHING_VARIANCE

    def _measure(self, readings: tuple[Reading, ...]) -> tuple[dict[str, float], float, float]:
        """Return the deviations used, their weighted mean, and the share of trust behind it."""
        contributions = {}
        unknown: list[tuple[str, float]] = []
        total = weighted = known = 0.0
        for name, value, quality in features(readings):
            if quality <= 0.0:
                continue
            z = None if self._baseline is None else self._baseline.z(name, value)
            trust = quality
            if z is not None:
                known += trust
            elif self._baseline is not None:
                unknown.append((name, value))
                z = self._late.z(name, value)
                trust *= _UNKNOWN_TRUST if z is None else _LATE_TRUST
            if z is None:
                prior = POPULATION[name]
                z = (value - prior.mean) / prior.sd_between
            contributions[name] = z
            weight = _WEIGHTS[name] * trust
            total += abs(weight)
            weighted += weight * min(max(z, -_LARGEST_Z), _LARGEST_Z)
        if known >= _ENOUGH_KNOWN:
            for name, value in unknown:
                sign = math.copysign(1.0, _WEIGHTS[name])
                self._late.feed(name, value, sign * self._index)
        return contributions, weighted / total if total else 0.0, total / _WEIGHT_SUM

    def _correct(self, index: float, trust: float, step_s: float) -> None:
        """Move towards a measurement.

        Readings overlap in time, so their noise is a density: a step of half a length weighs half.
        With density r and wander q the filter settles at a lag of sqrt(r / q).
        """
        settings = self._settings
        density = settings.wander_per_s * (settings.lag_s * settings.lag_s) / trust
        noise = density / step_s if step_s > 0.0 else density
        gain = self._variance / (self._variance + noise)
        self._index += gain * (index - self._index)
        self._variance *= 1.0 - gain

    def _state(
        self, now_s: float, contributions: dict[str, float], breaths_per_minute: float | None
    ) -> State:
        if self._baseline is None:
            level_variance = _POPULATION_VARIANCE
        else:
            level_variance = _WEAK_VARIANCE if self._baseline.weak else _PERSONAL_VARIANCE
        variance = min(self._variance + level_variance, _NOTHING_VARIANCE)
        margin = _INTERVAL_SDS * math.sqrt(variance)
        fade = max(0.0, 1.0 - self._silent_s / self._settings.forget_s)
        return State(
            time_s=now_s,
            arousal=_arousal(self._index),
            low=_arousal(self._index - margin),
            high=_arousal(self._index + margin),
            confidence=fade * self._quality * (1.0 - variance / _NOTHING_VARIANCE),
            phase="rest" if self._learner is not None else "tracking",
            contributions=contributions,
            breaths_per_minute=breaths_per_minute,
        )


def _arousal(index: float) -> float:
    return 1.0 / (1.0 + exp(-_REST_LOGIT - _LOGIT_PER_SD * index))


@dataclass(frozen=True, slots=True)
class SubjectState:
    """A wearer's state and readings."""

    state: State
    readings: tuple[Reading, ...]
