"""The permutation test over a randomised order within pairs, and the interval that inverts it.

Within each pair chance said which arm came first, so under "no difference" the sign of each
difference was a toss. The test compares the mean difference with those of all signs that could
have been tossed. Its inversion is closed: the mean differences of all subsets of the pairs
("typical values", Hartigan 1969) in order, from which equally many are cut at both ends.

Above `EXACT` pairs, random subsets stand for all (Hartigan's random subsampling): test and
interval keep their level, and differ a little from draw to draw. All arrays have pairs in the first
axis and, where there is a second, trials.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["EXACT", "PermutationTest", "compare", "fewest_pairs", "many", "p_values"]

FloatArray = NDArray[np.float64]

EXACT = 16  #: pairs up to which all 2^n signs are looked at
_DRAWS = 65535
#: Sums that differ by rounding alone count as equal, relative to the largest difference.
_EQUAL = 1e-9


@dataclass(frozen=True, slots=True)
class PermutationTest:
    """A mean difference, first arm less second, with its interval and two-sided p-value.

    The interval is infinite where there are too few pairs for any at this level.
    """

    pairs: int
    estimate: float
    low: float
    high: float
    p: float
    exact: bool

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0.0 or self.high < 0.0


def compare(differences: FloatArray, alpha: float = 0.05) -> PermutationTest:
    """Test the differences of pairs, shape (n,); NaN everywhere and p = 1 when n = 0."""
    differences = np.asarray(differences, dtype=np.float64)
    if not len(differences):
        return PermutationTest(0, math.nan, -math.inf, math.inf, 1.0, True)
    estimate, low, high, p = (float(x[0]) for x in many(differences[:, None], alpha))
    return PermutationTest(len(differences), estimate, low, high, p, len(differences) <= EXACT)


def many(
    differences: FloatArray, alpha: float = 0.05
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Test many trials of n pairs at once, shape (n, trials).

    Returns mean, lower and upper bound and p-value, each of shape (trials,). The interval covers
    the true mean with at least 1 - alpha, and leaves out 0 exactly when p <= alpha.
    """
    pairs, trials = differences.shape
    flips = _flips(pairs)
    total = len(flips) + 1  # the empty flip, the signs as they were tossed, is one of them
    cut = math.floor(alpha / 2.0 * total + 1e-9)
    low, high, p = np.full(trials, -np.inf), np.full(trials, np.inf), np.ones(trials)
    sizes = flips.sum(axis=1)
    step = max(1, int(4e7 // len(flips)))
    for begin in range(0, trials, step):
        part = differences[:, begin : begin + step]
        means = (flips @ part) / sizes[:, None]
        slack = _EQUAL * np.abs(part).max(axis=0)
        below = 1 + (means <= slack).sum(axis=0)
        above = 1 + (means >= -slack).sum(axis=0)
        p[begin : begin + step] = np.minimum(1.0, 2.0 * np.minimum(below, above) / total)
        if cut >= 1:
            ordered = np.partition(means, (cut - 1, len(means) - cut), axis=0)
            low[begin : begin + step] = ordered[cut - 1]
            high[begin : begin + step] = ordered[-cut]
    return differences.mean(axis=0), low, high, p


def p_values(differences: FloatArray, shifts: Sequence[float] = (0.0,)) -> FloatArray:
    """Return the p-values of `many` for trials of shape (n, trials), after adding each shift.

    Shape (shifts, trials). Much quicker than `many` where no interval is asked for: what a shift
    adds to the differences, it adds to the mean of any subset.
    """
    pairs, trials = differences.shape
    flips = _flips(pairs)
    sizes, total = flips.sum(axis=1), len(flips) + 1
    p = np.ones((len(shifts), trials))
    step = max(1, int(4e6 // len(flips)))
    for begin in range(0, trials, step):
        part = differences[:, begin : begin + step]
        means = (flips @ part) / sizes[:, None]
        for row, shift in enumerate(shifts):
            slack = _EQUAL * np.abs(part + shift).max(axis=0)
            below = 1 + np.count_nonzero(means <= slack - shift, axis=0)
            above = 1 + np.count_nonzero(means >= -slack - shift, axis=0)
            p[row, begin : begin + step] = 2.0 * np.minimum(below, above) / total
    return np.minimum(1.0, p)


def fewest_pairs(alpha: float) -> int:
    """Return how many pairs it takes before any result can be an effect at this level."""
    return math.ceil(math.log2(2.0 / alpha))


@lru_cache(maxsize=8)
def _flips(pairs: int) -> FloatArray:
    """Return the non-empty subsets of pairs whose signs are flipped, one a row of 0 and 1."""
    if pairs <= EXACT:
        numbers = np.arange(1, 2**pairs)
        return ((numbers[:, None] >> np.arange(pairs)) & 1).astype(np.float64)
    drawn = np.random.default_rng(pairs).random((_DRAWS, pairs)) < 0.5
    drawn[~drawn.any(axis=1), 0] = True  # practically never
    return drawn.astype(np.float64)
