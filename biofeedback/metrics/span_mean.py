"""The mean of a slow signal over the last seconds, from chunks that may leave holes."""

from __future__ import annotations

import math
from collections import deque

__all__ = ["SpanMean"]


class SpanMean:
    """Weighs each stretch of a signal with its length; what is older than the window is forgotten.

    Parameters
    ----------
    window_s
        Length of the window.
    """

    def __init__(self, window_s: float) -> None:
        self.window_s = window_s
        self._stretches: deque[tuple[float, float, float]] = deque()
        self.last_s = -math.inf  #: where the newest stretch ends

    def feed(self, end_s: float, seconds: float, value: float) -> None:
        """Take in a stretch.

        Parameters
        ----------
        end_s
            Session time at which it ends, later than the last one.
        seconds
            How long it is.
        value
            Its mean.
        """
        self.last_s = end_s
        self._stretches.append((end_s, seconds, value))
        self.advance(end_s)

    def advance(self, now_s: float) -> None:
        """Forget what ended before the window.

        Parameters
        ----------
        now_s
            Session time at which the window ends.
        """
        while self._stretches and self._stretches[0][0] <= now_s - self.window_s:
            self._stretches.popleft()

    @property
    def newest(self) -> float | None:
        """The value of the newest stretch; None without any."""
        return self._stretches[-1][2] if self._stretches else None

    @property
    def covered_s(self) -> float:
        """How much of the window was measured."""
        return math.fsum(seconds for _, seconds, _ in self._stretches)

    @property
    def mean(self) -> float | None:
        """The mean over what was measured; None where nothing was."""
        covered_s = self.covered_s
        if covered_s <= 0.0:
            return None
        return math.fsum(seconds * value for _, seconds, value in self._stretches) / covered_s

    def seconds_above(self, value: float) -> float:
        """Return for how long the signal lay above a value.

        Parameters
        ----------
        value
            In the unit of the signal.

        Returns
        -------
        float
            At most the length of the window, and of one stretch more.
        """
        return math.fsum(seconds for _, seconds, each in self._stretches if each > value)
