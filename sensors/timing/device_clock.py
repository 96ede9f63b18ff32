"""A device's own clock against the session's: which time it means, and how fast it runs."""

from __future__ import annotations

import numpy as np

__all__ = ["RELAXATION", "DeviceClock", "DriftMeter"]

#: How fast an offset may grow, to follow a device whose clock is slow: watch crystals stay within
#: 100 ppm. The slower, the better one early packet is remembered. Found on simulated straps.
RELAXATION = 150e-6
_RESTARTED_S = 30.0  #: no packet is that late: the device's clock was set back
_SET_S = 2.0  #: no packet was that late: the device's clock was set forward
_FIRST_SPAN_S = 20.0
_MOST_SPANS = 64
_ENOUGH_SPANS = 12
_SURE_PPM = 5.0  #: an estimate counts when its standard error is smaller


class DriftMeter:
    """Estimates how fast a device's clock runs, from arrivals that are late but never early.

    Of each stretch of time only the earliest arrival counts, which suffered least delay; a line
    through them has the drift as its slope. Stretches grow with the session: memory is bounded.
    """

    def __init__(self) -> None:
        self._ppm: float | None = None
        self.restart()

    def restart(self) -> None:
        """Forget the offset between the clocks, after a loss or a jump; the last rate stays."""
        self._span_s = _FIRST_SPAN_S
        self._earliest: list[tuple[float, float]] = []
        self._span_end_s = 0.0

    @property
    def ppm(self) -> float | None:
        """Return by how many millionths the device's clock is fast; None until that is sure.

        That takes four minutes with a device's own times, some 35 minutes with RR intervals.
        """
        return self._ppm

    def feed(self, arrival_s: float, device_s: float) -> None:
        """Take the device's time of a packet, and when it arrived.

        Parameters
        ----------
        arrival_s
            When it arrived, in session time.
        device_s
            Time on the device's own clock, in s.
        """
        delay_s = arrival_s - device_s
        if self._earliest and arrival_s < self._span_end_s:
            if delay_s < self._earliest[-1][1]:
                self._earliest[-1] = (arrival_s, delay_s)
            return
        if len(self._earliest) >= _ENOUGH_SPANS:
            self._fit()
        if len(self._earliest) >= _MOST_SPANS:
            pairs = zip(self._earliest[::2], self._earliest[1::2], strict=True)
            self._earliest = [min(pair, key=lambda point: point[1]) for pair in pairs]
            self._span_s *= 2.0
        self._earliest.append((arrival_s, delay_s))
        self._span_end_s = arrival_s + self._span_s

    def _fit(self) -> None:
        """Draw a line through the earliest arrivals by least squares."""
        arrivals_s, delays_s = np.array(self._earliest).T
        arrivals_s, delays_s = arrivals_s - arrivals_s.mean(), delays_s - delays_s.mean()
        spread = float(arrivals_s @ arrivals_s)
        slope = float(arrivals_s @ delays_s) / spread
        left = delays_s - slope * arrivals_s
        error = np.sqrt(float(left @ left) / (len(left) - 2) / spread)
        if error * 1e6 < _SURE_PPM:
            self._ppm = -slope * 1e6


class DeviceClock:
    """Maps a device's clock to session time by the smallest delay seen, which may grow slowly.

    Attributes
    ----------
    drift
        How fast the device's clock runs.
    """

    def __init__(self) -> None:
        self.drift = DriftMeter()
        self._offset_s: float | None = None
        self._arrival_s = 0.0

    def feed(self, arrival_s: float, device_s: float) -> bool:
        """Take the time of a packet's last sample; return whether the clock was set anew.

        Parameters
        ----------
        arrival_s
            When it arrived, in session time.
        device_s
            Time on the device's own clock, in s.

        Returns
        -------
        bool
            True after a jump; the times that were given before hold no more.
        """
        allowed_s = arrival_s - device_s
        offset_s = self._offset_s
        jumped = offset_s is not None and not -_SET_S < allowed_s - offset_s < _RESTARTED_S
        if offset_s is None or jumped:
            self._offset_s = allowed_s
            self.drift.restart()
        else:
            relaxed_s = offset_s + RELAXATION * max(0.0, arrival_s - self._arrival_s)
            self._offset_s = min(relaxed_s, allowed_s)
        self._arrival_s = arrival_s
        self.drift.feed(arrival_s, device_s)
        return jumped

    def session_s(self, device_s: float) -> float:
        """Return the session time of a device time; only after the first `feed`.

        Parameters
        ----------
        device_s
            Time on the device's own clock, in s.

        Returns
        -------
        float
            In s.

        Raises
        ------
        AssertionError
            Before the first `feed`.
        """
        assert self._offset_s is not None
        return device_s + self._offset_s
