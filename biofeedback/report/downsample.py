"""Long series thinned to what a picture can show, without losing any peak."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sensors.signals import FloatArray

__all__ = ["envelope", "line", "spans"]

IntArray = NDArray[np.int64]


def envelope(
    times_s: FloatArray, low: FloatArray, high: FloatArray, end_s: float, columns: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return times, lowest `low` and highest `high` in each of `columns` equal parts of 0..end_s.

    All inputs have shape (n,). A part without finite values is NaN, one without samples is left
    out. Series of up to `columns` samples come back unchanged.
    """
    if len(times_s) <= columns:
        return times_s, low, high
    parts = _parts(times_s, end_s, columns)
    starts = np.flatnonzero(np.diff(parts, prepend=-1))
    lowest = np.fmin.reduceat(low, starts)
    highest = np.fmax.reduceat(high, starts)
    return (parts[starts] + 0.5) * end_s / columns, lowest, highest


def line(
    times_s: FloatArray, values: FloatArray, end_s: float, columns: int
) -> tuple[FloatArray, FloatArray]:
    """Return a line through the lowest and highest value of each part, in their order of time.

    Inputs have shape (n,); NaN breaks the line. Short series come back unchanged.
    """
    if len(times_s) <= 2 * columns:
        return times_s, values
    parts = _parts(times_s, end_s, columns)
    order = np.lexsort((values, parts))  # within a part: lowest first, NaN last
    starts = np.flatnonzero(np.diff(parts, prepend=-1))
    counts = np.diff(np.append(starts, len(parts)))
    known = np.add.reduceat(np.isfinite(values).astype(np.int64), starts)
    lowest = order[starts]
    highest = order[starts + np.maximum(known, 1) - 1]
    kept = np.unique(np.concatenate((lowest, highest, _breaks(values, starts, counts, known))))
    return times_s[kept], values[kept]


def spans(
    found: list[tuple[float, float]], end_s: float, columns: int
) -> list[tuple[float, float]]:
    """Return (start, end) merged where less than half a part lies between them, within 0..end_s."""
    bridge_s = 0.5 * end_s / columns
    merged: list[tuple[float, float]] = []
    for start, end in sorted((max(0.0, start), min(end_s, end)) for start, end in found):
        if end <= start:
            continue
        if merged and start - merged[-1][1] < bridge_s:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _parts(times_s: FloatArray, end_s: float, columns: int) -> IntArray:
    scaled = np.floor(times_s * columns / max(end_s, 1e-9))
    return np.maximum.accumulate(np.clip(scaled, 0, columns - 1).astype(np.int64))


def _breaks(
    values: FloatArray,
    starts: IntArray,
    counts: IntArray,
    known: IntArray,
) -> IntArray:
    """Return the place of the first NaN of each part that has one."""
    missing = np.flatnonzero(~np.isfinite(values))
    broken = np.flatnonzero(known < counts)
    return missing[np.searchsorted(missing, starts[broken])]
