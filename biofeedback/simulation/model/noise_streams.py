"""Randomness of many listeners: each has a stream of its own, however many there are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sensors.signals import FloatArray

__all__ = ["NoiseStreams"]

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
