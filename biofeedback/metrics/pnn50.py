"""PNN50, the share of large steps between neighbouring heartbeats."""

from __future__ import annotations

from biofeedback.metrics.base import Reading
from biofeedback.metrics.beat_window import BeatWindow
from biofeedback.metrics.quality import graded

__all__ = ["Pnn50"]


class Pnn50:
    """Percentage of steps above 50 ms, over the number of steps + 1.

    That denominator is neurokit2's; many tools divide by the number of steps, which gives a value
    larger by 1 part in the number of steps.
    """

    def __init__(self, beats: BeatWindow) -> None:
        self._beats = beats

    def read(self, now_s: float, contact: float) -> Reading:
        """Return pNN50; `contact` 0..1 scales the quality."""
        coverage, trust = self._beats.coverage(now_s), self._beats.trust(now_s) * contact
        value = self._beats.pnn50_percent()
        return graded("pnn50", value, "%", self._beats.window_s, now_s, coverage, trust)
