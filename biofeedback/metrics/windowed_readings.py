"""Turns the results of the worker into readings that lose their worth with age."""

from __future__ import annotations

from biofeedback.metrics.base import Reading
from biofeedback.metrics.quality import graded
from biofeedback.metrics.windowed import WindowResult

__all__ = ["WindowedReadings"]


class WindowedReadings:
    """Holds the latest result: trusted for `fresh_s` after its window, worthless at thrice that.

    A reading's time is the end of the window that it describes.
    """

    def __init__(self, window_s: float, fresh_s: float) -> None:
        self._window_s = window_s
        self._fresh_s = fresh_s
        self._result = WindowResult(0.0, 0.0)

    def take(self, result: WindowResult) -> None:
        """Replace the latest result; one that is older than it changes nothing."""
        if result.end_s >= self._result.end_s:
            self._result = result

    def read(self, now_s: float, heart_contact: float, skin_contact: float) -> tuple[Reading, ...]:
        """Return VLF, LF, HF, LF/HF and the tonic and phasic parts of skin conductance."""
        result = self._result
        age_s = now_s - result.end_s
        fade = min(1.0, max(0.0, 1.5 - age_s / (2 * self._fresh_s)))
        heart = (result.rr_coverage if fade else 0.0, heart_contact, result.rr_span_s)
        skin = (1.0 if fade else 0.0, skin_contact, result.eda_span_s)
        readings = []
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
            readings.append(graded(name, known, unit, window_s, time_s, share, fade * contact))
        return tuple(readings)
