"""Bayesian linear regression with a conjugate prior: posterior, draws, and evidence.

Of y = X b + noise with noise variance s2 / weight: b given s2 is normal with mean `mean` and
covariance s2 `spread`, s2 inverse gamma (`shape`, `scale`). Bishop (2006), chapter 3, and
Gelman et al. (2013), chapter 14, give the formulas.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Belief", "evidence"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of k coefficients (k,), (k, k) and of the variance of the noise."""

    mean: Array
    spread: Array
    shape: float
    scale: float

    def after(self, x: Array, y: Array, weights: Array) -> Belief:
        """Return the posterior after n outcomes: x (n, k), y (n,), weights (n,); n may be 0."""
        if not len(y):
            return self
        gain = self.spread @ x.T
        cover = x @ gain + np.diag(1.0 / weights)
        missed = y - x @ self.mean
        solved = np.linalg.solve(cover, np.column_stack((missed, gain.T)))
        return Belief(
            self.mean + gain @ solved[:, 0],
            self.spread - gain @ solved[:, 1:],
            self.shape + 0.5 * len(y),
            self.scale + 0.5 * float(missed @ solved[:, 0]),
        )

    @property
    def noise(self) -> float:
        """Expected standard deviation of the noise, roughly."""
        return math.sqrt(self.scale / self.shape)

    def draws(self, rng: np.random.Generator, count: int) -> Array:
        """Draw how far coefficients may lie from their mean; shape (k, count)."""
        values, vectors = np.linalg.eigh(self.spread)
        normal = rng.standard_normal((len(self.mean), count))
        size = np.sqrt(self.scale / rng.gamma(self.shape, size=count))
        return np.asarray(vectors @ (np.sqrt(np.maximum(values, 0.0))[:, None] * normal) * size)

    def contrast(self, direction: Array) -> tuple[float, float]:
        """Return mean and scale of a sum of coefficients; it is Student t with 2 `shape`."""
        variance = float(direction @ self.spread @ direction) * self.scale / self.shape
        return float(direction @ self.mean), math.sqrt(max(0.0, variance))


def evidence(belief: Belief, x: Array, y: Array, weights: Array) -> float:
    """Return the logarithm of how probable the outcomes were beforehand, up to a constant.

    The constant is the same for all beliefs of equal `shape` and equal outcomes.
    """
    cover = x @ belief.spread @ x.T + np.diag(1.0 / weights)
    missed = y - x @ belief.mean
    _, size = np.linalg.slogdet(cover)
    misfit = float(missed @ np.linalg.solve(cover, missed))
    return float(
        -0.5 * size
        - (belief.shape + 0.5 * len(y)) * math.log(belief.scale + 0.5 * misfit)
        + belief.shape * math.log(belief.scale)
    )
