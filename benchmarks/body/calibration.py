"""Whether the interval of the estimate holds what is measured next as often as it says."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import numpy as np

from biofeedback.state import estimator
from biofeedback.state.baseline import POPULATION
from sensors.signals import FloatArray

__all__ = ["Moments", "holds", "moments", "without_each"]

#: Half widths of intervals in standard deviations, by how often they should hold.
LEVELS = {0.5: 0.674, 0.8: 1.282, 0.9: 1.645, 0.95: 1.960}
_AHEAD_S = 30
_SIZES = np.arange(0.0, 0.31, 0.01)


class Moments:
    """How far off the index was every 15 s, and the variance that the filter stated.

    Off from its mean over the next half minute. The estimator adds a constant to the variance.
    """

    def __init__(self, off: FloatArray, variance: FloatArray) -> None:
        self.off, self.variance = off, variance


def moments(features: FloatArray, quality: FloatArray, states: FloatArray, rest_s: int) -> Moments:
    """Return the moments of one person, from what was measured once a second, (n, 4) each.

    `states` (2 n, 4) holds arousal, low, high and confidence twice a second. What comes next is
    the weighted mean of deviations, as it is measured, without the filter.
    """
    names = tuple(POPULATION)
    weights = np.array([estimator._WEIGHTS[name] for name in names])
    pooled = np.array([POPULATION[name].sd_within for name in names])
    rest = features[:rest_s]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a feature that is nowhere known
        spread = np.sqrt((np.nanvar(rest, axis=0) + pooled**2) / 2)
        z = np.clip((features - np.nanmedian(rest, axis=0)) / spread, -3.0, 3.0)
    trust = np.where(np.isfinite(z), quality, 0.0) * np.abs(weights)
    total = trust.sum(axis=1)
    known = total > 0.3
    measured = (np.nan_to_num(z) * trust * np.sign(weights)).sum(axis=1)
    measured /= np.where(known, total, 1.0)
    off, variance = [], []
    for second in range(rest_s + 20, len(measured) - _AHEAD_S - 1, 15):
        after = slice(second + 1, second + 1 + _AHEAD_S)
        arousal, _, high, confidence = states[2 * second]
        if known[after].sum() <= _AHEAD_S // 2 or confidence <= 0.0:
            continue
        index = _index(arousal)
        half = (_index(high) - index) / LEVELS[0.9]
        off.append(float(measured[after][known[after]].mean()) - index)
        variance.append(half**2 - estimator._PERSONAL_VARIANCE)
    return Moments(np.array(off), np.array(variance))


def holds(people: Iterable[Moments], level: float, constant: float) -> float:
    """Return how often intervals of a level hold what comes next, with a constant variance."""
    inside = [
        np.abs(each.off) <= LEVELS[level] * np.sqrt(each.variance + constant) for each in people
    ]
    return float(np.concatenate(inside).mean())


def without_each(people: list[Moments]) -> float:
    """Return how often 90 % intervals hold when the constant was chosen without the person."""
    inside = []
    for number, person in enumerate(people):
        others = people[:number] + people[number + 1 :]
        best = min(_SIZES, key=lambda size: abs(holds(others, 0.9, float(size)) - 0.9))
        inside.append(np.abs(person.off) <= LEVELS[0.9] * np.sqrt(person.variance + best))
    return float(np.concatenate(inside).mean())


def _index(arousal: float) -> float:
    """Return the index of which arousal is the logistic image."""
    logit = float(np.log(arousal / (1.0 - arousal)))
    return (logit - estimator._REST_LOGIT) / estimator._LOGIT_PER_SD
