"""Fuses heart and skin into one arousal value that says how sure it is, and what it is worth.

The index is the heart's level plus the skin's change (`witnesses`). It follows a random walk that a
scalar Kalman filter tracks. Arousal is its logistic image: rest is 0.3, one pooled standard
deviation above rest is 0.5, two are 0.7, one below is 0.155.
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
from biofeedback.state.notes import Note, Notes
from biofeedback.state.witnesses import HEART_READINGS, HeartLevel, LeakyMean, SkinChange, Witness

__all__ = ["Estimator", "EstimatorSettings", "State", "SubjectState"]


_REST_LOGIT = log(0.3 / 0.7)
_LOGIT_PER_SD = -_REST_LOGIT
#: All that follows is of our own choosing.
_UNKNOWN_TRUST, _LATE_TRUST = 0.25, 0.5
_ENOUGH_KNOWN = 0.5
#: Below this quality a source counts for less, in proportion; above, all count alike. A source
#: must not lose its say to another that only measures more easily.
_FULL_SAY = 0.25
_NOTHING_VARIANCE = 2.25
_POPULATION_VARIANCE, _WEAK_VARIANCE = 1.0, 0.1
#: What the index will do in the next half minute is what it did lately; before that is known, as
#: much as it did in 17 people. The factor makes nine of ten intervals hold it.
_UNREST_S, _UNREST_PRIOR, _UNREST_FACTOR = 120.0, 0.3, 1.5
_INTERVAL_SDS = 1.645
#: A heart that is lost has not come to rest: its level is held, and then let go in the course of
#: minutes. While so many standard deviations of it are still held, the estimate is worth nothing.
_LET_GO_S, _UNTOLD_SDS = 300.0, 0.5
#: What a source that is at its best is worth alone, and how much of it is left of one that does not
#: answer at all.
_ALONE, _MUTE = 0.85, 0.3
#: So much motion halves what a source is worth: a wrist that moves as much hides what bodies do.
_HALF_STILL_G = 0.05
_RESTING_WORTH, _WEAK_WORTH = 0.6, 0.8


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

    `confidence` says how well the sources that are there tell arousal: one alone less than both, a
    source of poor quality or one that does not answer less, a weak rest less; it fades to 0 while
    nothing arrives.

    `contributions` holds what each reading that was used says, in standard deviations, by name: of
    the heart the deviation from rest (during `rest` from people in general), of the skin the change
    against its own last minute. `breaths_per_minute` is the reading `breathing_rate`, None while it
    is unknown. `notes` is what else is to be said of the body.
    """

    time_s: float
    arousal: float
    low: float
    high: float
    confidence: float
    phase: Literal["rest", "tracking"]
    contributions: dict[str, float]
    breaths_per_minute: float | None = None
    notes: tuple[Note, ...] = ()


