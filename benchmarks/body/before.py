"""The estimate that shipped before this one, to be compared with.

A weighted mean of deviations from rest, each kept within 3: heart rate 1, ln RMSSD -1/4, ln SCL
and ln(1 + SCR/min) 1/4, weighted with their quality, followed by a scalar Kalman filter.
"""

from __future__ import annotations

import warnings

import numpy as np

from biofeedback.state.baseline import POPULATION
from sensors.signals import FloatArray

__all__ = ["arousal_before", "deviations"]

_WEIGHTS = np.array([1.0, -0.25, 0.25, 0.25])
_LARGEST_Z, _WANDER_PER_S, _LAG_S, _NOTHING = 3.0, 0.02, 8.0, 2.25


def deviations(features: FloatArray, rest_s: int) -> FloatArray:
    """Return how far features (seconds, 4) lie from the rest; NaN where unknown."""
    pooled = np.array([prior.sd_within for prior in POPULATION.values()])
    rest = features[:rest_s]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a feature that is nowhere known
        spread = np.sqrt((np.nanvar(rest, axis=0) + pooled**2) / 2)
        return np.asarray((features - np.nanmedian(rest, axis=0)) / spread)


def arousal_before(features: FloatArray, quality: FloatArray, rest_s: int) -> FloatArray:
    """Return the estimate once a second, 0 to 1."""
    z = np.clip(deviations(features, rest_s), -_LARGEST_Z, _LARGEST_Z)
    trust = np.where(np.isfinite(z), quality, 0.0)
    total = trust @ np.abs(_WEIGHTS)
    measured = (trust * np.nan_to_num(z)) @ _WEIGHTS / np.maximum(total, 1e-12)
    share = total / np.abs(_WEIGHTS).sum()
    index, variance = 0.0, _NOTHING
    arousal = np.full(len(features), 0.3)
    for second in range(rest_s, len(features)):
        variance = min(_NOTHING, variance + _WANDER_PER_S)
        if share[second] > 0.0:
            gain = variance / (variance + _WANDER_PER_S * _LAG_S**2 / share[second])
            index += gain * (measured[second] - index)
            variance *= 1.0 - gain
        arousal[second] = 1.0 / (1.0 + np.exp(np.log(7 / 3) * (1.0 - index)))
    return arousal
