"""The whole estimator with its constants chosen from all others, or not chosen at all.

What ships was settled with these people in view. Here weights and lag are either the best for
all people but the one who is scored, or none is chosen: the arousal of all candidates is averaged.
Many candidates are about equally good, so the best for the others is often not the best for the
one: choosing among near ties costs more than it gains.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

from biofeedback.state import estimator
from biofeedback.state.baseline import POPULATION
from sensors.signals import FloatArray

__all__ = ["GRID", "Candidate", "chosen_without_each", "filtered"]

#: Weights of heart rate, ln RMSSD, SCL and SCR rate, and the lag in s.
Candidate = tuple[float, float, float, float, float]
_SIZES, _LAGS_S = (0.0, 0.25, 0.5, 1.0), (3.0, 8.0, 20.0)
GRID: list[Candidate] = [
    (1.0, -a, b, c, lag_s) for a, b, c, lag_s in product(_SIZES, _SIZES, _SIZES, _LAGS_S)
]
_WINDOW_S = 60


def filtered(
    features: FloatArray, quality: FloatArray, rest_s: int, ends_s: FloatArray
) -> FloatArray:
    """Return arousal by each candidate, mean over 60 s up to each end, (candidates, ends).

    The estimator's own rules, once a second: deviations from rest kept within 3, weighted with
    their quality, followed by a scalar Kalman filter.
    """
    pooled = np.array([POPULATION[name].sd_within for name in POPULATION])
    rest = features[:rest_s]
    spread = np.sqrt((np.nanvar(rest, axis=0) + pooled**2) / 2)
    z = np.clip((features - np.nanmedian(rest, axis=0)) / spread, -3.0, 3.0)
    trust = np.where(np.isfinite(z), quality, 0.0)
    z = np.nan_to_num(z)
    weights = np.array([candidate[:4] for candidate in GRID])
    lags_s = np.array([candidate[4] for candidate in GRID])
    total = trust @ np.abs(weights).T
    measured = (trust * z) @ weights.T / np.maximum(total, 1e-12)
    share = total / np.abs(weights).sum(axis=1)
    wander, most = estimator.EstimatorSettings().wander_per_s, estimator._NOTHING_VARIANCE
    index, variance = np.zeros(len(GRID)), np.full(len(GRID), most)
    arousal = np.full((len(features), len(GRID)), 0.3)
    for second in range(rest_s, len(features)):
        variance = np.minimum(most, variance + wander)
        noise = wander * lags_s**2 / np.maximum(share[second], 1e-9)
        gain = np.where(share[second] > 0.0, variance / (variance + noise), 0.0)
        index = index + gain * (measured[second] - index)
        variance = variance * (1.0 - gain)
        logit = estimator._REST_LOGIT + estimator._LOGIT_PER_SD * index
        arousal[second] = 1.0 / (1.0 + np.exp(-logit))
    return np.array([arousal[int(end) - _WINDOW_S : int(end)].mean(axis=0) for end in ends_s]).T


def chosen_without_each(
    scores: list[FloatArray], area: Callable[[int, FloatArray], float]
) -> tuple[list[FloatArray], Candidate, int]:
    """Return each person's score by what was best for the others.

    `scores` has (candidates, ends) of each person, `area` the AUC of a person's score. The other
    values are the candidate that was chosen most often, and how often.
    """
    table = np.array(
        [[area(number, score) for score in each] for number, each in enumerate(scores)]
    )
    best = [
        int(np.argmax(np.delete(table, number, axis=0).mean(axis=0)))
        for number in range(len(scores))
    ]
    usual = max(set(best), key=best.count)
    chosen = [scores[number][place] for number, place in enumerate(best)]
    return chosen, GRID[usual], best.count(usual)
