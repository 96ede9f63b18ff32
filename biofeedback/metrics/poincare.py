"""SD1 and SD2, the width and length of the Poincare plot.

Each NN interval is plotted against the one before it. SD1 is the spread across the line of
identity, SD2 the spread along it (Brennan et al. 2001, doi 10.1109/10.959330). SD1 is RMSSD in
other clothes (RMSSD / sqrt(2) but for the mean step) and adds no information of its own.
"""

from __future__ import annotations

from biofeedback.metrics.base import Reading
from biofeedback.metrics.beat_window import BeatWindow
from biofeedback.metrics.quality import graded

__all__ = ["Sd1", "Sd2"]


class Sd1:
    """Sample standard deviation of the steps between joined NN intervals, over sqrt(2), in ms."""

    def __init__(self, beats: BeatWindow) -> None:
        self._beats = beats

    def read(self, now_s: float, contact: float) -> Reading:
        """Return SD1; `contact` 0..1 scales the quality."""
        coverage, trust = self._beats.coverage(now_s), self._beats.trust(now_s) * contact
        value = self._beats.sd1_ms()
        return graded("sd1", value, "ms", self._beats.window_s, now_s, coverage, trust)


class Sd2:
    """Sample standard deviation of the sums of joined NN intervals, over sqrt(2), in ms."""

    def __init__(self, beats: BeatWindow) -> None:
        self._beats = beats

    def read(self, now_s: float, contact: float) -> Reading:
        """Return SD2; `contact` 0..1 scales the quality."""
        coverage, trust = self._beats.coverage(now_s), self._beats.trust(now_s) * contact
        value = self._beats.sd2_ms()
        return graded("sd2", value, "ms", self._beats.window_s, now_s, coverage, trust)
