"""The temperature of the skin under the sensor."""

from __future__ import annotations

from biofeedback.common.portable_math import mean
from biofeedback.metrics.base import Reading, measured
from biofeedback.metrics.span_mean import SpanMean
from sensors.signals import Chunk

__all__ = ["SkinTemperature"]

#: What skin can have indoors; a sensor outside of it lies on a table or is broken. Our own choice.
_COLDEST_C, _WARMEST_C = 15.0, 45.0
#: A sensor on skin shows this, after Kleckner et al. 2018 (doi 10.1109/TBME.2017.2758643).
_WORN_C = (30.0, 40.0)


class SkinTemperature:
    """Mean over `window_s` seconds, in degrees Celsius.

    Parameters
    ----------
    window_s
        Length of the window.

    References
    ----------
    Kleckner et al. 2018, doi 10.1109/TBME.2017.2758643, for what a worn sensor shows
    """

    def __init__(self, window_s: float) -> None:
        self._skin_c = SpanMean(window_s)

    def feed(self, chunk: Chunk) -> None:
        """Take in temperatures; a chunk without a rate, or which no skin has, is left out.

        Parameters
        ----------
        chunk
            Values in degrees Celsius, of which the first channel counts; skin has 15 to 45.
        """
        values_c, end_s = chunk.values[:, 0], float(chunk.times_s[-1])
        if chunk.rate_hz is None or end_s <= self._skin_c.last_s:
            return
        if not (values_c.min() >= _COLDEST_C and values_c.max() <= _WARMEST_C):
            return
        mean_c = mean(values_c)
        self._skin_c.feed(end_s, len(chunk) / chunk.rate_hz, mean_c)

    def looks_worn(self) -> bool:
        """Return False when the newest data are no temperature of covered skin.

        Returns
        -------
        bool
            True also where nothing is known; worn are 30 to 40 degrees Celsius.
        """
        newest_c = self._skin_c.newest
        return newest_c is None or _WORN_C[0] <= newest_c <= _WORN_C[1]

    def read(self, now_s: float) -> Reading:
        """Return the mean; its quality is halved where the sensor does not look worn.

        Parameters
        ----------
        now_s
            Session time at which the window ends.

        Returns
        -------
        Reading
            In degrees Celsius.
        """
        skin_c = self._skin_c
        skin_c.advance(now_s)
        return measured(
            "skin_temperature", skin_c.mean, "degC", skin_c.window_s, now_s,
            covered_s=skin_c.covered_s, silent_s=now_s - skin_c.last_s,
            worth=1.0 if self.looks_worn() else 0.5,
        )  # fmt: skip
