"""RR intervals of a recording, placed in time with their breaks."""

from __future__ import annotations

import numpy as np

from sensors.files.recording import runs
from sensors.signals import Chunk, FloatArray, Gap, Signal
from sensors.timing.beat_timeline import NEIGHBOUR_TOLERANCE_S, PLAUSIBLE_RR_S

__all__ = ["from_intervals", "from_timed"]

#: A longer single interval is a misprint rather than a pause, so no time passes with it.
_LONGEST_PAUSE_S = 60.0


def from_intervals(rr_s: FloatArray, source: str) -> tuple[Chunk, list[Gap]]:
    """Place consecutive intervals one after another, from a first beat at 0 s.

    An implausible interval is left out: its time passes as a gap.

    Parameters
    ----------
    rr_s
        Intervals in s, shape (n,), in order.
    source
        The sensor's name, which its samples bear.

    Returns
    -------
    tuple[Chunk, list[Gap]]
        The plausible beats, and where the others were.
    """
    plausible = _plausible(rr_s)
    passes = np.isfinite(rr_s) & (rr_s > 0.0) & (rr_s <= _LONGEST_PAUSE_S)
    times_s = np.cumsum(np.where(passes, rr_s, 0.0))
    gaps = [
        Gap(
            Signal.RR,
            source,
            float(times_s[start - 1]) if start else 0.0,
            float(times_s[stop - 1]),
            "bad_data",
        )
        for start, stop in runs(~plausible)
    ]
    return Chunk.events(Signal.RR, source, times_s[plausible], rr_s[plausible]), gaps


def from_timed(times_s: FloatArray, rr_s: FloatArray, source: str) -> tuple[Chunk, list[Gap]]:
    """Keep the beats' own times; a break stands wherever two beats are not neighbours.

    Parameters
    ----------
    times_s
        When each interval ended, in s, shape (n,), in order.
    rr_s
        Intervals in s, shape (n,).
    source
        The sensor's name, which its samples bear.

    Returns
    -------
    tuple[Chunk, list[Gap]]
        The plausible beats, and the breaks among them.
    """
    plausible = _plausible(rr_s) & np.isfinite(times_s)
    times_s, rr_s = times_s[plausible], rr_s[plausible]
    apart = np.abs(np.diff(times_s) - rr_s[1:]) > NEIGHBOUR_TOLERANCE_S
    gaps = []
    for i in np.flatnonzero(apart):
        last_s = float(times_s[i])
        next_s = float(times_s[i + 1] - rr_s[i + 1])
        gaps.append(Gap(Signal.RR, source, last_s, max(last_s, next_s), "bad_data"))
    return Chunk.events(Signal.RR, source, times_s, rr_s), gaps


def _plausible(rr_s: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    low, high = PLAUSIBLE_RR_S
    with np.errstate(invalid="ignore"):
        return np.asarray((rr_s >= low) & (rr_s <= high))
