"""Samples with times of their own, put on the even grid that they were measured on."""

from __future__ import annotations

import numpy as np

from sensors.signals import Chunk, FloatArray, Signal

__all__ = ["on_grid"]

#: Samples may stand this far from an even grid, in periods, and still be an even series.
_JITTER_PERIODS = 0.25
#: An even series may be this much longer than its samples; beyond that its holes are not filled.
_MOST_MISSING = 20


def on_grid(signal: Signal, source: str, times_s: FloatArray, values: FloatArray) -> Chunk:
    """Return an even series with NaN in its holes, or single samples where there is no grid.

    `times_s` is (n,) and never decreases; `values` is (n,) or (n, channels).
    """
    steps_s = np.diff(times_s)
    period_s = float(np.median(steps_s)) if len(steps_s) else 0.0
    if period_s > 0.0:
        period_s = float(np.mean(steps_s[np.abs(steps_s - period_s) < 0.5 * period_s]))
        places = (times_s - times_s[0]) / period_s
        slots = np.rint(places)
        even = np.abs(places - slots).max() <= _JITTER_PERIODS and (np.diff(slots) > 0.0).all()
        if even and slots[-1] < _MOST_MISSING * len(slots):
            grid = np.full((int(slots[-1]) + 1, *values.shape[1:]), np.nan)
            grid[slots.astype(np.int64)] = values
            return Chunk.regular(signal, source, float(times_s[0]), 1.0 / period_s, grid)
    return Chunk.events(signal, source, times_s, values)
