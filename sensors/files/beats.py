"""RR intervals of a recording, placed in time with their breaks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from sensors.files.series import runs
from sensors.signals import Chunk, FloatArray, Gap, Signal
from sensors.timing.beat_timeline import NEIGHBOUR_TOLERANCE_S, PLAUSIBLE_RR_S, BeatTimeline

__all__ = ["are_ticks", "from_intervals", "from_timed", "placed"]

#: A longer single interval is a misprint rather than a pause, so no time passes with it.
_LONGEST_PAUSE_S = 60.0
#: A beat's own time, written in ms, is as close to its interval; an arrival is not.
_OWN_TIME_S = 2e-3
#: A strap counts 1.024 of its ticks in a ms; a clock that is off is off by far less than that.
_TICKS_IN_A_MS, _TICKS_OFF, _FEWEST_STEPS = 1.024, 0.004, 20
_TICKS_PER_S = 1_000_000


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


def are_ticks(times_s: FloatArray, rr_s: FloatArray) -> bool:
    """Return whether intervals that were taken for ms are in 1/1024 s, as straps send them.

    Parameters
    ----------
    times_s
        When each interval ended or began, in s, shape (n,), in order.
    rr_s
        Intervals as if they were in ms, in s, shape (n,).

    Returns
    -------
    bool
        True where the times between neighbours are shorter by just that ratio.
    """
    known = np.isfinite(rr_s) & np.isfinite(times_s)
    steps_s, ends_s = np.diff(times_s[known]), rr_s[known][1:]
    near = (ends_s > 0.0) & (np.abs(steps_s - ends_s) < 0.1 * ends_s)
    if np.count_nonzero(near) < max(_FEWEST_STEPS, 0.8 * len(steps_s)):
        return False
    ratio = float(ends_s[near].sum() / steps_s[near].sum())
    return abs(ratio / _TICKS_IN_A_MS - 1.0) < _TICKS_OFF


def placed(times_s: FloatArray, rr_s: FloatArray, source: str) -> tuple[Chunk, list[Gap]]:
    """Place beats by the times beside them, whether these are the beats' own or their arrival's.

    Arrivals, which beats of one packet share, are taken as those of a live sensor are.

    Parameters
    ----------
    times_s
        When each interval ended, began or came, in s, shape (n,), in order.
    rr_s
        Intervals in s, shape (n,).
    source
        The sensor's name, which its samples bear.

    Returns
    -------
    tuple[Chunk, list[Gap]]
        The plausible beats, each at its end, and the breaks among them.
    """
    known = np.isfinite(rr_s) & np.isfinite(times_s)
    times_s, rr_s = times_s[known], rr_s[known]
    steps_s = np.diff(times_s)
    ended_s, began_s = np.abs(steps_s - rr_s[1:]), np.abs(steps_s - rr_s[:-1])
    # Some programs write down when an interval began; ours stands at the beat that ends it.
    ends_there = ended_s.sum() <= began_s.sum()
    off_s = ended_s if ends_there else began_s
    own = not len(off_s) or (
        np.mean(off_s < _OWN_TIME_S) >= 0.5 or np.mean(off_s < NEIGHBOUR_TOLERANCE_S) > 0.98
    )
    if own:
        return from_timed(times_s if ends_there else times_s + rr_s, rr_s, source)
    return _arrived(times_s, rr_s, source)


def _arrived(times_s: FloatArray, rr_s: FloatArray, source: str) -> tuple[Chunk, list[Gap]]:
    """Place beats of packets, told by the times that they share, as if they came in now."""
    timeline = BeatTimeline(source, ticks_per_s=_TICKS_PER_S, even_packets=False)
    plausible = _plausible(rr_s)
    firsts = np.flatnonzero(np.concatenate(([True], np.diff(times_s) > 0.0)))
    beats_s: list[float] = []
    exact_s: list[float] = []
    gaps: list[Gap] = []
    for first, stop in pairwise([*firsts.tolist(), len(times_s)]):
        run: list[float] = []
        for place in range(first, stop):
            if plausible[place]:
                run.append(float(rr_s[place]))
            else:
                timeline.interrupt("bad_data")
        ticks = [round(interval_s * _TICKS_PER_S) for interval_s in run]
        for sample in timeline.feed(float(times_s[first]), ticks):
            if isinstance(sample, Gap):
                gaps.append(sample)
            else:
                beats_s += sample.times_s.tolist()
        exact_s += run
    # The timeline counts in ticks; the intervals themselves stay exact.
    return Chunk.events(Signal.RR, source, np.maximum.accumulate(beats_s), exact_s), gaps


def _plausible(rr_s: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    low, high = PLAUSIBLE_RR_S
    with np.errstate(invalid="ignore"):
        return np.asarray((rr_s >= low) & (rr_s <= high))
