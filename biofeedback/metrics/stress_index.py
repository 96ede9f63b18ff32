"""Baevsky's stress index: how narrow and fast the distribution of beats is.

SI = AMo / (2 Mo MxDMn) with Mo the median NN interval in s, AMo the percentage of intervals in the
fullest of the 50 ms bins, MxDMn the range in s (Baevsky and Chernikova 2017). Given as its square
root, as Kubios shows it, for which 7 to 12 is usual at rest. One outlier changes the range, so it
needs clean beats; it mixes heart rate and variability, and adds little to either.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from biofeedback.metrics.base import Reading
from biofeedback.metrics.beat_window import BeatWindow

__all__ = ["StressIndex", "sqrt_stress_index"]

_BIN_MS = 50.0
_FEWEST_BEATS = 20


class StressIndex:
    """The square root of Baevsky's index over a window of beats.

    Parameters
    ----------
    beats
        The window of beats.

    References
    ----------
    Baevsky and Chernikova 2017, Cardiometry 10
    """

    def __init__(self, beats: BeatWindow) -> None:
        self._beats = beats
        self._seen = -1
        self._value: float | None = None

    def read(self, now_s: float, contact: float) -> Reading:
        """Return sqrt(SI); `contact` 0..1 scales the quality.

        Parameters
        ----------
        now_s
            Session time at which the window ends.
        contact
            Trust in the contact with the skin, 0 to 1; scales the quality.

        Returns
        -------
        Reading
            Without a unit; 7 to 12 is usual at rest.
        """
        beats = self._beats
        if (changes := beats.changes) != self._seen:
            self._seen = changes
            self._value = sqrt_stress_index(beats.nn_ms())
        return beats.reading("stress_index", self._value, "", now_s, contact)


def sqrt_stress_index(nn_ms: Sequence[float]) -> float | None:
    """Return sqrt(SI) of NN intervals in ms; None below 20 of them or when all are alike.

    Parameters
    ----------
    nn_ms
        In any order.

    Returns
    -------
    float | None
        Above 0.

    References
    ----------
    Baevsky and Chernikova 2017, Cardiometry 10
    """
    if len(nn_ms) < _FEWEST_BEATS:
        return None
    ordered = sorted(nn_ms)
    middle = len(ordered) // 2
    median_ms = (ordered[middle] + ordered[~middle]) / 2
    range_ms = ordered[-1] - ordered[0]
    if range_ms <= 0.0:
        return None
    fullest = max(Counter([int(rr_ms / _BIN_MS) for rr_ms in ordered]).values())
    share_percent = 100.0 * fullest / len(ordered)
    return math.sqrt(share_percent / (2 * median_ms / 1000.0 * range_ms / 1000.0))
