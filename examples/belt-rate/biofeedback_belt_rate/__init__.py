"""Breaths a minute from a respiration belt: the chest itself, not the heart that follows it.

    biofeedback run --sensor ... --set metrics.plugins.belt_rate={}

or with a setting of its own: --set metrics.plugins.belt_rate.window_s=60
"""

from __future__ import annotations

from collections import deque

import numpy as np

from biofeedback.metrics.base import Reading, covered_share, freshness, graded
from biofeedback.metrics.beats import Beat
from sensors.signals import Chunk, Gap, Signal

__all__ = ["BeltRate"]

_MOST_SAMPLES = 6000
_SLOWEST, _FASTEST = 3.0, 40.0  #: breaths a minute
_DEAD = 0.2  #: share of the swing that noise may cross the middle by
_LARGEST = 1e6


class BeltRate:
    """The rate of rising passages through the middle of the belt's swing."""

    signal = Signal.RESP

    def __init__(self, window_s: float = 30.0) -> None:
        if not 10.0 <= window_s <= 120.0:
            raise ValueError(f"window_s is {window_s:g}, not within 10 to 120")
        self._window_s = window_s
        self._samples: deque[tuple[float, float]] = deque(maxlen=_MOST_SAMPLES)

    def feed(self, item: Beat | Chunk | Gap) -> None:
        """Take in stretch of the belt; samples that are late, twice or no numbers are left out."""
        if isinstance(item, Gap):
            self._samples.clear()
        elif isinstance(item, Chunk):
            for time_s, value in zip(
                item.times_s.tolist(), item.values[:, 0].tolist(), strict=True
            ):
                late = bool(self._samples) and time_s <= self._samples[-1][0]
                if not late and abs(value) < _LARGEST:  # NaN is not either
                    self._samples.append((time_s, value))

    def read(self, now_s: float, contact: float) -> Reading:
        """Return the rate over the window that ends at `now_s`."""
        while self._samples and self._samples[0][0] < now_s - self._window_s:
            self._samples.popleft()
        silent_s = now_s - self._samples[-1][0] if self._samples else self._window_s
        covered_s = self._samples[-1][0] - self._samples[0][0] if self._samples else 0.0
        return graded(
            "belt_rate",
            self._rate(),
            "1/min",
            self._window_s,
            now_s,
            covered_share(covered_s, self._window_s, silent_s),
            contact * freshness(silent_s, self._window_s),
        )

    def _rate(self) -> float | None:
        if len(self._samples) < 8:
            return None
        times_s, values = np.array(self._samples).T
        low, high = np.percentile(values, (5, 95))
        dead = _DEAD * (high - low)
        if dead <= 0.0:
            return None  # it hangs on a chair
        rises, below = [], False
        for time_s, value in zip(
            times_s.tolist(), (values - (low + high) / 2).tolist(), strict=True
        ):
            if below and value > dead:
                rises.append(time_s)
                below = False
            below = below or value < -dead
        if len(rises) < 3:
            return None
        per_minute = 60.0 * (len(rises) - 1) / (rises[-1] - rises[0])
        return per_minute if _SLOWEST <= per_minute <= _FASTEST else None
