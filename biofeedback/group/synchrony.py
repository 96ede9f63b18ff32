"""How alike several hearts move just now, beyond what chance would make of the same hearts.

The heart rates of all wearers, freed of slow drift, are correlated over the latest minute, within
a lag of a second. Chance is what the same measure gives when one of the two is taken from another
minute, up to four earlier: such pairs have each body's own rhythm, and nothing in common. That is
the idea of surrogate data for synchrony (Moulder et al. 2018, doi 10.1037/met0000172). Only what
exceeds 99 % of them counts. Two bodies with one steady rhythm give no sign of moving together:
each minute fits every other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from biofeedback.common.portable_math import convolved, exp, interpolated, total
from biofeedback.metrics.base import Reading
from biofeedback.metrics.beats import Beat
from sensors.signals import FloatArray

__all__ = ["Synchrony"]

#: All of our own choosing.
_RATE_HZ = 2.0
_WINDOW_S = 60.0
_HISTORY_S = 300.0
_EVERY_S = 5.0
_DELAY_S = 2.0  #: beats this old are all in
_LAG = 2  #: samples: a second
_NEAREST_S, _STEP_S = 15.0, 2.0  #: surrogates are at least so far away, and so far apart
_FEWEST = 24  #: surrogates for each direction, from which chance is known well enough
_CHANCE = 0.99
_SMOOTH_S = 20.0
_DRIFT_S = 8.0  #: width of the mean that is taken away; breathing and slower waves stay
_LONGEST_S = 3.0  #: between beats; beyond it the heart was not seen
_SEEN = 0.8  #: share of a window in which a heart must have been seen
_LENGTH = int(_WINDOW_S * _RATE_HZ)
_SHIFTS = slice(int(_NEAREST_S * _RATE_HZ), None, int(_STEP_S * _RATE_HZ))


@dataclass(frozen=True, slots=True)
class _Measured:
    likeness: float
    chance: float


class Synchrony:
    """Fed with each wearer's beats; read at every tick."""

    def __init__(self, wearers: Sequence[str]) -> None:
        self._beats: dict[str, deque[tuple[float, float]]] = {name: deque() for name in wearers}
        self._next_s = 0.0
        self._measured: _Measured | None = None
        self._value: float | None = None

    def feed(self, wearer: str, beat: Beat) -> None:
        """Take in a beat; only normal ones count."""
        if beat.is_nn:
            self._beats[wearer].append((beat.time_s, 60_000.0 / beat.rr_ms))

    def read(self, now_s: float) -> tuple[Reading, Reading, Reading]:
        """Return synchrony beyond chance, 0 to 1, the likeness itself, and what chance gives."""
        if now_s >= self._next_s:
            self._next_s = now_s + _EVERY_S
            self._forget(now_s)
            self._measured = self._measure(now_s - _DELAY_S)
            self._follow()
        found, known = self._measured, 1.0 if self._measured else 0.0
        numbers = (
            ("synchrony", self._value),
            ("likeness", found.likeness if found else None),
            ("likeness_by_chance", found.chance if found else None),
        )
        first, second, third = (
            Reading(name, value, "", _WINDOW_S, now_s, known if value is not None else 0.0, known)
            for name, value in numbers
        )
        return first, second, third

    def _follow(self) -> None:
        """Smooth: one lucky minute is no synchrony. Unknown stays unknown."""
        found = self._measured
        if found is None:
            self._value = None
            return
        beyond = max(0.0, found.likeness - found.chance) / max(1e-9, 1.0 - found.chance)
        before = 0.0 if self._value is None else self._value
        self._value = before + (beyond - before) * _EVERY_S / _SMOOTH_S

    def _forget(self, now_s: float) -> None:
        for beats in self._beats.values():
            while beats and beats[0][0] < now_s - _HISTORY_S - _DELAY_S - _LONGEST_S:
                beats.popleft()

    def _measure(self, until_s: float) -> _Measured | None:
        hearts = [
            windows
            for beats in self._beats.values()
            if (windows := _windows(beats, until_s)) is not None
        ]
        if len(hearts) < 2:
            return None
        pairs = [(a, b) for k, a in enumerate(hearts) for b in hearts[k + 1 :]]
        likenesses = [_likeness(a, b) for a, b in pairs], [_likeness(b, a) for a, b in pairs]
        now = _mean_known(np.array([values[0] for values in likenesses[0]])[:, np.newaxis])
        chance = np.concatenate(
            [_mean_known(np.array([values[_SHIFTS] for values in way])) for way in likenesses]
        )
        chance = chance[~np.isnan(chance)]
        if len(chance) < 2 * _FEWEST or np.isnan(now[0]):
            return None
        return _Measured(float(now[0]), float(np.quantile(chance, _CHANCE)))


