"""SCL, the slow level of skin conductance."""

from __future__ import annotations

import math

from biofeedback.metrics.base import Reading
from biofeedback.metrics.eda_samples import EdaCoverage
from biofeedback.metrics.quality import graded

__all__ = ["Scl"]


class Scl:
    """A causal low-pass of skin conductance: two equal one-pole filters in a row, in uS.

    The level lags by about half of `window_s`, four time constants. After a break the filters
    start anew at the first sample.
    """

    def __init__(self, window_s: float) -> None:
        self._tau_s = window_s / 4
        self._coverage = EdaCoverage(window_s)
        self._first_us = self._second_us = math.nan
        self._step_s = self._gain = 0.0

    def add(self, time_s: float, value_us: float, step_s: float) -> None:
        """Take in a trusted sample; `step_s` is 0 after a break."""
        self._coverage.add(time_s, value_us, step_s)
        if step_s <= 0.0:
            self._first_us = self._second_us = value_us
            return
        if step_s != self._step_s:
            self._step_s, self._gain = step_s, -math.expm1(-step_s / self._tau_s)
        self._first_us += self._gain * (value_us - self._first_us)
        self._second_us += self._gain * (self._first_us - self._second_us)

    def read(self, now_s: float, contact: float) -> Reading:
        """Return the level; `contact` 0..1 scales the quality."""
        self._coverage.advance(now_s)
        window_s, share = self._coverage.window_s, self._coverage.share(now_s)
        value = None if math.isnan(self._second_us) else self._second_us
        trust = self._coverage.trust(now_s) * contact
        return graded("scl", value, "uS", window_s, now_s, share, trust)
