"""Mathematics that gives the same bits on every processor, from + - * / and the square root alone.

IEEE 754 fixes the results of those five. All else (the exponential of a C library, BLAS, an FFT,
numpy's own sines and sums) chooses its code by what the processor can do, and its last digits with
it. What is derived from a session's inputs is made of what stands here, so that any computer can
prove it. Sums are taken in an order that the code shows; errors stay within a few units in the last
place. numpy's elementwise + - * / and sqrt, comparisons and searches are exact and need no place
here.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "convolved",
    "cosine",
    "exp",
    "expm1",
    "interpolated",
    "log",
    "log1p",
    "mean",
    "sine",
    "total",
]

FloatArray = NDArray[np.float64]

#: ln 2 in two parts: a whole number of up to 20 binary digits times the first is exact.
_LN2_HIGH, _LN2_LOW = float.fromhex("0x1.62e42feep-1"), float.fromhex("0x1.a39ef35793c76p-33")
_SQRT_HALF = math.sqrt(0.5)
#: Coefficients of power series, the highest power first: of exp from x^2 on, up to ln 2 / 2; of
#: the inverse hyperbolic tangent from x^3 on, up to 0.172; of the sine from x^3 on, up to pi / 2.
#: What is left out lies below a unit in the last place.
_EXP = tuple(1.0 / math.factorial(n) for n in range(14, 1, -1))
_ATANH = tuple(1.0 / n for n in range(23, 1, -2))
_SINE = tuple((1 - n % 4 + 1) / math.factorial(n) for n in range(21, 1, -2))


def exp(x: float) -> float:
    """Return e to the power of a finite number; raise `OverflowError` above 709."""
    twos = round(x / _LN2_HIGH)
    return math.ldexp(1.0 + _exp_less_one((x - twos * _LN2_HIGH) - twos * _LN2_LOW), twos)


def expm1(x: float) -> float:
    """Return exp(x) - 1 of a finite number, also of a small one."""
    return _exp_less_one(x) if abs(x) < 0.5 * _LN2_HIGH else exp(x) - 1.0


def _exp_less_one(x: float) -> float:
    series = 0.0
    for coefficient in _EXP:
        series = series * x + coefficient
    return x + x * x * series


def log(x: float) -> float:
    """Return the natural logarithm of a finite number above 0."""
    if not x > 0.0:
        raise ValueError(f"no logarithm of {x}")
    share, twos = math.frexp(x)
    if share < _SQRT_HALF:
        share, twos = 2.0 * share, twos - 1
    slope = (share - 1.0) / (share + 1.0)
    square, series = slope * slope, 0.0
    for coefficient in _ATANH:
        series = series * square + coefficient
    return twos * _LN2_HIGH + (2.0 * slope * square * series + twos * _LN2_LOW + 2.0 * slope)


def log1p(x: float) -> float:
    """Return log(1 + x) of a finite number above -1, also of a small one."""
    above = 1.0 + x
    return log(above) + (x - (above - 1.0)) / above


def sine(turns: FloatArray) -> FloatArray:
    """Return the sine of angles in turns: of 0.25 it is 1."""
    angle = turns - np.rint(turns)
    np.subtract(np.copysign(0.5, angle), angle, out=angle, where=np.abs(angle) > 0.25)
    angle *= 2.0 * math.pi
    square = angle * angle
    series = square * _SINE[0]
    for coefficient in _SINE[1:-1]:
        series += coefficient
        series *= square
    series += _SINE[-1]
    series *= square
    series *= angle
    series += angle
    return series


def cosine(turns: FloatArray) -> FloatArray:
    """Return the cosine of angles in turns: of 0.5 it is -1."""
    return sine(turns - np.rint(turns) + 0.25)


def total(values: FloatArray) -> FloatArray:
    """Return the sum along the first axis: its halves are added, and the halves of what remains.

    A single number, as an array without axes, for an array of one axis.
    """
    count = len(values)
    if not count:
        return np.zeros(values.shape[1:])
    while count > 1:
        half = count // 2
        halves = values[:half] + values[half : 2 * half]
        if count % 2:
            halves[0] += values[-1]
        values, count = halves, half
    return np.asarray(values[0])


def mean(values: FloatArray) -> float:
    """Return the mean of at least one value, (n,)."""
    return float(total(values)) / len(values)


def convolved(values: FloatArray, kernel: FloatArray) -> FloatArray:
    """Return the convolution of values (n,) with a kernel (k,) where it fits in, (n - k + 1,)."""
    values = np.ascontiguousarray(values)
    shape = len(kernel), len(values) - len(kernel) + 1
    shifted: FloatArray = np.ndarray(shape, buffer=values, strides=2 * values.strides)
    return total(shifted * kernel[::-1, np.newaxis])


def interpolated(at: FloatArray, times: FloatArray, values: FloatArray) -> FloatArray:
    """Return values (n,) at ascending times (n,) as straight lines between them; at least two."""
    after = np.searchsorted(times, at, side="right").clip(1, len(times) - 1)
    before = after - 1
    share = (at - times[before]) / (times[after] - times[before])
    found: FloatArray = values[before] + share * (values[after] - values[before])
    return found
