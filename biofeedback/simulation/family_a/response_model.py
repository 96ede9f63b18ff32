"""Arousal of family A: a delayed second-order response to the music, on a level that drifts.

The equations are linear but for two things: music far from where a listener is moves them less
(the idea behind the iso principle; ours), and music that goes on for long moves them less and
less. A pause lets arousal fall below where it was (Bernardi et al. 2006).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from biofeedback.simulation.family_a.breathing import BreathingA
from biofeedback.simulation.family_a.traits import TraitsA
from biofeedback.simulation.model.music_features import MusicFeatures
from biofeedback.simulation.model.noise_streams import NoiseStreams
from sensors.signals import FloatArray

__all__ = ["STEP_S", "ResponseA"]

STEP_S = 0.5
_LONGEST_DELAY_STEPS = 20
_NEUTRAL = 0.55  #: music this driving leaves arousal where it is
_LIKING = 0.2  #: liked music acts this much more, and disliked less
_HABITUATED = 0.3
_DRIFT_S = 240.0
_PAUSE_FALL, _PAUSE_S = 0.08, 40.0


class ResponseA:
    """Arousal and breathing of n listeners; a step is half a second."""

    def __init__(self, traits: TraitsA, seeds: Sequence[int], day: int = 0) -> None:
        n = len(traits)
        self.traits = traits
        self.breathing = BreathingA(traits, seeds, day)
        self._streams = NoiseStreams(seeds, 11 + 100 * day, 3)
        self._heard: deque[FloatArray] = deque(maxlen=_LONGEST_DELAY_STEPS)
        self._delay_steps = np.minimum(
            np.round(traits.delay_s / STEP_S).astype(int), _LONGEST_DELAY_STEPS
        )
        self._everyone = np.arange(n)
        self._excess = traits.start - traits.tonic
        self._drift, self._response, self._speed = np.zeros(n), np.zeros(n), np.zeros(n)
        self._exposure_s = np.zeros(n)
        self._pause = np.zeros(n)
        self.arousal: FloatArray = traits.start.copy()
        self.struck: NDArray[np.bool_] = np.zeros(n, dtype=bool)

    def step(self, heard: MusicFeatures) -> FloatArray:
        """Let half a second of the music pass; return the arousal, of shape (n,)."""
        traits = self.traits
        chance, size, drift = self._streams.step()
        push = self._push(heard)
        rate = 1.0 / traits.response_s
        pull = rate**2 * (push - self._response) - 2.0 * traits.damping * rate * self._speed
        self._speed = self._speed + STEP_S * pull
        self._response = self._response + STEP_S * self._speed
        self.struck = chance > _quantile(traits.stressors_per_hour * STEP_S / 3600.0)
        blow = np.where(self.struck, np.clip(0.2 + 0.05 * size, 0.05, 0.35), 0.0)
        self._excess = self._excess * (1.0 - STEP_S / traits.recovery_s) + blow
        keep = 1.0 - STEP_S / _DRIFT_S
        self._drift = keep * self._drift + traits.wander * np.sqrt(1.0 - keep**2) * drift
        self.breathing.step(heard, self.arousal)
        self.arousal = np.clip(
            traits.tonic + self._excess + self._drift + self._response - self._pause
            - traits.relief * self.breathing.slowing,
            0.03,
            0.97,
        )  # fmt: skip
        return self.arousal

    def appreciation(self, heard: MusicFeatures) -> FloatArray:
        """Return how much each likes the music, about -1 to 1."""
        traits = self.traits
        return np.asarray(
            np.tanh(
                traits.taste[heard.style, self._everyone]
                + traits.taste_mode * heard.mode
                + traits.taste_density * np.log(np.maximum(heard.density, 0.25) / 1.8)
            )
        )

    def _push(self, heard: MusicFeatures) -> FloatArray:
        traits = self.traits
        features = np.stack(
            (
                (heard.tempo_bpm - 45.0) / 75.0,
                np.log(np.maximum(heard.density, 0.5) / 0.5) / np.log(10.0),
                heard.percussion * np.clip(heard.density / 4.0, 0.0, 1.0),
                (heard.dynamics - 0.2) / 0.6,
                0.5 - 0.5 * heard.mode,
            )
        )
        driving = np.sum(traits.weights * np.clip(features, 0.0, 1.0), axis=0)
        near = np.exp(-(((driving - self.arousal) / traits.reach) ** 2))
        self._exposure_s = self._exposure_s + STEP_S * heard.sounding
        fresh = 1.0 - _HABITUATED * (1.0 - np.exp(-self._exposure_s / traits.habituation_s))
        liked = 1.0 + _LIKING * self.appreciation(heard)
        now = traits.effect * liked * fresh * near * (driving - _NEUTRAL) * heard.sounding
        self._heard.append(now)
        fall = _PAUSE_FALL * np.clip(traits.effect, 0.0, 1.0) * (1.0 - heard.sounding)
        self._pause = self._pause + STEP_S / _PAUSE_S * (fall - self._pause)
        history = np.stack(self._heard)
        oldest = len(history) - 1
        return np.asarray(history[oldest - np.minimum(self._delay_steps, oldest), self._everyone])


def _quantile(share: FloatArray) -> FloatArray:
    """Return what a standard normal number exceeds with a small probability `share`.

    After Abramowitz and Stegun 26.2.23, absolute error below 4.5e-4.
    """
    t = np.sqrt(-2.0 * np.log(np.clip(share, 1e-9, 0.5)))
    above = 2.515517 + 0.802853 * t + 0.010328 * t**2
    return np.asarray(t - above / (1.0 + 1.432788 * t + 0.189269 * t**2 + 0.001308 * t**3))
