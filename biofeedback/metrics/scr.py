"""Skin conductance responses, found while they rise."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from biofeedback.common.portable_math import expm1
from biofeedback.metrics.base import Reading
from biofeedback.metrics.eda_samples import EdaCoverage, Trusted

__all__ = ["Scr", "ScrRate"]

#: The usual minimum of a response (Boucsein et al. 2012, doi 10.1111/j.1469-8986.2012.01384.x).
_SMALLEST_US = 0.05
#: The cut-off that is usual for the phasic part, as a time constant: 1 / (2 pi 0.05 Hz).
_PHASIC_TAU_S = 3.18
#: The rest is our own choice, tuned on wrist recordings. The level and its phasic part must both
#: rise by the minimum within a few seconds: a level alone may drift, and a phasic part alone
#: recovers from below after a large response.
_RISE_S = 4.0
#: The peak is past when the phasic part has fallen by more than noise does, or takes too long.
_FALL_US, _LONGEST_RISE_S = 0.001, 6.0
#: A rise is counted before it has reached the minimum when it surely is one and its slope leads
#: there soon; it is taken back when it ends below.
_CERTAIN_US, _AHEAD_S = 0.025, 0.5
#: Smooths single samples away; far below the rise time of 1 to 3 s.
_SMOOTHING_S = 0.1

#: Time in s, smoothed level and its phasic part, both in uS.
_Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Scr:
    """One skin conductance response, complete when its peak has passed.

    `alarm_s` is when it was counted, early in its rise; `amplitude_us` is the rise of the
    level from onset to peak; `time_s` is when the peak was seen to be past.
    """

    time_s: float
    onset_s: float  #: where the rise began
    alarm_s: float
    peak_s: float  #: where it ended
    amplitude_us: float


class ScrRate:
    """Counts responses per minute over the last `window_s` seconds, each as soon as it rises.

    Parameters
    ----------
    window_s
        Length of the window.
    coverage
        Of the same samples.

    References
    ----------
    Boucsein et al. 2012, doi 10.1111/j.1469-8986.2012.01384.x
    """

    def __init__(self, window_s: float, coverage: EdaCoverage) -> None:
        self._window_s = window_s
        self._coverage = coverage
        self._alarms_s: deque[float] = deque()
        self._step_s = self._smooth_gain = self._slow_gain = 0.0
        self._level_us = self._slow_us = math.nan
        self._recent: deque[_Point] = deque()
        self._onset: _Point | None = None
        self._peak: _Point = (0.0, 0.0, 0.0)
        self._alarm_s = math.nan

    def feed(self, passed: list[Trusted]) -> list[Scr]:
        """Take in trusted samples; return the responses whose peaks they show to be past.

        Parameters
        ----------
        passed
            What `EdaGate` let through, in order of time.

        Returns
        -------
        list[Scr]
            In order of their peaks; often none.
        """
        responses: list[Scr] = []
        level_us, slow_us = self._level_us, self._slow_us
        for time_s, value_us, step_s in passed:
            before_us = level_us - slow_us
            if step_s <= 0.0:
                level_us = slow_us = value_us
                self._give_up()
                self._recent.clear()
            else:
                if step_s != self._step_s:
                    self._tune(step_s)
                level_us += self._smooth_gain * (value_us - level_us)
                slow_us += self._slow_gain * (level_us - slow_us)
            point = (time_s, level_us, level_us - slow_us)
            if self._onset is None:
                slope = (point[2] - before_us) / step_s if step_s > 0.0 else 0.0
                self._watch(point, slope)
            elif (response := self._follow(self._onset, point)) is not None:
                responses.append(response)
        self._level_us, self._slow_us = level_us, slow_us
        return responses

    def read(self, now_s: float, contact: float) -> Reading:
        """Return responses per minute of trusted signal; `contact` 0..1 scales the quality.

        Parameters
        ----------
        now_s
            Session time at which the window ends.
        contact
            Trust in the contact with the skin, 0 to 1; scales the quality.

        Returns
        -------
        Reading
            Per minute.
        """
        window_s = self._window_s
        covered_s = self._coverage.covered_s(now_s, window_s)
        while self._alarms_s and self._alarms_s[0] <= now_s - window_s:
            self._alarms_s.popleft()
        rate = 60.0 * len(self._alarms_s) / covered_s if covered_s > 0.0 else None
        return self._coverage.reading("scr_rate", rate, "1/min", window_s, now_s, contact)

    def _tune(self, step_s: float) -> None:
        self._step_s = step_s
        self._smooth_gain = -expm1(-step_s / _SMOOTHING_S)
        self._slow_gain = -expm1(-step_s / _PHASIC_TAU_S)

    def _watch(self, point: _Point, slope_us_per_s: float) -> None:
        """Keep the lowest level of the last seconds first in line; count a rise above it."""
        recent, (time_s, level_us, phasic_us) = self._recent, point
        while recent and recent[-1][1] >= level_us:
            recent.pop()
        recent.append(point)
        while recent[0][0] < time_s - _RISE_S:
            recent.popleft()
        lowest = recent[0]
        rise_us = level_us - lowest[1]
        if rise_us < _CERTAIN_US:
            return
        rise_us = min(rise_us, phasic_us - lowest[2])
        if rise_us >= _CERTAIN_US and rise_us + _AHEAD_S * slope_us_per_s >= _SMALLEST_US:
            self._onset, self._peak = lowest, point
            self._alarms_s.append(time_s)
            self._alarm_s = time_s

    def _give_up(self) -> None:
        """Take a count back: the rise broke off, or stayed too small."""
        if self._onset is not None:
            self._onset = None
            if self._alarms_s and self._alarms_s[-1] == self._alarm_s:
                self._alarms_s.pop()

    def _follow(self, onset: _Point, point: _Point) -> Scr | None:
        """Return the response once its peak is past."""
        time_s, _, phasic_us = point
        if phasic_us > self._peak[2]:
            self._peak = point
        peak = self._peak
        rise_us = peak[2] - onset[2]
        if phasic_us >= peak[2] - _FALL_US and time_s - onset[0] < _LONGEST_RISE_S:
            return None
        amplitude_us = peak[1] - onset[1]
        self._recent.clear()
        if min(amplitude_us, rise_us) < _SMALLEST_US:
            self._give_up()
            return None
        self._onset = None
        return Scr(time_s, onset[0], self._alarm_s, peak[0], amplitude_us)
