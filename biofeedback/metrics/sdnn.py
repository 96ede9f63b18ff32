"""SDNN, the overall variability of the heart."""

from __future__ import annotations

from biofeedback.metrics.base import Reading
from biofeedback.metrics.beat_window import BeatWindow
from biofeedback.metrics.quality import graded

__all__ = ["Sdnn"]


class Sdnn:
    """Sample standard deviation of the NN intervals, in ms."""

    def __init__(self, beats: BeatWindow) -> None:
        self._beats = beats

    def read(self, now_s: float, contact: float) -> Reading:
        """Return SDNN; `contact` 0..1 scales the quality."""
        coverage, trust = self._beats.coverage(now_s), self._beats.trust(now_s) * contact
        value = self._beats.sdnn_ms()
        return graded("sdnn", value, "ms", self._beats.window_s, now_s, coverage, trust)
