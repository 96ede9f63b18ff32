"""Nonlinear indices of a whole recording, from its longest unbroken run of NN intervals.

They need hundreds of neighbouring beats and much computation, so they belong at the end. neurokit2
does the work. Not for runs of beats from a wrist in motion: noise looks like complexity.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable

import msgspec
import numpy as np

from biofeedback.metrics.beats import Beat
from sensors.signals import FloatArray

__all__ = ["Nonlinear", "longest_run", "nonlinear"]

#: Sample entropy with m = 2 wants 10^2 to 20^2 values (Richman and Moorman 2000).
_FEWEST_BEATS = 200
#: Sample entropy costs the square of the number of beats.
_MOST_BEATS = 1000


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
    """Return the longest run of NN intervals in ms that follow one another, (n,)."""
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

    None below 200 of them, or when all are alike.
    """
    nn_ms = nn_ms[-_MOST_BEATS:]
    if len(nn_ms) < _FEWEST_BEATS or np.ptp(nn_ms) == 0.0:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import neurokit2

        entropy, _ = neurokit2.entropy_sample(
            nn_ms, delay=1, dimension=2, tolerance=0.2 * float(nn_ms.std(ddof=1))
        )
        alpha, _ = neurokit2.fractal_dfa(nn_ms, scale=np.arange(4, 17))
    sums, steps = nn_ms[1:] + nn_ms[:-1], np.diff(nn_ms)
    along = float(sums.std(ddof=1))
    return Nonlinear(
        beats=len(nn_ms),
        dfa_alpha1=_finite(float(alpha)),
        sample_entropy=_finite(float(entropy)),
        sd1_sd2=float(steps.std(ddof=1)) / along if along > 0.0 else None,
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