class Estimator:
    """Steps on the session's grid; with a stored baseline it tracks from the first step.

    During the rest, the heart is compared with people in general. A heart whose rest is unknown
    afterwards is too, with a quarter of its weight, until a minute beside the skin has shown where
    its rest must be; from then on it has half of its weight.
    """

    def __init__(self, settings: EstimatorSettings, baseline: Baseline | None) -> None:
        self._settings = settings
        self._baseline = baseline
        self._learner = None if baseline else BaselineLearner(settings.rest)
        self._late = LateBaseline()
        self._heart, self._skin = HeartLevel(), SkinChange()
        self._held = _HeldLevel(settings.forget_s)
        self._unrest = LeakyMean(_UNREST_S, _UNREST_PRIOR)
        self._index = 0.0
        self._variance = _NOTHING_VARIANCE
        self._last_s: float | None = None
        self._silent_s = 0.0
        self._worth = 0.0
        self._notes = Notes()

    @property
    def baseline(self) -> Baseline | None:
        """The person's rest: stored or learnt; None when there was not enough to learn from."""
        if self._baseline is None and self._learner is not None:
            return self._learner.result()
        return self._baseline

    def step(
        self, readings: tuple[Reading, ...], now_s: float, *, irregular: bool = False
    ) -> State:
        """Take in the readings of `now_s`, which must not be earlier than the last step.

        A heart that beats irregularly is no witness of arousal: the skin leads, or nothing does.
        Nor is its loss one of calm: where it was is held, at ever less confidence, before the skin
        leads alone.
        """
        step_s = 0.0 if self._last_s is None else max(0.0, now_s - self._last_s)
        self._last_s = now_s
        self._rest(readings, now_s)
        said: dict[str, float] = {}
        skin = self._skin_change(readings, now_s, said)
        heart = None if irregular else self._heart_level(readings, skin, step_s, said)
        self._variance = min(
            _NOTHING_VARIANCE, self._variance + self._settings.wander_per_s * step_s
        )
        level = self._held.step(heart, step_s)
        if heart is None and skin is None:
            self._silent_s += step_s
        else:
            self._silent_s = 0.0
            self._correct(_fused(level, skin, heard=heart is not None), _trust(heart, skin), step_s)
            self._worth = _worth(heart, skin) * _stillness(readings)
        breaths = next((r.value for r in readings if r.name == "breathing_rate"), None)
        self._notes.once("irregular_rhythm", stands=irregular)
        self._notes.once("weak_rest", stands=self._unrested)
        self._notes.listen("heart_silent", heart)
        self._notes.listen("skin_silent", skin)
        return self._state(now_s, said, breaths)

    @property
    def _unrested(self) -> bool:
        return self._baseline is not None and bool(self._baseline.unrest)

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
            self._heart, self._held = HeartLevel(), _HeldLevel(self._settings.forget_s)

    def _heart_level(
        self,
        readings: tuple[Reading, ...],
        skin: Witness | None,
        step_s: float,
        said: dict[str, float],
    ) -> Witness | None:
        deviations = {}
        for name, value, quality in features(readings):
            if quality <= 0.0 or name not in HEART_READINGS:
                continue
            z, trust = self._deviation(name, value, quality, skin)
            if z is not None:
                said[name] = z
                deviations[name] = (z, trust)
        return self._heart.step(deviations, step_s)

    def _deviation(
        self, name: str, value: float, quality: float, skin: Witness | None
    ) -> tuple[float | None, float]:
        """Return how far a feature of the heart lies from rest, and the trust in that.

        None while a skin that is known shows where a rest must be that was missed.
        """
        prior = POPULATION[name]
        among_people = (value - prior.mean) / prior.sd_between
        if self._baseline is None:
            return among_people, quality
        z = self._baseline.z(name, value)
        if z is not None:
            return z, quality
        z = self._late.z(name, value)
        if skin is not None and skin.trust >= _ENOUGH_KNOWN:
            self._late.feed(name, value, math.copysign(1.0, HEART_READINGS[name]) * self._index)
        elif z is None:
            return among_people, _UNKNOWN_TRUST * quality
        return z, _LATE_TRUST * quality

    def _skin_change(
        self, readings: tuple[Reading, ...], now_s: float, said: dict[str, float]
    ) -> Witness | None:
        for reading in readings:
            if reading.name == "scl" and reading.value is not None and reading.quality > 0.0:
                skin = self._skin.step(reading.value, reading.quality, now_s)
                said["scl"] = skin.deviation
                return skin
        return None

    def _correct(self, index: float, trust: float, step_s: float) -> None:
        """Move towards a measurement.

        Readings overlap in time, so their noise is a density: a step of half a length weighs half.
        With density r and wander q the filter settles at a lag of sqrt(r / q).
        """
        settings = self._settings
        density = settings.wander_per_s * (settings.lag_s * settings.lag_s) / trust
        noise = density / step_s if step_s > 0.0 else density
        gain = self._variance / (self._variance + noise)
        off = index - self._index
        self._unrest.feed(off * off, step_s)
        self._index += gain * off
        self._variance *= 1.0 - gain

    def _state(
        self,
        now_s: float,
        said: dict[str, float],
        breaths_per_minute: float | None,
    ) -> State:
        unrest, worth = _UNREST_FACTOR * self._unrest.mean, 1.0
        if self._baseline is None:
            unrest, worth = unrest + _POPULATION_VARIANCE, _RESTING_WORTH
        elif self._baseline.weak:
            unrest, worth = unrest + _WEAK_VARIANCE, _WEAK_WORTH
        variance = min(_NOTHING_VARIANCE, self._variance + _NOTHING_VARIANCE * self._held.doubt)
        margin = _INTERVAL_SDS * math.sqrt(min(variance + unrest, _NOTHING_VARIANCE))
        fade = max(0.0, 1.0 - self._silent_s / self._settings.forget_s)
        known = 1.0 - variance / _NOTHING_VARIANCE
        return State(
            time_s=now_s,
            arousal=_arousal(self._index),
            low=_arousal(self._index - margin),
            high=_arousal(self._index + margin),
            confidence=fade * worth * known * self._worth,
            phase="rest" if self._learner is not None else "tracking",
            contributions=said,
            breaths_per_minute=breaths_per_minute,
            notes=self._notes.standing,
        )


