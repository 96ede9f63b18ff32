"""What may be said at the end of a trial, and how many pairs it takes.

The verdict is one of three, and each has its condition written here, before any data:

effect             the pre-declared test rejects "no difference" at the end that was planned
no effect shown    it does not, and the interval leaves out every effect that would matter
can't tell yet     anything else: before the end, after an early look, or too imprecise
"""

from __future__ import annotations

import math
from typing import Literal

from biofeedback.trials.permutation import PermutationTest, fewest_pairs

__all__ = ["Verdict", "judge", "pairs_needed"]

Verdict = Literal["effect", "no effect shown", "can't tell yet"]
_POWER = 0.8
_MOST = 2000


def judge(
    test: PermutationTest, *, alpha: float, smallest: float, over: bool, lost: bool
) -> Verdict:
    """Return the verdict; `lost` says that more pairs are missing than the protocol allows."""
    if not over or lost or test.pairs < fewest_pairs(alpha):
        return "can't tell yet"
    if test.p <= alpha:
        return "effect"
    if -smallest < test.low and test.high < smallest:
        return "no effect shown"
    return "can't tell yet"


def pairs_needed(sd: float, effect: float, alpha: float = 0.05, power: float = _POWER) -> int:
    """Return how many pairs find `effect` with `power`, when a pair's difference has this `sd`.

    From the noncentral t distribution, which the permutation test comes close to for means.
    """
    from scipy.stats import nct, t

    few = fewest_pairs(alpha)
    if sd <= 0.0 or effect <= 0.0:
        return few
    for pairs in range(few, _MOST):
        edge = t.ppf(1.0 - alpha / 2.0, pairs - 1)
        shift = effect / sd * math.sqrt(pairs)
        if nct.sf(edge, pairs - 1, shift) + nct.cdf(-edge, pairs - 1, shift) >= power:
            return pairs
    return _MOST
