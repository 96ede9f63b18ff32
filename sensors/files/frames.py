"""Samples that share the time of the packet they came in, spread over the time they took."""

from __future__ import annotations

import numpy as np

from sensors.signals import FloatArray

__all__ = ["share_times", "spread"]

_LEAST_SHARED = 0.4  #: share of samples without a time of their own, from which on frames are meant
_HOLE_FRAMES = 0.75  #: a frame that is later than this by its length has lost one before it


def share_times(times_s: FloatArray) -> bool:
    """Return whether most samples have the time of another one.

    Parameters
    ----------
    times_s
        In s, shape (n,), in order.

    Returns
    -------
    bool
        False for fewer than three different times.
    """
    steps_s = np.diff(times_s)
    return bool(np.count_nonzero(steps_s) > 1 and np.mean(steps_s == 0.0) >= _LEAST_SHARED)


def spread(times_s: FloatArray) -> FloatArray:
    """Return a time for each sample: one period after another, but for frames that are lost.

    A frame that came late has lost nothing, as long as a later one is in time: the least lag of all
    that follow tells.

    Parameters
    ----------
    times_s
        Of the frames, one for each sample, in s, shape (n,), in order.

    Returns
    -------
    FloatArray
        Shape (n,); multiples of one period behind the first frame's time.
    """
    firsts = np.flatnonzero(np.concatenate(([True], np.diff(times_s) > 0.0)))
    stamps_s = times_s[firsts]
    counts = np.diff(np.append(firsts, len(times_s)))
    steps_s = np.diff(stamps_s)
    period_s = float(np.median(steps_s / counts[:-1]))
    usual = np.abs(steps_s - counts[:-1] * period_s) < _HOLE_FRAMES * counts[:-1] * period_s
    if usual.any():
        period_s = float(steps_s[usual].sum() / counts[:-1][usual].sum())
    lags_s = stamps_s - stamps_s[0] - firsts * period_s
    least_s = np.minimum.accumulate(lags_s[::-1])[::-1]  # of this frame and all later ones
    jumps_s = np.diff(least_s, prepend=least_s[0])
    usual_count = float(np.median(counts))
    whole = usual_count if np.mean(counts == usual_count) > 0.9 else 1.0  # frames are lost whole
    missing = whole * np.rint(jumps_s / (whole * period_s))
    lost = np.where(jumps_s > _HOLE_FRAMES * counts * period_s, missing, 0.0)
    slots = np.arange(len(times_s)) + np.repeat(np.cumsum(lost), counts)
    return np.asarray(stamps_s[0] + slots * period_s)
