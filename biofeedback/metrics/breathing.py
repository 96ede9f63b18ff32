"""Breathing rate from the heart: the rhythm in which RR intervals swing.

Respiratory sinus arrhythmia shortens RR while breathing in. The rate is the strongest rhythm of
the last minute, by a Lomb-Scargle periodogram of the NN intervals (Scargle 1982), which needs no
interpolation and so bridges no gap. Not for hearts with little variability, and slow waves of
blood pressure near 0.1 Hz can pass for slow breaths.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from biofeedback.metrics.base import Reading
from biofeedback.metrics.beats import Beat
from biofeedback.metrics.quality import covered_share, freshness, graded
from sensors.signals import FloatArray

__all__ = ["BreathingRate", "breathing_rhythm"]

#: 4.8 to 30 breaths a minute; a heart of 60 bpm shows nothing faster than half its own rate.
_FREQUENCIES_HZ = np.arange(0.08, 0.5001, 0.0025)
#: All that follows is of our own choosing.
_EVERY_S = 5.0
_FEWEST_BEATS = 30
_PEAK_HALF_WIDTH_HZ = 0.02
_CLEAR_SHARE, _UNCLEAR_SHARE = 0.6, 0.25


class BreathingRate:
    """The breathing rate per minute over `window_s` seconds, renewed every 5 s."""

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._beats: deque[tuple[float, float]] = deque()
        self._last_s = -math.inf
        self._due_s = 0.0
        self._rhythm: tuple[float, float] | None = None

    def add(self, beat: Beat) -> None:
        """Take in the next beat; only NN intervals count."""
        if beat.is_nn:
            self._beats.append((beat.time_s, beat.rr_ms))
            self._last_s = beat.time_s

    def read(self, now_s: float, contact: float) -> Reading:
        """Return the rate; `contact` 0..1 scales the quality."""
        while self._beats and self._beats[0][0] <= now_s - self._window_s:
            self._beats.popleft()
        if now_s >= self._due_s:
            self._due_s = now_s + _EVERY_S
            beats = np.array(self._beats).reshape(-1, 2)
            self._rhythm = breathing_rhythm(beats[:, 0], beats[:, 1])
        silent_s = now_s - self._last_s
        covered_s = sum(rr_ms for _, rr_ms in self._beats) / 1000.0
        coverage = covered_share(covered_s, self._window_s, silent_s)
        rate, trust = None, 0.0
        if self._rhythm is not None:
            hz, share = self._rhythm
            rate = 60.0 * hz
            clear = (share - _UNCLEAR_SHARE) / (_CLEAR_SHARE - _UNCLEAR_SHARE)
            trust = min(1.0, clear) * freshness(silent_s, self._window_s) * contact
        return graded(
            "breathing_rate", rate, "1/min", self._window_s, now_s, coverage, max(0.0, trust)
        )


def breathing_rhythm(times_s: FloatArray, rr_ms: FloatArray) -> tuple[float, float] | None:
    """Return the strongest rhythm in Hz and its share 0..1 of the power, or None without one.

    Both arrays have shape (n,), the NN intervals and the beats that end them. The power is
    weighted with the frequency, since slow fluctuations of any heart are large. None with fewer
    than 30 beats, a constant heart rate, or no rhythm that holds a quarter of the power.
    """
    if len(times_s) < _FEWEST_BEATS:
        return None
    centred_s = times_s - times_s.mean()
    trend = np.polynomial.Polynomial.fit(centred_s, rr_ms, 1)
    swing_ms = rr_ms - trend(centred_s)
    if np.abs(swing_ms).max() < 1e-6:
        return None
    angle = 2.0 * np.pi * np.outer(_FREQUENCIES_HZ, centred_s)
    shift = np.arctan2(np.sin(2 * angle).sum(axis=1), np.cos(2 * angle).sum(axis=1)) / 2.0
    cosine, sine = np.cos(angle - shift[:, None]), np.sin(angle - shift[:, None])
    power = (cosine @ swing_ms) ** 2 / (cosine**2).sum(axis=1)
    power += (sine @ swing_ms) ** 2 / (sine**2).sum(axis=1)
    power *= _FREQUENCIES_HZ
    peak_hz = float(_FREQUENCIES_HZ[int(np.argmax(power))])
    near = np.abs(_FREQUENCIES_HZ - peak_hz) <= _PEAK_HALF_WIDTH_HZ
    share = float(power[near].sum() / power.sum())
    return (peak_hz, share) if share >= _UNCLEAR_SHARE else None
