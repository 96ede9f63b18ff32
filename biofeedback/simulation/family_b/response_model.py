"""Arousal of family B: a first-order stochastic state that the music's features drive.

A state space in the manner of Wickramasuriya and Faghih (2020): the state follows an
autoregression with Gaussian noise, in standard deviations of rest. Features enter through bounded
curves around each listener's own neutral point; unrest comes and goes as a Markov chain; boredom
weakens what does not change. Nothing here is shared with family A but the scale.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from biofeedback.simulation.family_b.breathing import BreathingB
from biofeedback.simulation.family_b.traits import TraitsB
from biofeedback.simulation.model.music_features import MusicFeatures
from biofeedback.simulation.model.noise_streams import NoiseStreams, arousal_of
from sensors.signals import FloatArray

__all__ = ["STEP_S", "ResponseB"]

STEP_S = 0.5
_LIKING = 0.2
_BORED_S = 1500.0
_SILENCE = -0.35  #: what silence does to those whom music moves, in standard deviations


class ResponseB:
    """Arousal and breathing of n listeners; a step is half a second."""

    def __init__(self, traits: TraitsB, seeds: Sequence[int], day: int = 0) -> None:
        n = len(traits)
        self.traits = traits
        self.breathing = BreathingB(traits, seeds, day)
        self._streams = NoiseStreams(seeds, 21 + 100 * day, 2)
        self._everyone = np.arange(n)
        self._state = traits.start.copy()
        self._heard = np.zeros(n)
        self._restless = np.zeros(n)
        self._bored = np.zeros(n)
        self.arousal: FloatArray = arousal_of(self._state)
        self.struck: NDArray[np.bool_] = np.zeros(n, dtype=bool)

    def step(self, heard: MusicFeatures) -> FloatArray:
        """Let half a second of the music pass; return the arousal, of shape (n,)."""
        traits = self.traits
        noise, turn = self._streams.step()
        self._unrest(turn)
        self._heard = traits.hearing * self._heard + (1.0 - traits.hearing) * self._drive(heard)
        goal = traits.level + traits.unrest * self._restless + self._heard
        goal = goal - traits.soothed * self.breathing.slowing
        self._state = traits.memory * self._state + (1.0 - traits.memory) * goal
        self._state = np.clip(self._state + traits.noise * noise, -2.5, 4.0)
        self.arousal = arousal_of(self._state)
        self.breathing.step(heard)
        return self.arousal

    def appreciation(self, heard: MusicFeatures) -> FloatArray:
        """Return how much each likes the music, about -1 to 1."""
        traits = self.traits
        liking = traits.taste[heard.style, self._everyone] + traits.taste_mode * heard.mode
        liking = liking + traits.taste_density * (heard.density - 1.8) / 2.0
        return np.asarray(np.clip(liking, -1.0, 1.0))

    def _unrest(self, turn: FloatArray) -> None:
        """Turn the unrest on or off where a chance of this step, uniform by ranks, says so."""
        traits = self.traits
        chance = np.where(self._restless > 0.5, traits.restless_to_calm, traits.calm_to_restless)
        turns = _upper_tail(turn) < chance
        self.struck = turns & (self._restless < 0.5)
        self._restless = np.where(turns, 1.0 - self._restless, self._restless)

    def _drive(self, heard: MusicFeatures) -> FloatArray:
        curves = np.stack(
            (
                np.tanh(1.6 * np.log2(np.maximum(heard.tempo_bpm, 20.0) / 76.0)),
                np.tanh(0.9 * np.log(np.maximum(heard.density, 0.25) / 1.9)),
                heard.percussion * (np.clip(heard.density / 3.0, 0.0, 1.0) - 0.5),
                np.tanh(3.0 * (heard.dynamics - 0.5)),
                -0.5 * heard.mode,
            )
        )
        self._bored = self._bored + STEP_S / _BORED_S * (heard.sounding - self._bored)
        liked = 1.0 + _LIKING * self.appreciation(heard)
        fresh = 1.0 - self.traits.boredom * self._bored
        music = liked * fresh * np.sum(self.traits.gains * curves, axis=0) / 1.3
        hush = _SILENCE * np.clip(np.sum(self.traits.gains, axis=0) / 5.0, 0.0, 1.0)
        return np.asarray(np.where(heard.sounding > 0.5, music, hush))


def _upper_tail(normal: FloatArray) -> FloatArray:
    """Return the chance that a standard normal number is greater (Zelen and Severo 1964)."""
    size = np.abs(normal)
    t = 1.0 / (1.0 + 0.33267 * size)
    tail = t * (0.4361836 + t * (-0.1201676 + t * 0.937298))
    tail = tail * np.exp(-0.5 * size**2) / np.sqrt(2.0 * np.pi)
    return np.asarray(np.where(normal >= 0.0, tail, 1.0 - tail))
