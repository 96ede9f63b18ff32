"""A whole recording in a few numbers: heart and skin from the first second to the last.

They are the numbers that other programs for heart rate variability print at the end. Over a long
recording SDNN grows and everything else mixes what happened in it, so compare like with like.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from biofeedback.common.portable_math import convolved
from biofeedback.metrics.beat_window import BeatWindow
from biofeedback.metrics.beats import Beat
from biofeedback.metrics.nonlinear import Nonlinear, longest_run, nonlinear
from biofeedback.metrics.spectrum import Spectrum, spectrum
from biofeedback.metrics.stress_index import sqrt_stress_index
from sensors.signals import FloatArray

__all__ = ["EdaSummary", "HrvSummary", "eda_summary", "hrv_summary", "neighbours"]

#: An interval belongs to the NN before it when it starts where that ended, up to this share of it:
#: devices round their times. A missing or unused beat would be a whole interval away.
_JOINED_SHARE = 0.3
#: Lowest and highest heart rate are means over so many beats, as Kubios has them.
_EXTREME_BEATS = 5
_FEWEST_BEATS = 30


class HrvSummary(msgspec.Struct, frozen=True):
    """Heart rate and its variability over all NN intervals; `left_out` beats are in none of it."""

    beats: int  #: all of them
    left_out: int
    mean_nn_ms: float  #: mean interval
    heart_rate_bpm: float  #: of that mean
    lowest_bpm: float  #: mean of the slowest five in a row
    highest_bpm: float  #: and of the fastest
    sdnn_ms: float  #: with n - 1
    rmssd_ms: float  #: over joined intervals
    pnn50_percent: float  #: over steps + 1
    sd1_ms: float  #: across the Poincare plot's diagonal
    sd2_ms: float  #: along it
    stress_index: float | None  #: its square root; None where all are alike
    spectrum: Spectrum | None  #: None without a long enough window
    nonlinear: Nonlinear | None  #: None without a long enough run


class EdaSummary(msgspec.Struct, frozen=True):
    """Skin conductance over the `minutes` in which it was measured; None without a response."""

    minutes: float
    median_us: float  #: of the level
    lowest_us: float  #: of the level
    highest_us: float  #: of the level
    responses: int  #: how many
    responses_per_minute: float  #: of measured time
    mean_amplitude_us: float | None  #: from onset to peak


def hrv_summary(beats: Sequence[Beat]) -> HrvSummary | None:
    """Return the summary of judged beats in order of time; None below 30 NN intervals.

    Parameters
    ----------
    beats
        As `BeatCleaner` or `neighbours` gives them.

    Returns
    -------
    HrvSummary | None
        Over all of them, however long the recording.
    """
    window = BeatWindow(math.inf)
    for beat in beats:
        window.feed(beat)
        window.keep_ends()
    nn_ms = [beat.rr_ms for beat in beats if beat.is_nn]
    mean_ms, sdnn_ms, rmssd_ms = window.mean_ms(), window.sdnn_ms(), window.rmssd_ms()
    pnn50, sd1_ms, sd2_ms = window.pnn50_percent(), window.sd1_ms(), window.sd2_ms()
    if len(nn_ms) < _FEWEST_BEATS or mean_ms is None or sdnn_ms is None:
        return None
    if rmssd_ms is None or pnn50 is None or sd1_ms is None or sd2_ms is None:
        return None
    means_ms = convolved(np.array(nn_ms), np.full(_EXTREME_BEATS, 1.0 / _EXTREME_BEATS))
    return HrvSummary(
        beats=len(beats),
        left_out=len(beats) - len(nn_ms),
        mean_nn_ms=mean_ms,
        heart_rate_bpm=60_000.0 / mean_ms,
        lowest_bpm=60_000.0 / float(means_ms.max()),
        highest_bpm=60_000.0 / float(means_ms.min()),
        sdnn_ms=sdnn_ms,
        rmssd_ms=rmssd_ms,
        pnn50_percent=pnn50,
        sd1_ms=sd1_ms,
        sd2_ms=sd2_ms,
        stress_index=sqrt_stress_index(nn_ms),
        spectrum=spectrum(beats),
        nonlinear=nonlinear(longest_run(beats)),
    )


def eda_summary(
    level_us: FloatArray, step_s: float, amplitudes_us: Sequence[float]
) -> EdaSummary | None:
    """Return the summary of a level (n,) taken every `step_s` seconds; None without any of it.

    Parameters
    ----------
    level_us
        The level in uS, shape (n,); NaN where it is not known.
    step_s
        Time between two values.
    amplitudes_us
        Those of the responses, in uS, in any order.

    Returns
    -------
    EdaSummary | None
        None when no level is known.
    """
    known_us = level_us[np.isfinite(level_us)]
    if not len(known_us):
        return None
    minutes, count = len(known_us) * step_s / 60.0, len(amplitudes_us)
    return EdaSummary(
        minutes=minutes,
        median_us=float(np.median(known_us)),
        lowest_us=float(known_us.min()),
        highest_us=float(known_us.max()),
        responses=count,
        responses_per_minute=count / minutes,
        mean_amplitude_us=math.fsum(amplitudes_us) / count if count else None,
    )


def neighbours(times_s: FloatArray, rr_ms: FloatArray, used: Sequence[bool]) -> list[Beat]:
    """Return the beats of a log, (n,) each, with those joined that follow one another.

    A log says when beats were and whether they are NN, not which are neighbours; that follows
    from where each interval starts.

    Parameters
    ----------
    times_s
        When the intervals ended, in s, shape (n,), ascending.
    rr_ms
        The intervals, shape (n,).
    used
        Whether each is NN, of length n.

    Returns
    -------
    list[Beat]
        Those not used are called ectopic: a log does not say why.

    Raises
    ------
    ValueError
        When the lengths differ.
    """
    beats: list[Beat] = []
    last_nn_s = -math.inf
    for time_s, interval_ms, is_nn in zip(times_s.tolist(), rr_ms.tolist(), used, strict=True):
        interval_s = interval_ms / 1000.0
        joined = abs(time_s - interval_s - last_nn_s) <= _JOINED_SHARE * interval_s
        beats.append(Beat(time_s, interval_ms, "normal" if is_nn else "ectopic", joined and is_nn))
        last_nn_s = time_s if is_nn else last_nn_s
    return beats
