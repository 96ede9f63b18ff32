"""The scale of arousal: rest is 0.3, and one standard deviation of a person's rest above it 0.5.

The estimator of this program uses the same scale, so a listener's own arousal can be held against
the estimate. The logistic shape is a convention, not physiology.
"""

from __future__ import annotations

import numpy as np

from sensors.signals import FloatArray

__all__ = ["REST", "arousal_of", "deviations"]

REST = 0.3
_REST_LOGIT = float(np.log(REST / (1.0 - REST)))


def deviations(arousal: FloatArray) -> FloatArray:
    """Return how many standard deviations above rest an arousal between 0 and 1 lies."""
    inside = np.clip(arousal, 0.01, 0.99)
    return np.asarray((np.log(inside / (1.0 - inside)) - _REST_LOGIT) / -_REST_LOGIT)


def arousal_of(deviation: FloatArray) -> FloatArray:
    """Return the arousal that lies so many standard deviations above rest."""
    return np.asarray(1.0 / (1.0 + np.exp(-_REST_LOGIT * (1.0 - deviation))))