def _say(trust: float) -> float:
    return min(1.0, trust / _FULL_SAY)


class _HeldLevel:
    """The heart's level, where it was while the heart is not heard, or only in part."""

    def __init__(self, hold_s: float) -> None:
        self._hold_s = hold_s
        self._last = 0.0
        self._lost_s = 0.0
        #: 0 while the level is told, 1 once it is held alone and more than nothing.
        self.doubt = 0.0

    def step(self, heart: Witness | None, step_s: float) -> float:
        """Take in what the heart says; return its level, of which the rest is held."""
        say = 0.0 if heart is None else _say(heart.trust)
        told = 0.0 if heart is None else say * heart.deviation
        if say >= 1.0:
            self._last, self._lost_s = told, 0.0
        else:
            self._lost_s += (1.0 - say) * step_s
        let_go_s = max(0.0, self._lost_s - self._hold_s)
        held = (1.0 - say) * self._last * exp(-let_go_s / _LET_GO_S)
        self.doubt = min(1.0, self._lost_s / self._hold_s) * min(1.0, abs(held) / _UNTOLD_SDS)
        return told + held


def _fused(level: float, skin: Witness | None, *, heard: bool) -> float:
    """Return the heart's level plus the skin's change, and of its level what the heart confirms."""
    if skin is None:
        return level
    change = _say(skin.trust) * skin.deviation
    if not heard:
        return level + change + skin.level
    agreed = min(max(skin.level, min(level, 0.0)), max(level, 0.0))
    return level + change + _say(skin.trust) * agreed


def _trust(heart: Witness | None, skin: Witness | None) -> float:
    return ((heart.trust if heart else 0.0) + (skin.trust if skin else 0.0)) / 2.0


def _worth(heart: Witness | None, skin: Witness | None) -> float:
    """Return how well those that are there tell arousal: what neither of them misses."""
    missed = 1.0
    for witness in (heart, skin):
        if witness is not None:
            answers = _MUTE + (1.0 - _MUTE) * witness.answer
            missed *= 1.0 - _ALONE * _say(witness.trust) * math.sqrt(witness.trust) * answers
    return 1.0 - missed


def _stillness(readings: tuple[Reading, ...]) -> float:
    """Return 1 for a sensor that lies still or that no motion is known of, less for others."""
    motion_g = next((r.value for r in readings if r.name == "motion"), None)
    return 1.0 if motion_g is None else _HALF_STILL_G / (_HALF_STILL_G + motion_g)


def _arousal(index: float) -> float:
    return 1.0 / (1.0 + exp(-_REST_LOGIT - _LOGIT_PER_SD * index))


@dataclass(frozen=True, slots=True)
class SubjectState:
    """A wearer's state and readings."""

    state: State
    readings: tuple[Reading, ...]
