"""Heart rate over the last seconds, from the beats or else from what the device itself computes."""

from __future__ import annotations

import math

from biofeedback.metrics.base import Reading
from biofeedback.metrics.beat_window import BeatWindow
from biofeedback.metrics.quality import covered_share, freshness, graded

__all__ = ["HeartRate"]

#: A device's own rate is smoothed in a way nobody documents, hence less trust; it is worth little
#: from a device that used to show beats and has lost them, since it is made of beats. Our own.
_DEVICE_TRUST, _BEATLESS_TRUST = 0.6, 0.25
_LOWEST_BPM, _HIGHEST_BPM = 24.0, 250.0
#: A rate that has not changed at all for so long comes from a device that is stuck. Our own.
_STUCK_S = 120.0


class HeartRate:
    """60000 divided by the mean NN interval; the device's own rate where beats are too few."""

    def __init__(self, beats: BeatWindow) -> None:
        self._beats = beats
        self._device_bpm: float | None = None
        self._device_s = -math.inf
        self._device_since_s = -math.inf

    def update_device(self, time_s: float, bpm: float) -> None:
        """Take in a rate that the device computed; what no heart does is dropped."""
        if _LOWEST_BPM <= bpm <= _HIGHEST_BPM and time_s >= self._device_s:
            if bpm != self._device_bpm:
                self._device_since_s = time_s
            self._device_bpm, self._device_s = bpm, time_s

    def read(self, now_s: float, contact: float) -> Reading:
        """Return beats per minute; `contact` 0..1 scales the quality."""
        window_s = self._beats.window_s
        mean_ms = self._beats.mean_ms()
        coverage = self._beats.coverage(now_s)
        trust = self._beats.trust(now_s) * contact
        bpm = None if mean_ms is None else 60_000.0 / mean_ms
        reading = graded("heart_rate", bpm, "bpm", window_s, now_s, coverage, trust)
        if reading.value is not None or self._device_bpm is None:
            return reading
        silent_s = now_s - self._device_s
        coverage = covered_share(window_s - silent_s, window_s, silent_s)
        trust = _BEATLESS_TRUST if self._beats.has_seen_beats else _DEVICE_TRUST
        trust *= freshness(silent_s, window_s) * contact
        if self._device_s - self._device_since_s > _STUCK_S:
            trust = 0.0
        return graded("heart_rate", self._device_bpm, "bpm", window_s, now_s, coverage, trust)
