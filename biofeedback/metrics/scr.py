"""Skin conductance responses, found while they rise."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from biofeedback.metrics.base import Reading
from biofeedback.metrics.eda_samples import EdaCoverage
from biofeedback.metrics.quality import graded

__all__ = ["Scr", "ScrRate"]

#: The usual minimum of a response (Boucsein et al. 2012, doi 10.1111/j.1469-8986.2012.01384.x).
_SMALLEST_US = 0.05
#: A response reaches this height within a few seconds; what is slower is drift.
_RISE_S = 4.0
#: The peak is past when the signal has fallen by this share of the rise, or rises no more.
_FALL_SHARE, _LONGEST_RISE_S = 0.1, 6.0
#: Smooths single samples away; far below the rise time of 1 to 3 s.
_SMOOTHING_S = 0.2


@dataclass(frozen=True, slots=True)
class Scr:
    """One skin conductance response, complete when its peak has passed.

    `alarm_s` is when it had risen by 0.05 uS and was counted, `amplitude_us` trough to peak.
    """

    time_s: float
    onset_s: float
    alarm_s: float
    peak_s: float
    amplitude_us: float


class ScrRate:
    """Counts responses per minute over the last `window_s` seconds."""

    def __init__(self, window_s: float) -> None:
        self._coverage = EdaCoverage(window_s)
        self._alarms_s: deque[float] = deque()
        self._smooth_us = math.nan
        self._recent: deque[tuple[float, float]] = deque()
        self._onset_s = self._trough_us = self._alarm_s = math.nan
        self._peak_s, self._peak_us = math.nan, math.nan
        self._rising = False

    def add(self, time_s: float, value_us: float, step_s: float) -> Scr | None:
        """Take in a trusted sample; return the response whose peak it shows to be past."""
        self._coverage.add(time_s, value_us, step_s)
        if step_s <= 0.0:
            self._smooth_us = value_us
            self._rising = False
            self._recent.clear()
        else:
            self._smooth_us += -math.expm1(-step_s / _SMOOTHING_S) * (value_us - self._smooth_us)
        if self._rising:
            return self._follow(time_s, self._smooth_us)
        self._watch(time_s, self._smooth_us)
        return None

    def read(self, now_s: float, contact: float) -> Reading:
        """Return responses per minute of trusted signal; `contact` 0..1 scales the quality."""
        self._coverage.advance(now_s)
        window_s, covered_s = self._coverage.window_s, self._coverage.covered_s()
        while self._alarms_s and self._alarms_s[0] <= now_s - window_s:
            self._alarms_s.popleft()
        rate = 60.0 * len(self._alarms_s) / covered_s if covered_s > 0.0 else None
        share, trust = self._coverage.share(now_s), self._coverage.trust(now_s) * contact
        return graded("scr_rate", rate, "1/min", window_s, now_s, share, trust)

    def _watch(self, time_s: float, level_us: float) -> None:
        """Keep the lowest point of the last seconds first in line; count a rise above it."""
        recent = self._recent
        while recent and recent[-1][1] >= level_us:
            recent.pop()
        recent.append((time_s, level_us))
        while recent[0][0] < time_s - _RISE_S:
            recent.popleft()
        onset_s, trough_us = recent[0]
        if level_us - trough_us >= _SMALLEST_US:
            self._rising = True
            self._onset_s, self._trough_us, self._alarm_s = onset_s, trough_us, time_s
            self._peak_s, self._peak_us = time_s, level_us
            self._alarms_s.append(time_s)

    def _follow(self, time_s: float, level_us: float) -> Scr | None:
        if level_us > self._peak_us:
            self._peak_s, self._peak_us = time_s, level_us
        amplitude_us = self._peak_us - self._trough_us
        fallen = level_us < self._peak_us - _FALL_SHARE * amplitude_us
        if not fallen and time_s - self._onset_s < _LONGEST_RISE_S:
            return None
        self._rising = False
        self._recent.clear()
        return Scr(time_s, self._onset_s, self._alarm_s, self._peak_s, amplitude_us)
