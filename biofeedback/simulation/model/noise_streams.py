"""Randomness of many listeners: each has a stream of its own, however many there are.

The scale of arousal is the estimator's, so a listener's own arousal can be held against the
estimate: rest is 0.3, and one standard deviation of a person's rest above it 0.5. The logistic
shape is a convention, not physiology.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sensors.signals import FloatArray

__all__ = ["REST", "NoiseStreams", "arousal_of", "deviations"]


_BLOCK = 600


class NoiseStreams:
    """Gives `width` standard normal numbers for each listener at each step.

    A listener's numbers depend on its own seed alone, so that one listener by itself and the same
    listener among a thousand live through the same noise.
    """

    def __init__(self, seeds: Sequence[int], purpose: int, width: int) -> None:
        self._generators = [np.random.default_rng([seed, purpose]) for seed in seeds]
        self._width = width
        self._block: FloatArray = np.empty((0, width, len(seeds)))
        self._next = 0

    def step(self) -> FloatArray:
        """Return the next numbers, of shape (width, n)."""
        if self._next == len(self._block):
            drawn = [rng.standard_normal((_BLOCK, self._width)) for rng in self._generators]
            self._block, self._next = np.stack(drawn, axis=2), 0
        self._next += 1
        return np.asarray(self._block[self._next - 1])


REST = 0.3
_REST_LOGIT = float(np.log(REST / (1.0 - REST)))


def deviations(arousal: FloatArray) -> FloatArray:
    """Return how many standard deviations above rest an arousal between 0 and 1 lies."""
    inside = np.clip(arousal, 0.01, 0.99)
    return np.asarray((np.log(inside / (1.0 - inside)) - _REST_LOGIT) / -_REST_LOGIT)


def arousal_of(deviation: FloatArray) -> FloatArray:
    """Return the arousal that lies so many standard deviations above rest."""
    return np.asarray(1.0 / (1.0 + np.exp(-_REST_LOGIT * (1.0 - deviation))))
