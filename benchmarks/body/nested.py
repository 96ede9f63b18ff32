"""The estimator with its constants chosen from all others, or not chosen at all.

What ships was settled with these people in view. Here the constants of the skin's change (its
size, its minute, whether its level is heard) are either the best for all people but the one who is
scored, or none is chosen: the arousal of all candidates is averaged.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

from biofeedback.state import estimator, witnesses
from body.before import deviations
from sensors.signals import FloatArray

__all__ = ["GRID", "SHIPPED", "Candidate", "chosen_without_each", "fused", "tracked"]

#: What of the skin's change counts for one of the heart's standard deviations, over how many
#: seconds, and what its level may add at most.
Candidate = tuple[float, float, float]
SHIPPED: Candidate = (witnesses._CHANGE_SD, witnesses._MINUTE_S, witnesses._MOST_LEVEL_SDS)
GRID: list[Candidate] = list(product((0.067, 0.08, 0.1, 0.133), (60.0, 90.0, 120.0), (0.0, 0.5)))
_HEART_RATE, _LN_RMSSD, _LN_SCL = 0, 1, 2


def fused(
    features: FloatArray, quality: FloatArray, rest_s: int, candidate: Candidate = SHIPPED
) -> FloatArray:
    """Return the index as it is measured, once a second, by the estimator's own rules.

    `features` and `quality` are (seconds, 4); NaN where neither heart nor skin is known.
    """
    change_sd, minute_s, most_level = candidate
    z = deviations(features, rest_s)
    trust = np.where(np.isfinite(z), quality, 0.0)
    heart_trust, skin_trust = trust[:, : _LN_RMSSD + 1].max(axis=1), trust[:, _LN_SCL]
    weights = trust[:, : _LN_RMSSD + 1] * np.array(list(witnesses.HEART_READINGS.values()))
    total = np.abs(weights).sum(axis=1)
    raw = (weights * np.nan_to_num(z[:, : _LN_RMSSD + 1])).sum(axis=1) / np.maximum(total, 1e-12)
    heart = np.minimum(1.0, heart_trust / estimator._FULL_SAY) * np.arcsinh(raw) / witnesses._ONE
    value = np.log(np.exp(features[:, _LN_SCL]) + witnesses._OFFSET_US)
    value[skin_trust <= 0.0] = np.nan
    minute = _leaky(value, minute_s)
    level = (minute - _leaky(minute, witnesses._QUARTER_HOUR_S)) / witnesses._LEVEL_SD
    say = np.minimum(1.0, skin_trust / estimator._FULL_SAY)
    change = _bent((value - minute) / change_sd, witnesses._MOST_CHANGE_SDS)
    level = _bent(level, most_level) if most_level else 0.0 * level
    agreed = np.where(
        total > 0.0, np.clip(level, np.minimum(heart, 0.0), np.maximum(heart, 0.0)), level
    )
    index = np.nan_to_num(heart) + say * np.nan_to_num(change + agreed)
    index[(total <= 0.0) & ~np.isfinite(value)] = np.nan
    return index


def tracked(
    features: FloatArray, quality: FloatArray, rest_s: int, candidate: Candidate = SHIPPED
) -> FloatArray:
    """Return arousal by a candidate, once a second."""
    measured = fused(features, quality, rest_s, candidate)
    trust = np.where(np.isfinite(features), quality, 0.0)
    share = (trust[:, : _LN_RMSSD + 1].max(axis=1) + trust[:, _LN_SCL]) / 2.0
    settings, most = estimator.EstimatorSettings(), estimator._NOTHING_VARIANCE
    index, variance = 0.0, most
    followed = np.zeros(len(features))
    for second in range(rest_s, len(features)):
        variance = min(most, variance + settings.wander_per_s)
        if share[second] > 0.0:
            noise = settings.wander_per_s * settings.lag_s**2 / share[second]
            gain = variance / (variance + noise)
            index += gain * (measured[second] - index)
            variance *= 1.0 - gain
        followed[second] = index
    logit = estimator._REST_LOGIT + estimator._LOGIT_PER_SD * followed
    return np.asarray(1.0 / (1.0 + np.exp(-logit)))


def chosen_without_each(
    scores: list[FloatArray], area: Callable[[int, FloatArray], float]
) -> tuple[list[FloatArray], list[FloatArray], Candidate]:
    """Return each person's score by what was best for the others, and by what is least for them.

    Least: of all that are no worse for the others than the best by more than a standard error of
    the difference (the rule of Breiman et al. 1984 for near ties), the one with the smallest say
    for the skin. `scores` has (candidates, ends) of each person, `area` the AUC of a person's
    score. The last value is what was least most often.
    """
    table = np.array(
        [[area(number, score) for score in each] for number, each in enumerate(scores)]
    )
    best, least = [], []
    for number in range(len(scores)):
        others = np.delete(table, number, axis=0)
        first = int(np.argmax(others.mean(axis=0)))
        behind = others[:, [first]] - others
        error = behind.std(axis=0, ddof=1) / np.sqrt(len(others))
        near = np.flatnonzero(behind.mean(axis=0) <= error)
        best.append(first)
        least.append(int(max(near, key=lambda place: (GRID[place][:2], -GRID[place][2]))))
    usual = max(set(least), key=least.count)
    return (
        [scores[number][place] for number, place in enumerate(best)],
        [scores[number][place] for number, place in enumerate(least)],
        GRID[usual],
    )


def _leaky(values: FloatArray, tau_s: float) -> FloatArray:
    """Return the estimator's leaky mean of values once a second; it holds where none is known."""
    found, mean, seen_s = np.full(len(values), np.nan), np.nan, 0.0
    for second, value in enumerate(values):
        if np.isfinite(value):
            mean = value if np.isnan(mean) else mean
            seen_s = min(tau_s, seen_s + 1.0)
            mean += (value - mean) / seen_s
        found[second] = mean
    return found


def _bent(values: FloatArray, most: float) -> FloatArray:
    return np.asarray(values / np.sqrt(1.0 + (values / most) ** 2))
