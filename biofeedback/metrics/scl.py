"""SCL, the slow level of skin conductance."""

from __future__ import annotations

import math

from biofeedback.common.portable_math import expm1
from biofeedback.metrics.base import Reading
from biofeedback.metrics.eda_samples import EdaCoverage, Trusted

__all__ = ["Scl"]


class Scl:
    """A causal low-pass of skin conductance: two equal one-pole filters in a row, in uS.

    The level lags by about half of `window_s`, four time constants. After a break the filters
    start anew at the first sample.

    Parameters
    ----------
    window_s
        Length of the window.
    coverage
        Of the same samples.

    References
    ----------
    Boucsein et al. 2012, doi 10.1111/j.1469-8986.2012.01384.x, for the measure; the filter is ours.
    """

    def __init__(self, window_s: float, coverage: EdaCoverage) -> None:
        self._window_s = window_s
        self._tau_s = window_s / 4
        self._coverage = coverage
        self._first_us = self._second_us = math.nan
        self._step_s = self._gain = 0.0

    def feed(self, passed: list[Trusted]) -> None:
        """Take in trusted samples; a step of 0 follows a break.

        Parameters
        ----------
        passed
            What `EdaGate` let through, in order of time.
        """
        first_us, second_us, gain = self._first_us, self._second_us, self._gain
        for _, value_us, step_s in passed:
            if step_s <= 0.0:
                first_us = second_us = value_us
                continue
            if step_s != self._step_s:
                self._step_s = step_s
                gain = -expm1(-step_s / self._tau_s)
            first_us += gain * (value_us - first_us)
            second_us += gain * (first_us - second_us)
        self._first_us, self._second_us, self._gain = first_us, second_us, gain

    def read(self, now_s: float, contact: float) -> Reading:
        """Return the level; `contact` 0..1 scales the quality.

        Parameters
        ----------
        now_s
            Session time at which the window ends.
        contact
            Trust in the contact with the skin, 0 to 1; scales the quality.

        Returns
        -------
        Reading
            In uS.
        """
        value = None if math.isnan(self._second_us) else self._second_us
        return self._coverage.reading("scl", value, "uS", self._window_s, now_s, contact)
