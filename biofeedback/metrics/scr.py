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
#: The cut-off that is usual for the phasic part, as a time constant: 1 / (2 pi 0.05 Hz).
_PHASIC_TAU_S = 3.18
#: The rest is our own choice, tuned on wrist recordings. The level and its phasic part must both
#: rise by the minimum within a few seconds: a level alone may drift, and a phasic part alone
#: recovers from below after a large response.
_RISE_S = 4.0
#: The peak is past when the phasic part has fallen by this share of its rise, or takes too long.
_FALL_SHARE, _LONGEST_RISE_S = 0.02, 6.0
#: Smooths single samples away; far below the rise time of 1 to 3 s.
_SMOOTHING_S = 0.1


@dataclass(frozen=True, slots=True)
class Scr:
    """One skin conductance response, complete when its peak has passed.

    `alarm_s` is when it had risen by 0.05 uS and was counted; `amplitude_us` is the rise of the
    level from onset to peak; `time_s` is when the peak was seen to be past.
    """

    time_s: float
    onset_s: float
    alarm_s: float
    peak_s: float
    amplitude_us: float


@dataclass(slots=True)
class _Point:
    """The signal at one moment: smoothed level and its phasic part, both in uS."""

    time_s: float
    level_us: float
    phasic_us: float


class ScrRate:
    """Counts responses per minute over the last `window_s` seconds, each as soon as it rises."""

    def __init__(self, window_s: float) -> None:
        self._coverage = EdaCoverage(window_s)
        self._alarms_s: deque[float] = deque()
        self._step_s = self._smooth_gain = self._slow_gain = 0.0
        self._level_us = self._slow_us = math.nan
        self._recent: deque[_Point] = deque()
        self._onset: _Point | None = None
        self._peak = _Point(0.0, 0.0, 0.0)
        self._alarm_s = math.nan

    def add(self, time_s: float, value_us: float, step_s: float) -> Scr | None:
        """Take in a trusted sample; return the response whose peak it shows to be past."""
        self._coverage.add(time_s, value_us, step_s)
        if step_s <= 0.0:
            self._level_us = self._slow_us = value_us
            self._onset = None
            self._recent.clear()
        else:
            self._filter(value_us, step_s)
        point = _Point(time_s, self._level_us, self._level_us - self._slow_us)
        if self._onset is not None:
            return self._follow(self._onset, point)
        self._watch(point)
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

    def _filter(self, value_us: float, step_s: float) -> None:
        if step_s != self._step_s:
            self._step_s = step_s
            self._smooth_gain = -math.expm1(-step_s / _SMOOTHING_S)
            self._slow_gain = -math.expm1(-step_s / _PHASIC_TAU_S)
        self._level_us += self._smooth_gain * (value_us - self._level_us)
        self._slow_us += self._slow_gain * (self._level_us - self._slow_us)

    def _watch(self, point: _Point) -> None:
        """Keep the lowest level of the last seconds first in line; count a rise above it."""
        recent = self._recent
        while recent and recent[-1].level_us >= point.level_us:
            recent.pop()
        recent.append(point)
        while recent[0].time_s < point.time_s - _RISE_S:
            recent.popleft()
        lowest = recent[0]
        rise_us = min(point.phasic_us - lowest.phasic_us, point.level_us - lowest.level_us)
        if rise_us >= _SMALLEST_US:
            self._onset, self._peak, self._alarm_s = lowest, point, point.time_s
            self._alarms_s.append(point.time_s)

    def _follow(self, onset: _Point, point: _Point) -> Scr | None:
        """Return the response once its peak is past."""
        if point.phasic_us > self._peak.phasic_us:
            self._peak = point
        peak = self._peak
        fall_us = _FALL_SHARE * (peak.phasic_us - onset.phasic_us)
        if point.phasic_us >= peak.phasic_us - fall_us and (
            point.time_s - onset.time_s < _LONGEST_RISE_S
        ):
            return None
        self._onset = None
        self._recent.clear()
        amplitude_us = peak.level_us - onset.level_us
        return Scr(point.time_s, onset.time_s, self._alarm_s, peak.time_s, amplitude_us)
