"""Decides which skin conductance samples can be trusted.

Limits after Kleckner et al. 2018 (doi 10.1109/TBME.2017.2758643): 0.05 to 60 uS, and no change
faster than 10 uS/s, with a guard of 5 s. Their guard reaches back as well; a causal one cannot.
Dry wrists live near the floor, so low values are flagged instead of dropped.
"""

from __future__ import annotations

import math
from collections import deque

from biofeedback.metrics.base import samples
from biofeedback.metrics.quality import covered_share, freshness
from sensors.signals import Chunk

__all__ = ["EdaCoverage", "EdaGate"]

FLOOR_US, CEILING_US, STEEPEST_US_PER_S, GUARD_S = 0.05, 60.0, 10.0, 5.0
#: A sample stands for the time since the one before it, up to this: beyond, data are missing.
_LONGEST_STEP_S = 1.0
_US_PER_S = 1_000_000


class EdaGate:
    """Passes trustworthy samples on and remembers when the signal last broke off."""

    def __init__(self) -> None:
        self._last_s = -math.inf
        self._last_us = math.nan
        self._blocked_until_s = -math.inf
        self._broken = True

    def cut(self) -> None:
        """Break the signal off, as a gap does."""
        self._broken = True
        self._last_us = math.nan

    def pass_on(self, chunk: Chunk) -> list[tuple[float, float, float]]:
        """Return (time_s, uS, step_s) of each sample to trust.

        `step_s` is the time since the trusted sample before it, or 0 after a break.
        """
        passed = []
        for time_s, value_us in samples(chunk):
            step_s = time_s - self._last_s
            if not step_s > 0.0:
                continue
            if step_s > _LONGEST_STEP_S:
                self.cut()
            change_us = abs(value_us - self._last_us)
            self._last_s = time_s
            if not 0.0 <= value_us <= CEILING_US:
                self.cut()
                continue
            self._last_us = value_us
            if change_us > STEEPEST_US_PER_S * step_s:
                self._blocked_until_s = time_s + GUARD_S
            if time_s < self._blocked_until_s:
                self._broken = True
                continue
            passed.append((time_s, value_us, 0.0 if self._broken else step_s))
            self._broken = False
        return passed


class EdaCoverage:
    """Keeps account of how much of a sliding window trusted samples cover."""

    def __init__(self, window_s: float) -> None:
        self.window_s = window_s
        self._samples: deque[tuple[float, int, bool]] = deque()
        self._covered = self._low = 0
        self._last_s = -math.inf

    def add(self, time_s: float, value_us: float, step_s: float) -> None:
        """Take in a trusted sample."""
        step, low = round(step_s * _US_PER_S), value_us < FLOOR_US
        self._samples.append((time_s, step, low))
        self._covered += step
        self._low += low
        self._last_s = time_s

    def advance(self, now_s: float) -> None:
        """Let go of the samples that have left the window."""
        oldest_s = now_s - self.window_s
        while self._samples and self._samples[0][0] <= oldest_s:
            _, step, low = self._samples.popleft()
            self._covered -= step
            self._low -= low

    def covered_s(self) -> float:
        """Return the seconds that trusted samples cover."""
        return self._covered / _US_PER_S

    def share(self, now_s: float) -> float:
        """Return the share of the window that trusted samples cover, 0 to 1."""
        return covered_share(self.covered_s(), self.window_s, now_s - self._last_s)

    def trust(self, now_s: float) -> float:
        """Return 0 to 1: halved where all is below the floor, fading with silence."""
        if not self._samples:
            return 0.0
        low_share = self._low / len(self._samples)
        return (1.0 - low_share / 2) * freshness(now_s - self._last_s, self.window_s)
