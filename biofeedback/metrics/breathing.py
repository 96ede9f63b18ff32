"""Breathing rate from the heart: the rhythm in which beats swing.

Respiratory sinus arrhythmia shortens RR while breathing in, and the moving chest changes how tall
the R peaks of an ECG are. The rate is the strongest rhythm of the last minute in the clearer of
the two, by a Lomb-Scargle periodogram (Scargle 1982), which needs no interpolation and so bridges
no gap. Not for hearts with little variability, and slow waves of blood pressure near 0.1 Hz can
pass for slow breaths.

Where a breath stands comes from the heart as well: respiratory sinus arrhythmia shortens RR while
breathing in. The wave of the known breathing rate that fits the latest intervals best, three
breaths or 15 s of them, says how far in the breath is now. It is an estimate, and wrong where the
rate is: for display, not for decisions.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from biofeedback.common.portable_math import cosine, mean, sine, total
from biofeedback.metrics.base import Reading
from biofeedback.metrics.beats import Beat
from biofeedback.metrics.periodogram import lomb_scargle
from biofeedback.metrics.recent_beats import RecentBeats
from sensors.signals import FloatArray

__all__ = ["BreathLevel", "BreathingRate", "breathing_rhythm"]


#: 4.8 to 30 breaths a minute; a heart of 60 bpm shows nothing faster than half its own rate.
_STEP_HZ, _SLOWEST, _FASTEST = 0.005, 16, 100
_FREQUENCIES_HZ: FloatArray = np.arange(_SLOWEST, _FASTEST + 1, dtype=np.float64) * _STEP_HZ
#: All that follows is of our own choosing.
_EVERY_S = 5.0
_FEWEST_BEATS = 30
_PEAK_STEPS = 3  #: of the frequencies, to either side
_CLEAR_SHARE, _UNCLEAR_SHARE = 0.6, 0.25


class BreathingRate:
    """The breathing rate per minute over the window of `beats`, renewed every 5 s.

    Parameters
    ----------
    beats
        Beats and pulses of the window.
    """

    def __init__(self, beats: RecentBeats) -> None:
        self._beats = beats
        self._due_s = 0.0
        self._rhythm: tuple[float, float] | None = None

    def read(self, now_s: float, contact: float) -> Reading:
        """Return the rate; `contact` 0..1 scales the quality.

        Parameters
        ----------
        now_s
            Session time; the rhythm is searched anew when 5 s have passed.
        contact
            Trust in the contact with the skin, 0 to 1; scales the quality.

        Returns
        -------
        Reading
            In breaths a minute.

        References
        ----------
        Scargle 1982, ApJ 263
        """
        beats = self._beats
        if now_s >= self._due_s:
            self._due_s = now_s + _EVERY_S
            found = [breathing_rhythm(*series) for series in (beats.intervals(), beats.pulses())]
            self._rhythm = max(filter(None, found), key=lambda rhythm: rhythm[1], default=None)
        rate, clear = None, 0.0
        if self._rhythm is not None:
            hz, share = self._rhythm
            rate = 60.0 * hz
            clear = (share - _UNCLEAR_SHARE) / (_CLEAR_SHARE - _UNCLEAR_SHARE)
        worth = max(0.0, min(1.0, clear))
        return beats.reading("breathing_rate", rate, "1/min", now_s, contact, worth)


def breathing_rhythm(times_s: FloatArray, values: FloatArray) -> tuple[float, float] | None:
    """Return the strongest rhythm in Hz and its share 0..1 of the power, or None without one.

    The power is weighted with the frequency, since slow fluctuations of any heart are large.

    Parameters
    ----------
    times_s
        Times of the beats, in s, shape (n,), ascending.
    values
        The NN interval that ends at each, or how tall each is, shape (n,).

    Returns
    -------
    tuple[float, float] | None
        Frequency (0.08 to 0.5 Hz) and share; None with fewer than 30 beats, values all alike,
        or no rhythm that holds a quarter of the power.

    References
    ----------
    Scargle 1982, ApJ 263
    """
    if len(times_s) < _FEWEST_BEATS:
        return None
    centred_s = times_s - mean(times_s)
    swing = values - mean(values)
    swing -= centred_s * (total(centred_s * swing) / total(centred_s * centred_s))
    if np.abs(swing).max() < 1e-9 * np.abs(values).max():
        return None
    power = lomb_scargle(centred_s, swing, _STEP_HZ, _SLOWEST, _FASTEST) * _FREQUENCIES_HZ
    peak = int(np.argmax(power))
    near = slice(max(0, peak - _PEAK_STEPS), peak + _PEAK_STEPS + 1)
    around = total(power[near])
    share = float(around / total(power))
    if share < _UNCLEAR_SHARE:
        return None
    return float(total((_FREQUENCIES_HZ * power)[near]) / around), share


_BREATHS = 3.0
_LEAST_S = 15.0
_FEWEST_BEATS_OF_BREATH = 8
_KEPT_BEATS = 200
_NO_SPREAD = 1e-9  #: beats so close together show no wave


class BreathLevel:
    """Feed it with beats; `read` returns 0 (breathed out) to 1 (breathed in)."""

    def __init__(self) -> None:
        self._beats: deque[Beat] = deque(maxlen=_KEPT_BEATS)

    def feed(self, beat: Beat) -> None:
        """Take in a beat; only normal ones count.

        Parameters
        ----------
        beat
            In order of time.
        """
        if beat.is_nn:
            self._beats.append(beat)

    def read(self, now_s: float, breaths_per_minute: float | None) -> float | None:
        """Return the level now; None without a rate, or with too few beats of late.

        Parameters
        ----------
        now_s
            Session time.
        breaths_per_minute
            The rate, None or 0 when it is not known.

        Returns
        -------
        float | None
            0 to 1; None also with fewer than 8 beats in the last three breaths.
        """
        if not breaths_per_minute:
            return None
        from_s = now_s - max(_LEAST_S, 60.0 * _BREATHS / breaths_per_minute)
        beats = [beat for beat in self._beats if from_s <= beat.time_s <= now_s]
        if len(beats) < _FEWEST_BEATS_OF_BREATH:
            return None
        turns = np.array([beat.time_s - now_s for beat in beats]) * breaths_per_minute / 60.0
        now, before = _wave(turns, np.array([beat.rr_ms for beat in beats]))
        swing = math.sqrt(now * now + before * before)
        return 0.5 - 0.5 * now / swing if swing > 0.0 else None


def _wave(turns: FloatArray, values: FloatArray) -> tuple[float, float]:
    """Return the cosine and sine of the wave that fits best beside a mean; 0, 0 without one."""
    columns = np.stack((cosine(turns), sine(turns), values), axis=1)
    columns -= total(columns) / len(columns)
    a, b, y = columns.T
    aa, bb, ab, ay, by = total(np.stack((a * a, b * b, a * b, a * y, b * y), axis=1)).tolist()
    spread = aa * bb - ab * ab
    if spread <= _NO_SPREAD * aa * bb:
        return 0.0, 0.0
    return (ay * bb - by * ab) / spread, (by * aa - ay * ab) / spread
