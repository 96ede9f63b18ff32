"""The spectrum of a whole recording: the mean over its consecutive five minutes.

Five minutes is the length that the Task Force of ESC and NASPE 1996 sets for short recordings
(doi 10.1161/01.CIR.93.5.1043). One spectrum over an hour would mix what happened in it with how
long it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec
import numpy as np

from biofeedback.metrics.beats import Beat
from biofeedback.metrics.windowed import HF_HZ, LF_HZ, banded, periodogram
from sensors.signals import FloatArray

__all__ = ["Spectrum", "spectrum"]

_WINDOW_S = 300.0
#: Below this share of a window in NN intervals it says nothing.
_LEAST_COVERED = 0.5


class Spectrum(msgspec.Struct, frozen=True):
    """Mean powers of the NN intervals over `windows` windows of five minutes, or the one there is.

    The bands are VLF (0.0033-0.04 Hz), LF (to 0.15 Hz) and HF (to 0.4 Hz). `vlf_ms2` and
    `total_ms2`, the sum of all three, are None where no window is long enough for VLF; where some
    are, the total adds means over different windows. `lf_nu` and `hf_nu` are shares in % of
    LF + HF, `*_peak_hz` where in its band the mean spectrum is highest.
    """

    windows: int
    vlf_ms2: float | None
    lf_ms2: float  #: mean over the windows
    hf_ms2: float  #: mean over the windows
    total_ms2: float | None
    lf_hf: float  #: ratio of the two
    lf_nu: float
    hf_nu: float
    lf_peak_hz: float  #: 0.04 to 0.15
    hf_peak_hz: float  #: 0.15 to 0.4


def spectrum(beats: Sequence[Beat]) -> Spectrum | None:
    """Return the spectrum of judged beats in order of time; None without a window that has one.

    Windows start with the first interval; one with less than 120 s of beats says nothing.

    Parameters
    ----------
    beats
        Judged, in order of time.

    Returns
    -------
    Spectrum | None
        None without a window that has one.

    References
    ----------
    Task Force of ESC and NASPE 1996, doi 10.1161/01.CIR.93.5.1043
    """
    if not beats:
        return None
    nn = [beat for beat in beats if beat.is_nn]
    times_s = np.array([beat.time_s for beat in nn])
    nn_ms = np.array([beat.rr_ms for beat in nn])
    start_s = beats[0].time_s - beats[0].rr_ms / 1000.0
    count = int((beats[-1].time_s - start_s) // _WINDOW_S) + 1
    ends = np.searchsorted(times_s, start_s + _WINDOW_S * np.arange(count + 1), side="right")
    powers, shapes = [], []
    for number, (first, last) in enumerate(pairwise(ends.tolist())):
        at_s, ms = times_s[first:last], nn_ms[first:last]
        length_s = min(_WINDOW_S, beats[-1].time_s - start_s - number * _WINDOW_S)
        if ms.sum() / 1000.0 < _LEAST_COVERED * length_s:
            continue
        if (shape := periodogram(at_s, ms)) is not None:
            powers.append(banded(shape))
            shapes.append(shape)
    if not powers:
        return None
    very_low = [power.vlf_ms2 for power in powers if power.vlf_ms2 is not None]
    vlf_ms2 = float(np.mean(very_low)) if very_low else None
    lf_ms2 = float(np.mean([power.lf_ms2 for power in powers]))
    hf_ms2 = float(np.mean([power.hf_ms2 for power in powers]))
    both_ms2 = lf_ms2 + hf_ms2
    if hf_ms2 <= 0.0:
        return None
    frequencies_hz = shapes[0].hz
    mean = np.mean([shape.per_hz for shape in shapes], axis=0)
    return Spectrum(
        windows=len(powers),
        vlf_ms2=vlf_ms2,
        lf_ms2=lf_ms2,
        hf_ms2=hf_ms2,
        total_ms2=None if vlf_ms2 is None else vlf_ms2 + both_ms2,
        lf_hf=lf_ms2 / hf_ms2,
        lf_nu=100.0 * lf_ms2 / both_ms2,
        hf_nu=100.0 * hf_ms2 / both_ms2,
        lf_peak_hz=_peak_hz(frequencies_hz, mean, LF_HZ),
        hf_peak_hz=_peak_hz(frequencies_hz, mean, HF_HZ),
    )


def _peak_hz(frequencies_hz: FloatArray, per_hz: FloatArray, band: tuple[float, float]) -> float:
    inside = (frequencies_hz >= band[0]) & (frequencies_hz < band[1])
    return float(frequencies_hz[inside][np.argmax(per_hz[inside])])
