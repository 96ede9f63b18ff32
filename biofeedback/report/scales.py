"""The scales of the figure: limits of its axes, and round numbers along them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sensors.signals import FloatArray

__all__ = ["broken", "limits", "step_s", "swapped", "ticks_ms"]

_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
_NICE_MS = (250, 300, 400, 500, 600, 700, 800, 1000, 1200, 1500, 2000, 2400)


def swapped(values: ArrayLike) -> FloatArray:
    """Turn beats per minute into ms between beats, and back."""
    return 60_000.0 / np.maximum(np.asarray(values, dtype=np.float64), 1e-3)


def broken(
    times_s: FloatArray, values: FloatArray, rr_ms: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the series with a NaN wherever a beat does not follow on the one before."""
    apart = np.flatnonzero(np.diff(times_s) > 1.5 * rr_ms[1:] / 1000.0) + 1
    return np.insert(times_s, apart, times_s[apart]), np.insert(values, apart, np.nan)


def limits(values: FloatArray, least: float) -> tuple[float, float]:
    """Return limits that show nearly all finite values, at least `least` apart."""
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0, least
    low, high = np.quantile(known, [0.002, 0.998]).tolist()
    room = max(0.08 * (high - low), (least - (high - low)) / 2)
    return low - room, high + room


def ticks_ms(low_bpm: float, high_bpm: float) -> list[int]:
    """Return round intervals whose rates lie within the limits, at least a tenth apart."""
    ticks: list[int] = []
    for ms in _NICE_MS:
        rate = 60_000.0 / ms
        apart = not ticks or 60_000.0 / ticks[-1] - rate >= 0.1 * (high_bpm - low_bpm)
        if low_bpm <= rate <= high_bpm and apart:
            ticks.append(ms)
    return ticks[::-1]


def step_s(end_s: float, ticks: int) -> int:
    """Return the least round step in s that needs at most `ticks` of them up to `end_s`."""
    return next((step for step in _STEPS_S if end_s / step <= ticks), _STEPS_S[-1])
