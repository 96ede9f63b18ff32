"""Decides which skin conductance samples can be trusted.

Limits after Kleckner et al. 2018 (doi 10.1109/TBME.2017.2758643): 0.05 to 60 uS, and no change
faster than 10 uS/s, with a guard of 5 s. Their guard reaches back as well; a causal one cannot.
Dry wrists live near the floor, so low values are flagged instead of dropped.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable

import numpy as np

from biofeedback.common.portable_math import total
from biofeedback.metrics.base import Reading, measured, samples
from sensors.signals import Chunk, FloatArray

__all__ = ["EdaCoverage", "EdaGate", "Trusted"]

#: Time in s, conductance in uS, and the time since the trusted sample before it, 0 after a break.
Trusted = tuple[float, float, float]

FLOOR_US, CEILING_US, STEEPEST_US_PER_S, GUARD_S = 0.05, 60.0, 10.0, 5.0
#: A sample stands for the time since the one before it, up to this: beyond, data are missing.
_LONGEST_STEP_S = 1.0
_FASTEST_HZ = 16.0
#: Skin never stands still: the longest run of one value is 4.2 s in 17 hours of a wristband
#: (Stress-Predict). After so long a sensor is stuck, and says nothing. Our own choice.
_STUCK_S = 15.0
#: Keeps the mean of a block finite; far above the ceiling.
_LARGEST_US = 1e6
_LONGEST_ACCOUNT = 16_384


class EdaGate:
    """Passes trustworthy samples on and remembers when the signal last broke off.

    Rates above 16 Hz are averaged down in blocks first: skin changes within seconds.

    References
    ----------
    Kleckner et al. 2018, doi 10.1109/TBME.2017.2758643
    """

    def __init__(self) -> None:
        self._last_s = -math.inf
        self._last_us = math.nan
        self._blocked_until_s = -math.inf
        self._broken = True
        self._left_us: FloatArray = np.zeros(0)
        self._left_end_s = self._left_rate_hz = math.nan

    def cut(self) -> None:
        """Break the signal off, as a gap does."""
        self._broken = True
        self._last_us = math.nan
        self._left_us = np.zeros(0)

    def feed(self, chunk: Chunk) -> list[Trusted]:
        """Return (time_s, uS, step_s) of each sample to trust.

        Parameters
        ----------
        chunk
            Skin conductance in uS; samples from the past are left out.

        Returns
        -------
        list[Trusted]
            Empty when none can be trusted; `step_s` is the time since the trusted sample before
            it, or 0 after a break.
        """
        passed: list[Trusted] = []
        last_s, last_us = self._last_s, self._last_us
        for time_s, value_us in self._thinned(chunk):
            step_s = time_s - last_s
            if not step_s > 0.0:
                continue
            if step_s > _LONGEST_STEP_S:
                self._broken, last_us = True, math.nan
            last_s = time_s
            if not 0.0 <= value_us <= CEILING_US:
                self._broken, last_us = True, math.nan
                continue
            if abs(value_us - last_us) > STEEPEST_US_PER_S * step_s:
                self._blocked_until_s = time_s + GUARD_S
            last_us = value_us
            if time_s < self._blocked_until_s:
                self._broken = True
                continue
            passed.append((time_s, value_us, 0.0 if self._broken else step_s))
            self._broken = False
        self._last_s, self._last_us = last_s, last_us
        return passed

    def _thinned(self, chunk: Chunk) -> Iterable[tuple[float, float]]:
        """Return the samples, or means of blocks of them at the times of their last ones."""
        rate_hz = chunk.rate_hz
        if rate_hz is None or rate_hz <= _FASTEST_HZ:
            return samples(chunk)
        start_s, values_us = float(chunk.times_s[0]), chunk.values[:, 0]
        late_s = abs(start_s - self._left_end_s - 1.0 / rate_hz)
        if rate_hz == self._left_rate_hz and late_s <= 0.5 / rate_hz:
            values_us = np.concatenate((self._left_us, values_us))
            start_s -= len(self._left_us) / rate_hz
        block = math.ceil(rate_hz / _FASTEST_HZ)
        blocks = len(values_us) // block
        self._left_us = values_us[blocks * block :]
        self._left_end_s, self._left_rate_hz = float(chunk.times_s[-1]), rate_hz
        whole = values_us[: blocks * block].reshape(blocks, block)
        whole = np.where(np.abs(whole) <= _LARGEST_US, whole, math.nan)
        ends_s = start_s + (np.arange(1, blocks + 1) * block - 1) / rate_hz
        return zip(ends_s.tolist(), (total(whole.T) / block).tolist(), strict=True)


class EdaCoverage:
    """Keeps account of how much of the latest `longest_s` seconds trusted samples cover.

    Parameters
    ----------
    longest_s
        The longest window that will be asked for.
    """

    def __init__(self, longest_s: float) -> None:
        self._longest_s = longest_s
        self._times_s: list[float] = []
        self._covered_s: list[float] = []
        self._low: list[int] = []
        self._still_us, self._still_since_s = math.nan, math.inf

    def feed(self, passed: list[Trusted]) -> None:
        """Take in trusted samples.

        Parameters
        ----------
        passed
            What `EdaGate` let through, in order of time.
        """
        covered_s = self._covered_s[-1] if self._covered_s else 0.0
        low = self._low[-1] if self._low else 0
        for time_s, value_us, step_s in passed:
            covered_s += step_s
            if value_us < FLOOR_US:
                low += 1
            if value_us != self._still_us:
                self._still_us, self._still_since_s = value_us, time_s
            self._times_s.append(time_s)
            self._covered_s.append(covered_s)
            self._low.append(low)
        if len(self._times_s) > _LONGEST_ACCOUNT:
            self._forget()

    def covered_s(self, now_s: float, window_s: float) -> float:
        """Return how many of the last `window_s` seconds trusted samples cover.

        Parameters
        ----------
        now_s
            Session time at which the window ends.
        window_s
            Length of the window.

        Returns
        -------
        float
            In s.
        """
        first = self._first(now_s, window_s)
        if first == len(self._times_s):
            return 0.0
        return self._covered_s[-1] - (self._covered_s[first - 1] if first else 0.0)

    def reading(
        self,
        name: str,
        value: float | None,
        unit: str,
        window_s: float,
        now_s: float,
        contact: float,
    ) -> Reading:
        """Return a value of these samples, graded by how they cover a window.

        Its quality is halved where all is below the floor, and 0 when the latest sample has long
        been exactly the same.

        Parameters
        ----------
        name
            Of the reading.
        value
            What the data in the window say; None for nothing.
        unit
            Of the value.
        window_s
            Length of the window.
        now_s
            Session time at which the window ends.
        contact
            Trust in the contact with the skin, 0 to 1; scales the quality.

        Returns
        -------
        Reading
            Without a value where the window is covered by less than half.
        """
        return measured(
            name, value, unit, window_s, now_s,
            covered_s=self.covered_s(now_s, window_s),
            silent_s=now_s - self._times_s[-1] if self._times_s else math.inf,
            worth=self._worth(now_s, window_s),
            contact=contact,
        )  # fmt: skip

    def _worth(self, now_s: float, window_s: float) -> float:
        first = self._first(now_s, window_s)
        count = len(self._times_s) - first
        if not count or self._times_s[-1] - self._still_since_s > _STUCK_S:
            return 0.0
        low = self._low[-1] - (self._low[first - 1] if first else 0)
        return 1.0 - low / count / 2

    def _first(self, now_s: float, window_s: float) -> int:
        return bisect_right(self._times_s, now_s - window_s)

    def _forget(self) -> None:
        """Drop what has left the longest window; the sample before it still counts from."""
        stale = self._first(self._times_s[-1], self._longest_s) - 1
        if stale > 0:
            del self._times_s[:stale], self._covered_s[:stale], self._low[:stale]
