"""Nonlinear indices of a whole recording, from its longest unbroken run of NN intervals.

They need hundreds of neighbouring beats, so they belong at the end. The same numbers as
neurokit2's, which needs seconds to load. Not for beats from a wrist in motion: noise looks like
complexity.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec
import numpy as np

from biofeedback.common.portable_math import log, mean, total
from biofeedback.metrics.beats import Beat
from sensors.signals import FloatArray

__all__ = ["Nonlinear", "longest_run", "nonlinear"]

#: Sample entropy with m = 2 wants 10^2 to 20^2 values (Richman and Moorman 2000).
_FEWEST_BEATS = 200
#: Sample entropy costs the square of the number of beats.
_MOST_BEATS = 1000
_SCALES = range(4, 17)


class Nonlinear(msgspec.Struct, frozen=True):
    """The indices, and how many beats they rest on.

    `dfa_alpha1`: short-term scaling of detrended fluctuations over 4 to 16 beats (Peng 1995), near
    1 at rest and lower in exertion. `sample_entropy`: how seldom patterns of two beats that match
    within 0.2 standard deviations go on matching (m = 2). `sd1_sd2`: the Poincare plot's shape.
    """

    beats: int
    dfa_alpha1: float | None
    sample_entropy: float | None
    sd1_sd2: float | None


def longest_run(beats: Iterable[Beat]) -> FloatArray:
    """Return the longest run of NN intervals in ms that follow one another, (n,).

    Parameters
    ----------
    beats
        Judged, in order of time.

    Returns
    -------
    FloatArray
        In ms, shape (n,); empty without NN.
    """
    best: list[float] = []
    run: list[float] = []
    for beat in beats:
        if not beat.is_nn:
            continue
        if not beat.joined:
            run = []
        run.append(beat.rr_ms)
        if len(run) > len(best):
            best = run
    return np.array(best)


def nonlinear(nn_ms: FloatArray) -> Nonlinear | None:
    """Return the indices of neighbouring NN intervals, (n,), the last 1000 at most.

    Parameters
    ----------
    nn_ms
        NN intervals in ms, shape (n,), each joined to the one before.

    Returns
    -------
    Nonlinear | None
        None below 200 of them, or when all are alike.

    References
    ----------
    Peng 1995, for dfa_alpha1
    Richman and Moorman 2000, for sample_entropy
    Brennan et al. 2001, doi 10.1109/10.959330, for sd1_sd2
    """
    nn_ms = nn_ms[-_MOST_BEATS:]
    if len(nn_ms) < _FEWEST_BEATS or np.ptp(nn_ms) == 0.0:
        return None
    sums, steps = nn_ms[1:] + nn_ms[:-1], np.diff(nn_ms)
    along = _spread(sums)
    return Nonlinear(
        beats=len(nn_ms),
        dfa_alpha1=_dfa_alpha(nn_ms),
        sample_entropy=_sample_entropy(nn_ms, 0.2 * _spread(nn_ms)),
        sd1_sd2=_spread(steps) / along if along > 0.0 else None,
    )


def _dfa_alpha(nn_ms: FloatArray) -> float | None:
    """Return the slope of log fluctuation over log scale, on half overlapping stretches."""
    profile = np.cumsum(nn_ms - mean(nn_ms))
    fluctuations = []
    for scale in _SCALES:
        starts = np.arange(0, len(profile) - scale, scale // 2)
        stretches = profile[starts[:, None] + np.arange(scale)]
        stretches = stretches.T - total(stretches.T) / scale
        line = (np.arange(scale) - (scale - 1) / 2)[:, np.newaxis]
        stretches -= total(stretches * line) / total(line * line) * line
        fluctuations.append(math.sqrt(mean(total(stretches * stretches) / scale)))
    if min(fluctuations) <= 0.0:
        return None
    scales = np.array([log(scale) for scale in _SCALES])
    scales -= mean(scales)
    return float(total(scales * [log(size) for size in fluctuations]) / total(scales * scales))


def _spread(values: FloatArray) -> float:
    """Return the sample standard deviation."""
    centred = values - mean(values)
    return math.sqrt(total(centred * centred) / (len(values) - 1))


def _sample_entropy(nn_ms: FloatArray, radius_ms: float) -> float | None:
    """Return -ln(A / B): B pairs of stretches of two beats match, and A of them go on to."""
    alike = np.abs(nn_ms[:, None] - nn_ms) <= radius_ms
    two = alike[:-2, :-2] & alike[1:-1, 1:-1]
    three = two & alike[2:, 2:]
    pairs = [np.count_nonzero(match) - len(match) for match in (two, three)]
    return -log(pairs[1] / pairs[0]) if min(pairs) > 0 else None
