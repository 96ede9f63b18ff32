"""Breathing of family A: an oscillator that music may capture.

A noisy phase oscillator that is pulled towards the phase of the pace, as in Adler's equation: it
locks when the pace differs from the own rate by less than the strength of the coupling. Music
without a swell paces only weakly, at the whole number of beats nearest to the own breath. Half
of all listeners couple at all (Haas et al. 1986); the strengths are ours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from biofeedback.simulation.family_a.traits import TraitsA
from biofeedback.simulation.model.music_features import MusicFeatures
from biofeedback.simulation.model.noise_streams import NoiseStreams, deviations
from sensors.signals import FloatArray

__all__ = ["BreathingA"]

_STEP_S = 0.5
_UNSWELLING = 0.9  #: coupling to plain beats, as a share of that to a swell
_NOISE_S = 2.0  #: a breath that is too long says little about the next but one
_LOCK_S = 25.0
_STEADIED, _FIRM = 0.7, 0.3  #: a breath that the music times is less noisy
_ADAPT_S, _RETURN_S = 120.0, 300.0
_LEAST_OWN = 0.4  #: habit takes the own rate no lower than this share
_PER_DEVIATION = 0.05  #: breathing quickens with arousal, per standard deviation


class BreathingA:
    """Phase in cycles, rate and capture of n listeners."""

    def __init__(self, traits: TraitsA, seeds: Sequence[int], day: int = 0) -> None:
        n = len(traits)
        self._traits = traits
        self._streams = NoiseStreams(seeds, 12 + 100 * day, 1)
        self._own_hz = traits.breaths_per_minute / 60.0
        self._habit = np.ones(n)  #: the rate it goes for now, as a share of the own
        self._noise = np.zeros(n)
        self._music = np.zeros(n)
        self._lock = np.zeros(n, dtype=np.complex128)
        self.phase: FloatArray = np.array(
            [np.random.default_rng([seed, 13]).random() for seed in seeds]
        )
        self.rate_hz: FloatArray = self._own_hz.copy()
        self.slowing: FloatArray = np.zeros(n)  #: 0 at the own rate, 1 at half of it

    @property
    def captured(self) -> FloatArray:
        """How firmly each breathes with the music, 0 to 1."""
        return np.asarray(np.abs(self._lock))

    def step(self, heard: MusicFeatures, arousal: FloatArray) -> None:
        """Let half a second pass."""
        traits = self._traits
        (drawn,) = self._streams.step()
        keep = 1.0 - _STEP_S / _NOISE_S
        spread = traits.breath_noise * np.sqrt(1.0 - keep**2)
        self._noise = keep * self._noise + spread * drawn
        quick = 1.0 + _PER_DEVIATION * deviations(arousal)
        natural_hz = self._own_hz * self._habit * quick
        swells = heard.swell > 0.1
        beat_hz = np.maximum(heard.tempo_bpm, 20.0) / 60.0
        beats = np.where(
            swells, heard.breath_beats, np.maximum(1.0, np.round(beat_hz / natural_hz))
        )
        pace_hz = beat_hz / beats
        strength = np.where(swells, heard.swell, _UNSWELLING) * heard.sounding * traits.capture
        self._music = self._music + _STEP_S * pace_hz
        ahead = self._music - self.phase
        pull_hz = self._own_hz * strength * np.sin(2.0 * np.pi * ahead)
        held = _STEADIED * np.clip(strength / _FIRM, 0.0, 1.0) * self.captured
        restless = np.exp((1.0 - held) * self._noise)
        self.rate_hz = np.clip(natural_hz * restless + pull_hz, 0.04, 0.8)
        self.phase = self.phase + _STEP_S * self.rate_hz
        towards = np.exp(2j * np.pi * ahead) * heard.sounding
        self._lock = self._lock + _STEP_S / _LOCK_S * (towards - self._lock)
        self._adapt(pace_hz * swells, swells)

    def _adapt(self, pace_hz: FloatArray, swells: NDArray[np.bool_]) -> None:
        firm = swells & (self.captured > 0.7)
        goal = np.where(firm, np.clip(pace_hz / self._own_hz, _LEAST_OWN, 1.2), 1.0)
        pace_s = np.where(firm, _ADAPT_S, _RETURN_S)
        self._habit = self._habit + _STEP_S / pace_s * (goal - self._habit)
        slow = 2.0 * (1.0 - self.rate_hz / self._own_hz)
        wanted = np.where(firm, np.clip(slow, 0.0, 1.2), 0.0)
        self.slowing = self.slowing + _STEP_S / _LOCK_S * (wanted - self.slowing)
