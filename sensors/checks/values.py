"""What a body can show at all: values at the door, whoever brings them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sensors.checks.doubt import Doubt
from sensors.signals import UNITS, FloatArray, Signal

__all__ = ["ValueCheck", "possible"]

#: Between these, neither included, in the unit of the signal. Of a heart rate the limits are those
#: of straps; what a skin conducts is more than nothing. The rest is what no sensor on a body shows.
_POSSIBLE: dict[Signal, tuple[float, float]] = {
    Signal.HR: (19.9, 300.1),
    Signal.EDA: (0.0, 100.0),
    Signal.TEMP: (-40.0, 80.0),
    Signal.ECG: (-1000.0, 1000.0),
    Signal.ACC: (-100.0, 100.0),
}
_ANY = (-1e12, 1e12)
_LATEST, _MOST_BAD = 10, 5  #: of so many values so many make a doubt
#: Unix times of this century in s, ms, us and ns.
_UNIX_S, _UNIX_STEPS = (9e8, 5e9), (1.0, 1e3, 1e6, 1e9)


def possible(signal: Signal, values: FloatArray) -> NDArray[np.bool_]:
    """Return which rows a body can show.

    Parameters
    ----------
    signal
        What is measured.
    values
        In its unit, shape (n, channels).

    Returns
    -------
    NDArray[np.bool_]
        Shape (n,); False as well for what is not finite.
    """
    low, high = _POSSIBLE.get(signal, _ANY)
    with np.errstate(invalid="ignore"):
        fits: NDArray[np.bool_] = np.all((values > low) & (values < high), axis=1)
    return fits


class ValueCheck:
    """Feed it with all values of a signal; most of them impossible make a `doubt`.

    Parameters
    ----------
    signal
        What they are said to measure.
    """

    def __init__(self, signal: Signal) -> None:
        self._signal = signal
        self._latest: list[bool] = []
        self._example = 0.0

    @property
    def doubt(self) -> Doubt | None:
        """Return why hardly anything of this signal counts; None while most does."""
        if self._latest.count(False) < _MOST_BAD:
            return None
        return Doubt(
            f"What comes as {self._signal} cannot be: {self._example:g} {UNITS[self._signal]}"
            f"{self._looks_like()}.",
            0.5,
        )

    def feed(self, sound: NDArray[np.bool_], values: FloatArray) -> None:
        """Take in which rows of some values are possible.

        Parameters
        ----------
        sound
            Shape (n,).
        values
            Shape (n, channels).
        """
        bad = np.flatnonzero(~sound)
        if len(bad):
            row = values[bad[-1]]
            self._example = float(row[np.argmax(np.abs(row))])
        self._latest = [*self._latest, *sound[-_LATEST:].tolist()][-_LATEST:]

    def _looks_like(self) -> str:
        value = self._example
        if any(_UNIX_S[0] < value / step < _UNIX_S[1] for step in _UNIX_STEPS):
            return ", which looks like a Unix time"
        if math.isfinite(value) and self._signal is Signal.EDA and value >= 100.0:
            return ", which may be nS or a resistance"
        if self._signal is Signal.RR and 240.0 <= value <= 3000.0:
            return ", which may be ms"
        return ""
