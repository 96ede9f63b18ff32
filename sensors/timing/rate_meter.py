"""The rate of a signal as it comes, against the rate that was declared."""

from __future__ import annotations

import math
import statistics

__all__ = ["RateMeter"]

_WINDOW_S, _FEWEST = 5.0, 4  #: a rate is measured over so much time and so many arrivals
_AGREE = 0.1  #: so near to each other two measurements in a row must be
_OFF = 0.25  #: so far from the rate in use, which losses alone hardly bring about. Ours


class RateMeter:
    """Feed it with how many samples came when; it tells when the rate in use is wrong.

    Parameters
    ----------
    declared_hz
        As the device or its description promises.
    by_device
        Whether times are the device's own: then each arrival measures, and the median of them is
        not misled by frames that were lost.

    Attributes
    ----------
    declared_hz
        As promised.
    rate_hz
        The one in use: as declared, or as measured once that is sure.
    """

    def __init__(self, declared_hz: float, *, by_device: bool = False) -> None:
        self.declared_hz = self.rate_hz = declared_hz
        self._by_device = by_device
        self._earlier_hz = math.nan
        self.restart()

    @property
    def is_off(self) -> bool:
        """Return whether another rate than the declared one was found."""
        return self.rate_hz != self.declared_hz

    def restart(self) -> None:
        """Begin a new measurement: the time until the next samples tells nothing."""
        self._from_s: float | None = None
        self._last_s = 0.0
        self._count = 0
        self._steps_hz: list[float] = []

    def feed(self, time_s: float, count: int) -> bool:
        """Take in samples; return whether the rate in use has changed by them.

        Parameters
        ----------
        time_s
            Of the newest of them.
        count
            How many there are, with those that are known to be lost before them.

        Returns
        -------
        bool
            True once two measurements in a row agree with each other and not with it.
        """
        if self._from_s is None or time_s < self._last_s:
            self.restart()
            self._from_s = self._last_s = time_s
            return False
        if time_s > self._last_s:
            self._steps_hz.append(count / (time_s - self._last_s))
        self._last_s = time_s
        self._count += count
        lasts_s = time_s - self._from_s
        if lasts_s < _WINDOW_S or len(self._steps_hz) < _FEWEST:
            return False
        measured_hz = self._count / lasts_s
        if self._by_device:
            measured_hz = statistics.median(self._steps_hz)
        self.restart()
        self._from_s = self._last_s = time_s
        earlier_hz, self._earlier_hz = self._earlier_hz, measured_hz
        if abs(measured_hz / self.rate_hz - 1.0) <= _OFF:
            return False
        if not abs(measured_hz - earlier_hz) <= _AGREE * measured_hz:
            return False
        self.rate_hz = _round(measured_hz)
        return True


def _round(rate_hz: float) -> float:
    """Return a rate with three digits."""
    return float(f"{rate_hz:.3g}")