def _mean_known(values: FloatArray) -> FloatArray:
    """Return the mean over pairs (axis 0) of what is known; NaN where nothing is."""
    known = ~np.isnan(values)
    means: FloatArray = total(np.where(known, values, 0.0)) / np.maximum(
        1, np.count_nonzero(known, axis=0)
    )
    return np.where(known.any(axis=0), means, np.nan)


def _windows(beats: Sequence[tuple[float, float]], until_s: float) -> FloatArray | None:
    """Return a heart's minutes, the latest first, each begun a sample earlier; shape (n, length).

    Each has mean 0 and length 1, so that a product is a correlation; NaN where too little of a
    minute was seen. None when that is so of the latest.
    """
    series = _series(beats, until_s)
    if series is None:
        return None
    windows = sliding_window_view(series, _LENGTH)[::-1]
    unseen = np.isnan(windows)
    missing = np.count_nonzero(unseen, axis=1)
    means = total(np.where(unseen, 0.0, windows).T) / np.maximum(1, _LENGTH - missing)
    centred = np.where(unseen, 0.0, windows - means[:, np.newaxis])
    size = np.sqrt(total((centred * centred).T))
    bad = (missing / _LENGTH > 1.0 - _SEEN) | (size <= 0.0)
    normed: FloatArray = centred / np.where(bad, 1.0, size)[:, np.newaxis]
    normed[bad] = np.nan
    return None if bad[: _LAG + 1].any() else normed


def _likeness(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the correlation of a's latest minute with each of b's, the highest within the lag.

    Number k is for b's minute k samples earlier. Within the latest second only a's lag counts.
    """
    one, earlier = total((b * a[0]).T), total((a[_LAG:0:-1] * b[0]).T)
    padded = np.concatenate([earlier, one])
    around = sliding_window_view(np.concatenate([padded, np.full(_LAG, np.nan)]), 2 * _LAG + 1)
    known = ~np.isnan(around)
    best = np.where(known, around, -2.0).max(axis=1)
    return np.where(known[:, _LAG], best, np.nan)


def _series(beats: Sequence[tuple[float, float]], until_s: float) -> FloatArray | None:
    """Return the heart rate on an even grid that ends at `until_s`, NaN where it was not seen.

    Its slow drift is taken away. None with next to no beats.
    """
    if len(beats) < 20:
        return None
    times, rates = np.array(beats, dtype=np.float64).T
    count = int(_HISTORY_S * _RATE_HZ)
    grid = until_s - np.arange(count - 1, -1, -1) / _RATE_HZ
    after = np.searchsorted(times, grid).clip(1, len(times) - 1)
    unseen = (times[after] - times[after - 1] > _LONGEST_S) | (grid < times[0]) | (grid > times[-1])
    values = interpolated(grid, times, rates)
    drift = _smooth(np.where(unseen, 0.0, values)) / np.maximum(1e-9, _smooth(~unseen))
    series: FloatArray = np.where(unseen, np.nan, values - drift)
    return series


def _smooth(series: FloatArray | NDArray[np.bool_]) -> FloatArray:
    """Return a series (n,) times a bell of 1 at its top, as if there were zeros around it."""
    reach = int(3 * _DRIFT_S * _RATE_HZ)
    widths = [place / _RATE_HZ / _DRIFT_S for place in range(-reach, reach + 1)]
    bell = np.array([exp(-0.5 * width * width) for width in widths])
    return convolved(np.pad(series.astype(np.float64), reach), bell)
