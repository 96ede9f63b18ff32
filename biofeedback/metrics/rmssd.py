"""RMSSD, the beat-to-beat variability that the vagus nerve carries."""

from __future__ import annotations

import math

from biofeedback.metrics.base import Reading
from biofeedback.metrics.beat_window import BeatWindow
from biofeedback.metrics.quality import graded

__all__ = ["LnRmssd", "Rmssd"]


class Rmssd:
    """Root mean square of the steps between neighbouring NN intervals, in ms."""

    def __init__(self, beats: BeatWindow) -> None:
        self._beats = beats

    def read(self, now_s: float, contact: float) -> Reading:
        """Return RMSSD; `contact` 0..1 scales the quality."""
        coverage, trust = self._beats.coverage(now_s), self._beats.trust(now_s) * contact
        value = self._beats.rmssd_ms()
        return graded("rmssd", value, "ms", self._beats.window_s, now_s, coverage, trust)


class LnRmssd:
    """Natural logarithm of RMSSD in ms, over a shorter window: the form that control uses.

    RMSSD is roughly log-normal, so steps of equal size mean the same to everybody. None when all
    steps are zero, which no heart does.
    """

    def __init__(self, beats: BeatWindow) -> None:
        self._beats = beats

    def read(self, now_s: float, contact: float) -> Reading:
        """Return ln(RMSSD / 1 ms); `contact` 0..1 scales the quality."""
        coverage, trust = self._beats.coverage(now_s), self._beats.trust(now_s) * contact
        rmssd_ms = self._beats.rmssd_ms()
        value = math.log(rmssd_ms) if rmssd_ms else None
        return graded("ln_rmssd", value, "ln ms", self._beats.window_s, now_s, coverage, trust)
