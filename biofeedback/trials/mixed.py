"""A Bayesian mixed model of all blocks, sampled by Gibbs steps of our own.

    y = mean + effect * arm + order * position + pair + noise

with pair ~ N(0, tau^2), noise ~ N(0, s^2), arm = +1/2 for the first arm and -1/2 for the second,
and position = -1/2 for the block that came first in its pair, +1/2 for the other. Everything is
scaled by the standard deviation of y. Priors, in that scale: mean, effect and order N(0, 1);
variances inverse gamma with shape 1 and scale 0.25. They are weak: with ten pairs they move the
effect by a few per cent of itself. Unlike the permutation test it uses pairs of which one block
is missing, and separates the arm from the order. It stands beside the test, and never decides the
verdict.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Posterior", "fit"]

FloatArray = NDArray[np.float64]

_DRAWS, _WARM_UP = 4000, 500
_SHAPE, _SCALE = 1.0, 0.25
FEWEST = 4  #: blocks below which nothing is fitted


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is believed about the effect, first arm less second, in the unit of the end point.

    `low` and `high` bound 95 %; `below_zero` is the probability that the effect is negative, and
    `relevant` that it is larger, in either direction, than the smallest that matters.
    """

    blocks: int
    mean: float
    low: float
    high: float
    below_zero: float
    relevant: float
    order: float  #: mean of the change from the first block of a pair to the second
    between: float  #: standard deviation between pairs
    within: float  #: standard deviation within


def fit(
    y: FloatArray, arm: FloatArray, position: FloatArray, pair: NDArray[np.intp], smallest: float,
    seed: int = 1,
) -> Posterior | None:  # fmt: skip
    """Return the posterior; all arrays have shape (blocks,). None for less than four blocks.

    `arm` and `position` are -1/2 or +1/2, `pair` counts from 0.
    """
    if len(y) < FEWEST or not np.ptp(arm) or not np.ptp(y):
        return None
    centre, spread = float(y.mean()), float(y.std())
    scaled = (y - centre) / spread
    fixed = np.column_stack([np.ones(len(y)), arm, position])
    draws = _sample(scaled, fixed, pair, np.random.default_rng(seed)) * spread
    effect = draws[:, 1]
    low, high = np.quantile(effect, (0.025, 0.975))
    return Posterior(
        blocks=len(y),
        mean=float(effect.mean()),
        low=float(low),
        high=float(high),
        below_zero=float((effect < 0.0).mean()),
        relevant=float((np.abs(effect) >= smallest).mean()),
        order=float(draws[:, 2].mean()),
        between=float(np.median(draws[:, 3])),
        within=float(np.median(draws[:, 4])),
    )


def _sample(
    y: FloatArray, fixed: FloatArray, pair: NDArray[np.intp], rng: np.random.Generator
) -> FloatArray:
    """Return draws of (mean, effect, order, tau, s), one a row."""
    pairs = int(pair.max()) + 1
    counts = np.bincount(pair, minlength=pairs)
    u = np.zeros(pairs)
    noise, between = 0.5, 0.5
    gram = fixed.T @ fixed
    kept = np.empty((_DRAWS, 5))
    for step in range(-_WARM_UP, _DRAWS):
        precision = gram / noise + np.eye(3)
        root = np.linalg.cholesky(precision)
        centre = np.linalg.solve(precision, fixed.T @ (y - u[pair]) / noise)
        beta = centre + np.linalg.solve(root.T, rng.standard_normal(3))
        rest = y - fixed @ beta
        variance = 1.0 / (counts / noise + 1.0 / between)
        sums = np.bincount(pair, weights=rest, minlength=pairs)
        u = variance * sums / noise + np.sqrt(variance) * rng.standard_normal(pairs)
        error = rest - u[pair]
        noise = (_SCALE + 0.5 * float(error @ error)) / rng.gamma(_SHAPE + 0.5 * len(y))
        between = (_SCALE + 0.5 * float(u @ u)) / rng.gamma(_SHAPE + 0.5 * pairs)
        if step >= 0:
            kept[step] = (*beta, between**0.5, noise**0.5)
    return kept
