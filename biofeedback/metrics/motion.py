"""How much the sensor is shaken, so that what motion spoils can be told from what the body does."""

from __future__ import annotations

import math

import numpy as np

from biofeedback.common.portable_math import expm1, mean, total
from biofeedback.metrics.base import Reading, measured
from biofeedback.metrics.span_mean import SpanMean
from sensors.signals import Chunk

__all__ = ["Motion"]

#: About what walking does to a wrist; sitting people stay below a third of it. Our own choice.
_MOVING_G = 0.1
#: Gravity is the mean of the length of the acceleration over about this time.
_GRAVITY_S = 10.0
#: What any such sensor can show; beyond lies a broken one.
_LARGEST_G = 16.0


class Motion:
    """Mean deviation of the length of the acceleration from its slow mean, in g.

    The length does not know directions, so turning the wrist slowly is no motion.

    Parameters
    ----------
    window_s
        Length of the window.
    """

    def __init__(self, window_s: float) -> None:
        self._gravity_g = math.nan
        self._shaking_g = SpanMean(window_s)

    def feed(self, chunk: Chunk) -> None:
        """Take in acceleration, (n, 1..3) in g; a chunk without a rate or with nonsense is left.

        Parameters
        ----------
        chunk
            Values in g, shape (n, 1 to 3).
        """
        if chunk.rate_hz is None or float(chunk.times_s[-1]) <= self._shaking_g.last_s:
            return
        length_g = np.sqrt(total((chunk.values * chunk.values).T))
        mean_g = mean(length_g)
        if not mean_g <= _LARGEST_G:
            return
        seconds = len(length_g) / chunk.rate_hz
        gain = 1.0 if math.isnan(self._gravity_g) else -expm1(-seconds / _GRAVITY_S)
        self._gravity_g = mean_g if gain == 1.0 else self._gravity_g
        shaking_g = mean(np.abs(length_g - self._gravity_g))
        self._gravity_g += gain * (mean_g - self._gravity_g)
        self._shaking_g.feed(float(chunk.times_s[-1]), seconds, shaking_g)

    def moving_share(self, now_s: float) -> float:
        """Return the share 0..1 of the latest window spent in motion; 0 where nothing is known.

        Parameters
        ----------
        now_s
            Session time.

        Returns
        -------
        float
            0 to 1.
        """
        self._shaking_g.advance(now_s)
        return min(1.0, self._shaking_g.seconds_above(_MOVING_G) / self._shaking_g.window_s)

    def is_moving(self) -> bool:
        """Return whether the newest data show motion.

        Returns
        -------
        bool
            False where nothing is known.
        """
        newest_g = self._shaking_g.newest
        return newest_g is not None and newest_g > _MOVING_G

    def read(self, now_s: float) -> Reading:
        """Return the mean over the window, in g.

        Parameters
        ----------
        now_s
            Session time at which the window ends.

        Returns
        -------
        Reading
            In g.
        """
        shaking_g = self._shaking_g
        shaking_g.advance(now_s)
        return measured(
            "motion", shaking_g.mean, "g", shaking_g.window_s, now_s,
            covered_s=shaking_g.covered_s, silent_s=now_s - shaking_g.last_s,
        )  # fmt: skip
