"""A mean that forgets, of values that come at any pace."""

from __future__ import annotations

import math

__all__ = ["LeakyMean"]


class LeakyMean:
    """The mean of all values at first, and of about the last `tau_s` seconds later on.

    `prior` is what it says before the first value, and for how much it counts then: as much as
    `tau_s` seconds of values. Without it there is no mean before the first value, and the first
    value is the mean.
    """

    def __init__(self, tau_s: float, prior: float | None = None) -> None:
        self._tau_s = tau_s
        self._seen_s = 0.0 if prior is None else tau_s
        self.mean = math.nan if prior is None else prior

    def feed(self, value: float, step_s: float) -> float:
        """Take in a value that stands for `step_s` seconds; return the mean with it."""
        if math.isnan(self.mean):
            self.mean = value
        self._seen_s = min(self._tau_s, self._seen_s + step_s)
        if self._seen_s > 0.0:
            self.mean += min(1.0, step_s / self._seen_s) * (value - self.mean)
        return self.mean

    def shift(self, by: float) -> None:
        """Move the mean, as where a sensor was put on anew and its zero with it."""
        self.mean += by
