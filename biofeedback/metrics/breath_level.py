"""Where a breath stands, from the heart: what a light or a filter can breathe with.

Respiratory sinus arrhythmia shortens RR while breathing in. The wave of the known breathing rate
that fits the latest intervals best, three breaths or 15 s of them, says how far in the breath is
now. It is an estimate, and wrong where the rate is: for display, not for decisions.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from biofeedback.metrics.beats import Beat

__all__ = ["BreathLevel"]

_BREATHS = 3.0
_LEAST_S = 15.0
_FEWEST_BEATS = 8
_KEPT_BEATS = 200


class BreathLevel:
    """Feed it with beats; `read` returns 0 (breathed out) to 1 (breathed in)."""

    def __init__(self) -> None:
        self._beats: deque[Beat] = deque(maxlen=_KEPT_BEATS)

    def feed(self, beat: Beat) -> None:
        """Take in a beat; only normal ones count."""
        if beat.is_nn:
            self._beats.append(beat)

    def read(self, now_s: float, breaths_per_minute: float | None) -> float | None:
        """Return the level now; None without a rate, or with too few beats of late."""
        if not breaths_per_minute:
            return None
        from_s = now_s - max(_LEAST_S, 60.0 * _BREATHS / breaths_per_minute)
        beats = [beat for beat in self._beats if from_s <= beat.time_s <= now_s]
        if len(beats) < _FEWEST_BEATS:
            return None
        turns = np.array([beat.time_s - now_s for beat in beats]) * breaths_per_minute / 60.0
        angles = 2.0 * np.pi * turns
        basis = np.stack([np.ones_like(angles), np.cos(angles), np.sin(angles)], axis=1)
        fit = np.linalg.lstsq(basis, np.array([beat.rr_ms for beat in beats]), rcond=None)[0]
        swing = float(np.hypot(fit[1], fit[2]))
        return 0.5 - 0.5 * float(fit[1]) / swing if swing > 0.0 else None
