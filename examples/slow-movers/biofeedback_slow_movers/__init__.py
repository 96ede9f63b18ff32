"""Virtual listeners who follow the music as a slow tank follows its inflow: one equation, no more.

    biofeedback lab --family slow_movers

A controller that works with families a and b and not with these owes its success to their
details. Sizes are made up; the bodies are those of family a.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from biofeedback.simulation.family_a.body import BodyA
from biofeedback.simulation.model.listener_types import KINDS, KindName
from biofeedback.simulation.model.music_features import MusicFeatures
from biofeedback.simulation.model.noise_streams import NoiseStreams
from sensors.signals import FloatArray

__all__ = ["SlowBreathing", "SlowResponse", "body", "respond"]

_STEP_S = 0.5
_FOLLOW_S, _DRIFT_S = 90.0, 240.0
_NEUTRAL = 0.5  #: music this driving leaves arousal where it is
_BLOW_S, _BLOW = 180.0, 0.2


def respond(
    kinds: Sequence[KindName], seeds: Sequence[int], day: int, alike: int | None
) -> SlowResponse:
    """Return the minds of listeners; `alike` is the seed of one whom all of them are like."""
    return SlowResponse(kinds, seeds, day, alike)


def body(seed: int) -> BodyA:
    """Return the body of the listener of a seed."""
    return BodyA(seed)


class SlowBreathing:
    """Breathing at a rate of one's own that goes a little way towards a swell."""

    def __init__(self, seeds: Sequence[int]) -> None:
        rngs = [np.random.default_rng([seed, 90]) for seed in seeds]
        self._own_hz = np.array([rng.uniform(0.18, 0.3) for rng in rngs])
        self._yields = np.array([rng.uniform(0.0, 0.8) for rng in rngs])
        self.phase: FloatArray = np.array([rng.random() for rng in rngs])
        self.rate_hz: FloatArray = self._own_hz.copy()

    @property
    def captured(self) -> FloatArray:
        """How far each has gone from the own rate towards the music's, 0 to 1."""
        return np.clip(np.abs(self.rate_hz / self._own_hz - 1.0) * 2.0, 0.0, 1.0)

    def step(self, heard: MusicFeatures) -> None:
        """Let half a second pass."""
        pace_hz = np.maximum(heard.tempo_bpm, 20.0) / 60.0 / heard.breath_beats
        pull = self._yields * np.clip(heard.swell, 0.0, 1.0) * heard.sounding
        goal_hz = self._own_hz + pull * (pace_hz - self._own_hz)
        self.rate_hz = self.rate_hz + _STEP_S / 60.0 * (goal_hz - self.rate_hz)
        self.phase = self.phase + _STEP_S * self.rate_hz


class SlowResponse:
    """Arousal of n listeners: a tonic level, a drift, blows from outside, and the music."""

    def __init__(
        self, kinds: Sequence[KindName], seeds: Sequence[int], day: int, alike: int | None
    ) -> None:
        people = list(seeds) if alike is None else [alike] * len(seeds)
        traits = [np.random.default_rng([seed, 91]) for seed in people]
        today = [np.random.default_rng([seed, 92, day]) for seed in seeds]
        facts = [KINDS[kind] for kind in kinds]
        pairs = list(zip(traits, facts, strict=True))
        self._effect = np.array([rng.uniform(*fact.effect) for rng, fact in pairs])
        self._taste = np.array([rng.uniform(-1.0, 1.0) for rng in traits])
        self._wander = np.array([fact.wander for fact in facts])
        self._blow_chance = np.array([f.stressors_per_hour * _STEP_S / 3600.0 for f in facts])
        self._tonic = np.array([rng.uniform(0.42, 0.56) for rng in today])
        self._excess = np.array([rng.uniform(0.1, 0.3) for rng in today])
        self._moved, self._drift = np.zeros(len(seeds)), np.zeros(len(seeds))
        self._noise = NoiseStreams(seeds, 93 + 100 * day, 2)
        self.breathing = SlowBreathing(people)
        self.arousal: FloatArray = np.clip(self._tonic + self._excess, 0.03, 0.97)
        self.struck: NDArray[np.bool_] = np.zeros(len(seeds), dtype=bool)

    def step(self, heard: MusicFeatures) -> FloatArray:
        """Let half a second of the music pass; return the arousal, of shape (n,)."""
        tempo = np.clip((heard.tempo_bpm - 45.0) / 75.0, 0.0, 1.0)
        density = np.clip(np.log(np.maximum(heard.density, 0.5) / 0.5) / np.log(10.0), 0.0, 1.0)
        driving = 0.6 * tempo + 0.4 * density
        goal = self._effect * (driving - _NEUTRAL) * heard.sounding
        self._moved = self._moved + _STEP_S / _FOLLOW_S * (goal - self._moved)
        drawn, luck = self._noise.step()
        keep = 1.0 - _STEP_S / _DRIFT_S
        self._drift = keep * self._drift + self._wander * np.sqrt(1.0 - keep**2) * drawn
        chance = np.exp(-0.5 * luck**2)  # in (0, 1], small when the luck is far out
        self.struck = chance < 2.0 * self._blow_chance
        self._excess = self._excess * (1.0 - _STEP_S / _BLOW_S) + _BLOW * self.struck
        self.breathing.step(heard)
        self.arousal = np.clip(self._tonic + self._excess + self._drift + self._moved, 0.03, 0.97)
        return self.arousal

    def appreciation(self, heard: MusicFeatures) -> FloatArray:
        """Return how much each likes the music, -1 to 1: some like it bright, some dark."""
        return np.asarray(np.tanh(self._taste * heard.mode))
