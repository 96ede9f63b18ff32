"""Coherence: how much of the heart's variability is one slow wave.

The open form of what heart coherence trainers show: intervals of 64 s, resampled evenly and
windowed; P is the power within 0.015 Hz of the highest peak between 0.04 and 0.26 Hz; the value
is P / (total - P). Slow paced breathing near 0.1 Hz gives high values. It says nothing about
arousal: a calm person who breathes freely has a low one.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from biofeedback.common.portable_math import cosine, interpolated, mean, sine, total
from biofeedback.metrics.base import Reading
from biofeedback.metrics.recent_beats import RecentBeats
from sensors.signals import FloatArray

__all__ = ["Coherence", "coherence_ratio"]

_PEAK_HZ, _HALF_WIDTH_HZ = (0.04, 0.26), 0.015
#: From the slowest wave that a minute shows to the end of the HF band.
_TOTAL_HZ = (0.0156, 0.4)
#: All that follows is of our own choosing.
_RATE_HZ, _PADDING = 4.0, 4
_EVERY_S, _FEWEST_BEATS, _SHORTEST_SHARE = 5.0, 30, 0.9


class Coherence:
    """The ratio over the window of `beats`, renewed every 5 s.

    Parameters
    ----------
    beats
        Beats of the window.
    """

    def __init__(self, beats: RecentBeats) -> None:
        self._beats = beats
        self._due_s = 0.0
        self._ratio: float | None = None

    def read(self, now_s: float, contact: float) -> Reading:
        """Return the ratio; `contact` 0..1 scales the quality.

        Parameters
        ----------
        now_s
            Session time; the ratio is computed anew when 5 s have passed.
        contact
            Trust in the contact with the skin, 0 to 1; scales the quality.

        Returns
        -------
        Reading
            A ratio, 0 to 1000.
        """
        beats = self._beats
        if now_s >= self._due_s:
            self._due_s = now_s + _EVERY_S
            times_s, rr_ms = beats.intervals()
            long_enough = len(times_s) and np.ptp(times_s) >= _SHORTEST_SHARE * beats.window_s
            self._ratio = coherence_ratio(times_s, rr_ms) if long_enough else None
        return beats.reading("coherence", self._ratio, "", now_s, contact)


def coherence_ratio(times_s: FloatArray, rr_ms: FloatArray) -> float | None:
    """Return P / (total - P) of NN intervals at the beats that end them, both of shape (n,).

    Parameters
    ----------
    times_s
        Times of the beats that end the intervals, in s, shape (n,), ascending.
    rr_ms
        NN intervals, shape (n,).

    Returns
    -------
    float | None
        None with fewer than 30 beats or a constant heart rate; at most 1000.
    """
    if len(times_s) < _FEWEST_BEATS:
        return None
    count = math.ceil((times_s[-1] - times_s[0]) * _RATE_HZ)
    passed = np.arange(count)
    swing_ms = interpolated(times_s[0] + passed / _RATE_HZ, times_s, rr_ms)
    middle = passed - (count - 1) / 2
    swing_ms -= mean(swing_ms)
    swing_ms -= middle * (total(middle * swing_ms) / total(middle * middle))
    if np.abs(swing_ms).max() < 1e-6:
        return None
    swing_ms *= 0.5 - 0.5 * cosine(passed / (count - 1))  # von Hann's window
    hz, level, rising = _waves(1 << (_PADDING * count - 1).bit_length())
    real = total(level[:count] * swing_ms[:, np.newaxis])
    imaginary = total(rising[:count] * swing_ms[:, np.newaxis])
    power = real * real + imaginary * imaginary
    searched = np.where((hz >= _PEAK_HZ[0]) & (hz <= _PEAK_HZ[1]), power, 0.0)
    peak_hz = hz[int(np.argmax(searched))]
    whole = float(total(power))
    peak = float(total(power[np.abs(hz - peak_hz) <= _HALF_WIDTH_HZ]))
    return peak / max(whole - peak, whole / 1000.0)


@cache
def _waves(size: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the frequencies of the whole band (m,), and cosines and sines of them (n, m).

    They are the rows of a Fourier transform of so many values that the band needs: an FFT computes
    all of them, in an order that each library and processor has for itself.
    """
    hz = np.arange(size // 2) * _RATE_HZ / size
    inside = np.flatnonzero((hz >= _TOTAL_HZ[0]) & (hz <= _TOTAL_HZ[1]))
    turns = np.arange(size // _PADDING)[:, np.newaxis] * inside % size / size
    return hz[inside], cosine(turns), sine(turns)
