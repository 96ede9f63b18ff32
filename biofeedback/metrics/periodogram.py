"""How strongly values at uneven times swing at each frequency of a grid."""

from __future__ import annotations

import numpy as np

from biofeedback.common.portable_math import cosine, sine, total
from sensors.signals import FloatArray

__all__ = ["lomb_scargle"]

#: Each wave is the product of a slow and a quick one: so many sines need not be computed.
_FINE = 16
_NEAR = 1 << 16  #: more numbers at once no longer lie near the processor


def lomb_scargle(
    times_s: FloatArray, values: FloatArray, step_hz: float, first: int, last: int
) -> FloatArray:
    """Return half the squared length of the best fitting wave, times n / 2, at each frequency.

    That is the classical Lomb-Scargle periodogram, as scipy has it, without scaling. Frequencies
    are whole multiples of `step_hz`.

    Parameters
    ----------
    times_s
        In s, shape (n,), in any order; best around 0.
    values
        With a mean of 0, shape (n,).
    step_hz
        Distance of the frequencies.
    first
        The lowest frequency, in steps, above 0.
    last
        The highest, in steps.

    Returns
    -------
    FloatArray
        Shape (last - first + 1,); large numbers where times tell two frequencies from none.

    References
    ----------
    Scargle 1982, ApJ 263
    """
    turns = times_s * step_hz
    fine_level, fine_rising = _wave(np.arange(_FINE)[:, np.newaxis] * turns)
    coarse = np.arange(first - first % _FINE, last + 1, _FINE)[:, np.newaxis]
    sums, products = [], np.empty((4, _FINE, len(values)))  # each wave in one piece of memory
    for slow_level, slow_rising in zip(*_wave(coarse * turns), strict=True):
        level = slow_level * fine_level - slow_rising * fine_rising
        rising = slow_rising * fine_level + slow_level * fine_rising
        for place, pair in enumerate(
            ((level, values), (rising, values), (level, level), (level, rising))
        ):
            np.multiply(*pair, out=products[place])
        sums.append(total(np.ascontiguousarray(products.transpose(2, 0, 1))))
    asked = slice(first % _FINE, first % _FINE + last - first + 1)
    with_cosine, with_sine, squares, mixed = np.concatenate(sums, axis=1)[:, asked]
    rest = len(values) - squares
    power: FloatArray = with_cosine * with_cosine * rest + with_sine * with_sine * squares
    power -= 2.0 * with_cosine * with_sine * mixed
    power /= 2.0 * np.maximum(squares * rest - mixed * mixed, 1e-9)
    return power


def _wave(turns: FloatArray) -> tuple[FloatArray, FloatArray]:
    return cosine(turns), sine(turns)
