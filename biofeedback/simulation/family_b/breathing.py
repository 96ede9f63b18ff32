"""Breathing of family B: breath after breath, each of which may follow the music or not.

The length of a breath is drawn when it begins. A listener follows a pace with a chance that falls
with its distance from the own rate; a breath that follows also makes up for part of how far it
is out of step. Followers are half of all (Haas et al. 1986); the rest is ours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from biofeedback.simulation.family_b.traits import TraitsB
from biofeedback.simulation.model.music_features import MusicFeatures
from biofeedback.simulation.model.noise_streams import NoiseStreams
from sensors.signals import FloatArray

__all__ = ["BreathingB"]

_STEP_S = 0.5
_LEARNT, _FORGOTTEN = 0.06, 0.03  #: of the distance to the pace, or back, in a breath
_LOWEST_HABIT = np.log(2.5)
_OUT_OF_STEP = 0.2
_STEADIER = 0.25  #: spread of a breath that follows, as a share of a free one
_LAG_BREATHS = 5.0


class BreathingB:
    """Phase in cycles, rate and following of n listeners."""

    def __init__(self, traits: TraitsB, seeds: Sequence[int], day: int = 0) -> None:
        n = len(traits)
        self._traits = traits
        self._streams = NoiseStreams(seeds, 22 + 100 * day, 2)
        self._length_s = traits.breath_s.copy()
        self._left_s = self._length_s * np.array(
            [np.random.default_rng([seed, 23]).random() for seed in seeds]
        )
        self._deviation = np.zeros(n)
        self._habit = np.zeros(n)  #: longer than the own breath, in natural logarithms
        self._music = np.zeros(n)
        self._whole = np.zeros(n)
        self.captured: FloatArray = np.zeros(n)  #: share of the last breaths that followed
        self.slowing: FloatArray = np.zeros(n)  #: 0 at the own rate, 1 at half of it

    @property
    def rate_hz(self) -> FloatArray:
        """The rate of the breath that is being taken."""
        return np.asarray(1.0 / self._length_s)

    @property
    def phase(self) -> FloatArray:
        """How many breaths there have been, with the share of this one."""
        return np.asarray(self._whole + 1.0 - self._left_s / self._length_s)

    def step(self, heard: MusicFeatures) -> None:
        """Let half a second pass; begin new breaths where the last ones are over."""
        beat_s = 60.0 / np.maximum(heard.tempo_bpm, 20.0)
        free_s = self._traits.breath_s * np.exp(self._habit)
        swells = heard.swell > 0.1
        beats = np.where(swells, heard.breath_beats, np.maximum(1.0, np.round(free_s / beat_s)))
        pace_s = beats * beat_s
        self._music = self._music + _STEP_S / pace_s
        self._left_s = self._left_s - _STEP_S
        over = self._left_s <= 0.0
        drawn, chance = self._streams.step()
        if over.any():
            self._begin(over, pace_s, heard, free_s, drawn, chance)

    def _begin(
        self,
        over: NDArray[np.bool_],
        pace_s: FloatArray,
        heard: MusicFeatures,
        free_s: FloatArray,
        drawn: FloatArray,
        chance: FloatArray,
    ) -> None:
        traits = self._traits
        spread = traits.breath_spread * np.sqrt(1.0 - traits.breath_memory**2)
        deviation = traits.breath_memory * self._deviation + spread * drawn
        distance = np.log(pace_s / free_s)
        swells = heard.swell > 0.1
        follow = traits.follows * np.where(swells, heard.swell, 0.9) * heard.sounding
        follow = follow * np.exp(-((distance / traits.tolerance) ** 2))
        following = 0.5 * (1.0 + np.tanh(0.8 * chance)) < follow
        early = self._music - np.round(self._music)  # of the music's breath, -0.5 to 0.5
        paced_s = pace_s * np.exp(_STEADIER * deviation) - _OUT_OF_STEP * early * pace_s
        length_s = np.where(following, paced_s, free_s * np.exp(deviation))
        length_s = np.clip(length_s, 1.2, 20.0)
        learnt = np.where(following & swells, _LEARNT * distance, -_FORGOTTEN * self._habit)
        self._habit = np.where(
            over, np.clip(self._habit + learnt, -0.2, _LOWEST_HABIT), self._habit
        )
        self._deviation = np.where(over, deviation, self._deviation)
        self._whole = np.where(over, self._whole + 1.0, self._whole)
        self._left_s = np.where(over, self._left_s + length_s, self._left_s)
        self._length_s = np.where(over, length_s, self._length_s)
        lag = over / _LAG_BREATHS
        self.captured = self.captured + lag * (following - self.captured)
        slow = np.clip(2.0 * (1.0 - traits.breath_s / length_s), 0.0, 1.2)
        self.slowing = self.slowing + lag * (slow * following * swells - self.slowing)
