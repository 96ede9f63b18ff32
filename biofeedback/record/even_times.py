"""Even device times as two numbers: the last one and their step.

A device stamps a frame of samples once, so the times of its samples are a line. Written one by
one they would take more room in the log than the samples.
"""

from __future__ import annotations

import math

import numpy as np

from sensors.signals import FloatArray

__all__ = ["even_times", "spread"]

#: How far a time may be from the line: far below the interval of any sample.
_TOLERANCE_S = 1e-5
_FEWEST = 3
_FINEST_DIGITS = 9


def even_times(times_s: FloatArray) -> tuple[float, float] | None:
    """Return the last of `times_s` (n,) and their step, in s; None when they are not even.

    The step has no more digits than `spread` can give back, so this of its result is the same.

    Parameters
    ----------
    times_s
        In s, shape (n,).

    Returns
    -------
    tuple[float, float] | None
        None with fewer than three as well; a time may be 10 us off.
    """
    count = len(times_s)
    if count < _FEWEST:
        return None
    last_s, first_s = float(times_s[-1]), float(times_s[0])
    unsure_s = 4.0 * math.ulp(max(abs(last_s), abs(first_s))) / (count - 1)
    digits = min(_FINEST_DIGITS, math.floor(-math.log10(unsure_s)))
    step_s = round((last_s - first_s) / (count - 1), digits)
    even = np.abs(spread(last_s, step_s, count) - times_s).max() <= _TOLERANCE_S
    return (last_s, step_s) if even else None


def spread(last_s: float, step_s: float, count: int) -> FloatArray:
    """Return `count` even times, in s, shape (count,), that end at `last_s`.

    Parameters
    ----------
    last_s
        The last time.
    step_s
        Their distance.
    count
        How many, from 0.

    Returns
    -------
    FloatArray
        Shape (count,), ascending.
    """
    return last_s - step_s * np.arange(count - 1, -1, -1, dtype=np.float64)
