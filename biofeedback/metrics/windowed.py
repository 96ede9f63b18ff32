"""Metrics that need minutes of data, and how their worth fades: spectrum and skin conductance.

They are pure functions of a window. scipy loads when the first window is computed, in the worker
process, or inline in virtual time.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import msgspec
import numpy as np

from biofeedback.common.portable_math import mean
from biofeedback.metrics.base import Reading, graded_all
from biofeedback.metrics.periodogram import lomb_scargle
from sensors.signals import FloatArray

__all__ = [
    "HF_HZ",
    "LF_HZ",
    "SHORTEST_SPECTRUM_S",
    "SHORTEST_VLF_S",
    "Periodogram",
    "Powers",
    "Window",
    "WindowResult",
    "WindowedReadings",
    "banded",
    "compute",
    "eda_parts",
    "periodogram",
    "powers_ms2",
]


#: Two minutes hold five periods of the slowest LF rhythm (Task Force 1996 recommends them for LF).
SHORTEST_SPECTRUM_S = 120.0
#: A window of five minutes, in which a single slowest wave fits, less the beats at its edges.
SHORTEST_VLF_S = 270.0
#: Bands of the Task Force of ESC and NASPE 1996 (doi 10.1161/01.CIR.93.5.1043).
_VLF_HZ, LF_HZ, HF_HZ = (0.0033, 0.04), (0.04, 0.15), (0.15, 0.4)
#: The grid of the PhysioNet Cardiovascular Signal Toolbox, 1/1024 Hz.
_GRID_HZ = 1.0 / 1024
_FEWEST_BEATS = 30
_SHORTEST_EDA_S = 60.0
_PHASIC_HZ = 0.05


class Window(msgspec.Struct, frozen=True):
    """What one computation sees: the data up to `end_s`, in session time.

    `rr_times_s`, `rr_ms` and `rr_clean` have one item a beat; only clean beats are NN. Times keep
    the gaps. `eda_us` is one unbroken stretch of samples that ends at `eda_end_s`; empty without.
    """

    start_s: float  #: session time
    end_s: float
    rr_times_s: tuple[float, ...] = ()
    rr_ms: tuple[float, ...] = ()
    rr_clean: tuple[bool, ...] = ()
    eda_us: tuple[float, ...] = ()
    eda_rate_hz: float = 0.0  #: samples a second; 0 without
    eda_end_s: float = 0.0


class WindowResult(msgspec.Struct, frozen=True):
    """What the window gave; None where there was too little to say anything.

    `rr_span_s` and `eda_span_s` are the stretches that were used, `rr_coverage` the share of
    `rr_span_s` that NN intervals fill.
    """

    start_s: float  #: of the window, in session time
    end_s: float  #: of the window, in session time
    rr_span_s: float = 0.0
    rr_coverage: float = 0.0
    lf_ms2: float | None = None  #: 0.04 to 0.15 Hz
    hf_ms2: float | None = None  #: 0.15 to 0.4 Hz
    lf_hf: float | None = None  #: their ratio
    vlf_ms2: float | None = None  #: 0.0033 to 0.04 Hz
    eda_span_s: float = 0.0
    eda_tonic_us: float | None = None  #: mean level
    eda_phasic_us: float | None = None  #: mean size of the phasic part


class Powers(NamedTuple):
    """Powers of NN intervals in ms^2 by band; VLF is None where the window is too short for it."""

    vlf_ms2: float | None  #: 0.0033 to 0.04 Hz
    lf_ms2: float  #: 0.04 to 0.15 Hz
    hf_ms2: float  #: 0.15 to 0.4 Hz


class Periodogram(NamedTuple):
    """Frequencies in Hz, 0.0033 to 0.4, the power there in ms^2/Hz, both (m,), over `span_s`."""

    hz: FloatArray  #: ascending
    per_hz: FloatArray  #: at each of them
    span_s: float


def compute(window: Window) -> WindowResult:
    """Return everything that `window` allows to say.

    Parameters
    ----------
    window
        Data up to its end.

    Returns
    -------
    WindowResult
        None in it where there was too little.
    """
    times_s, rr_ms = np.asarray(window.rr_times_s), np.asarray(window.rr_ms)
    clean = np.asarray(window.rr_clean, dtype=bool)
    nn_times_s, nn_ms = times_s[clean], rr_ms[clean]
    span_s, coverage = _span(nn_times_s, nn_ms)
    bands = powers_ms2(nn_times_s, nn_ms) if coverage >= 0.5 else None
    vlf_ms2, lf_ms2, hf_ms2 = (None, None, None) if bands is None else bands
    ratio = lf_ms2 / hf_ms2 if lf_ms2 is not None and hf_ms2 else None
    parts = eda_parts(np.asarray(window.eda_us), window.eda_rate_hz)
    return WindowResult(
        start_s=window.start_s,
        end_s=window.end_s,
        rr_span_s=span_s,
        rr_coverage=coverage,
        lf_ms2=lf_ms2,
        hf_ms2=hf_ms2,
        lf_hf=ratio,
        vlf_ms2=vlf_ms2,
        eda_span_s=len(window.eda_us) / window.eda_rate_hz if window.eda_rate_hz > 0.0 else 0.0,
        eda_tonic_us=None if parts is None else parts[0],
        eda_phasic_us=None if parts is None else parts[1],
    )


def powers_ms2(times_s: FloatArray, nn_ms: FloatArray) -> Powers | None:
    """Return the powers of VLF (to 0.04 Hz), LF (to 0.15 Hz) and HF (to 0.4 Hz), in ms^2.

    Lomb-Scargle periodogram of the NN intervals at the times of the beats that end them: nothing is
    resampled, so gaps are not filled in. Scaled so that a sine of amplitude A has the power A^2/2,
    also where beats are missing.

    Parameters
    ----------
    times_s
        Times of the beats that end the intervals, in s, shape (n,), ascending.
    nn_ms
        NN intervals, shape (n,).

    Returns
    -------
    Powers | None
        VLF is None below 270 s; all is None below 120 s or 30 beats, or for intervals that are
        all alike.

    References
    ----------
    Task Force of ESC and NASPE 1996, doi 10.1161/01.CIR.93.5.1043
    """
    found = periodogram(times_s, nn_ms)
    if found is None:
        return None
    return banded(found)


def banded(found: Periodogram) -> Powers:
    """Return the powers of a periodogram by band.

    Parameters
    ----------
    found
        The periodogram.

    Returns
    -------
    Powers
        In ms^2; VLF is None where it spans less than 270 s.
    """
    hz, per_hz, span_s = found
    very_low, low, high = (
        float(per_hz[(hz >= start) & (hz < end)].sum() * _GRID_HZ)
        for start, end in (_VLF_HZ, LF_HZ, HF_HZ)
    )
    return Powers(very_low if span_s >= SHORTEST_VLF_S else None, low, high)


def periodogram(times_s: FloatArray, nn_ms: FloatArray) -> Periodogram | None:
    """Return the Lomb-Scargle periodogram of NN intervals at the times of the beats that end them.

    Parameters
    ----------
    times_s
        Times of the beats, in s, shape (n,), ascending.
    nn_ms
        NN intervals, shape (n,).

    Returns
    -------
    Periodogram | None
        None below 120 s or 30 beats, or for intervals that are all alike.

    References
    ----------
    Scargle 1982, ApJ 263
    """
    span_s, _ = _span(times_s, nn_ms)
    if span_s < SHORTEST_SPECTRUM_S or len(nn_ms) < _FEWEST_BEATS or np.ptp(nn_ms) == 0.0:
        return None
    first, last = math.ceil(_VLF_HZ[0] / _GRID_HZ), math.ceil(HF_HZ[1] / _GRID_HZ) - 1
    mean_ms = mean(nn_ms)
    raw = lomb_scargle(times_s - times_s[0], nn_ms - mean_ms, _GRID_HZ, first, last)
    hz: FloatArray = np.arange(first, last + 1, dtype=np.float64) * _GRID_HZ
    return Periodogram(hz, raw * (2.0 * mean_ms / 1000.0), span_s)


def eda_parts(eda_us: FloatArray, rate_hz: float) -> tuple[float, float] | None:
    """Return the mean tonic level and the mean size of the phasic part, both in uS.

    A Butterworth filter of the second order, there and back, splits at 0.05 Hz: the same numbers as
    neurokit2's `eda_phasic(method="highpass")`, which takes seconds and 130 MB to load.

    Parameters
    ----------
    eda_us
        Skin conductance without gaps, in uS, shape (n,).
    rate_hz
        Samples a second.

    Returns
    -------
    tuple[float, float] | None
        None below 60 s or 1 Hz, or where a value is not finite.
    """
    if rate_hz < 1.0 or len(eda_us) < _SHORTEST_EDA_S * rate_hz:
        return None
    from scipy.signal import sosfiltfilt

    tonic, phasic = (sosfiltfilt(_filter(k, rate_hz), eda_us) for k in ("lowpass", "highpass"))
    level_us, size_us = float(tonic.mean()), float(np.abs(phasic).mean())
    return (level_us, size_us) if math.isfinite(level_us) and math.isfinite(size_us) else None


@lru_cache(maxsize=16)  # it takes longer to design than to run
def _filter(kind: str, rate_hz: float) -> FloatArray:
    from scipy.signal import butter

    return np.asarray(butter(2, _PHASIC_HZ, kind, fs=rate_hz, output="sos"))


def _span(times_s: FloatArray, nn_ms: FloatArray) -> tuple[float, float]:
    """Return the time from the start of the first interval to the last beat, and its coverage."""
    if not len(nn_ms):
        return 0.0, 0.0
    span_s = float(times_s[-1] - times_s[0] + nn_ms[0] / 1000.0)
    return span_s, min(1.0, float(nn_ms.sum()) / 1000.0 / span_s)


class WindowedReadings:
    """Holds the latest result: trusted for `fresh_s` after its window, worthless at thrice that.

    A reading's time is the end of the window that it describes.

    Parameters
    ----------
    window_s
        Length of the windows.
    fresh_s
        How long after the end of its window a result is trusted in full.
    """

    def __init__(self, window_s: float, fresh_s: float) -> None:
        self._window_s = window_s
        self._fresh_s = fresh_s
        self._result = WindowResult(0.0, 0.0)

    def feed(self, result: WindowResult) -> None:
        """Replace the latest result; one that is older than it changes nothing.

        Parameters
        ----------
        result
            What `compute` gave.
        """
        if result.end_s >= self._result.end_s:
            self._result = result

    def read(self, now_s: float, heart_contact: float, skin_contact: float) -> tuple[Reading, ...]:
        """Return VLF, LF, HF, LF/HF and the tonic and phasic parts of skin conductance.

        Parameters
        ----------
        now_s
            Session time.
        heart_contact
            Trust in the heart sensor's contact, 0 to 1.
        skin_contact
            That in the skin conductance sensor's, 0 to 1.

        Returns
        -------
        tuple[Reading, ...]
            Always all six, in this order.
        """
        result = self._result
        age_s = now_s - result.end_s
        fade = min(1.0, max(0.0, 1.5 - age_s / (2 * self._fresh_s)))
        heart = (result.rr_coverage if fade else 0.0, heart_contact, result.rr_span_s)
        skin = (1.0 if fade else 0.0, skin_contact, result.eda_span_s)
        known_readings: list[tuple[str, float | None, str, float, float, float, float]] = []
        for name, value, unit, (coverage, contact, span_s) in (
            ("vlf", result.vlf_ms2, "ms^2", heart),
            ("lf", result.lf_ms2, "ms^2", heart),
            ("hf", result.hf_ms2, "ms^2", heart),
            ("lf_hf", result.lf_hf, "", heart),
            ("eda_tonic", result.eda_tonic_us, "uS", skin),
            ("eda_phasic", result.eda_phasic_us, "uS", skin),
        ):
            known = value if fade else None
            time_s = now_s if known is None else result.end_s
            window_s = self._window_s if known is None else span_s
            share = 0.0 if known is None else coverage
            known_readings.append((name, known, unit, window_s, time_s, share, fade * contact))
        return graded_all(known_readings)
