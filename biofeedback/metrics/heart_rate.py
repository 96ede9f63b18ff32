"""Heart rate over the last seconds, from the beats or else from what the device itself computes."""

from __future__ import annotations

import math

from biofeedback.metrics.base import NO_VALUE, Reading, covered_share, freshness, graded
from biofeedback.metrics.beat_window import BeatWindow

__all__ = ["HeartRate"]

#: A device's own rate is smoothed in a way nobody documents, hence less trust; it is worth little
#: from a device that used to show beats and has lost them, since it is made of beats. Our own.
_DEVICE_TRUST, _BEATLESS_TRUST = 0.6, 0.25
#: Beats in even groups are no normal ones; their rate is one all the same. No stop rule trusts it
#: unless the device's own rate is the same within a share. Ours.
_AGREED_TRUST, _GROUPED_TRUST, _AGREED_SHARE = 0.6, 0.45, 0.1
#: Of an irregular heart few beats are normal, and those the longer ones; all of them count. Ours.
_IRREGULAR_TRUST = 0.6
_LOWEST_BPM, _HIGHEST_BPM = 24.0, 250.0
#: A rate that has not changed at all for so long comes from a device that is stuck. Our own.
_STUCK_S = 120.0


class HeartRate:
    """60000 divided by the mean NN interval; the device's own rate where beats are too few.

    Parameters
    ----------
    beats
        Where NN intervals come from.
    """

    def __init__(self, beats: BeatWindow) -> None:
        self._beats = beats
        self._device_bpm: float | None = None
        self._device_s = -math.inf
        self._device_since_s = -math.inf

    def feed_device(self, time_s: float, bpm: float) -> None:
        """Take in a rate that the device computed; what no heart does is dropped.

        Parameters
        ----------
        time_s
            When it came; an older one is ignored.
        bpm
            Counts from 24 to 250.
        """
        if _LOWEST_BPM <= bpm <= _HIGHEST_BPM and time_s >= self._device_s:
            if bpm != self._device_bpm:
                self._device_since_s = time_s
            self._device_bpm, self._device_s = bpm, time_s

    def read(
        self,
        now_s: float,
        contact: float,
        own: float | None = None,
        grouped_bpm: float | None = None,
        irregular_bpm: float | None = None,
    ) -> Reading:
        """Return beats per minute; `contact` 0..1 scales the quality.

        Beats that are exactly alike say nothing of variability; their rate is believed as a
        device's own is, and no longer: a heart may race as evenly as that, and a stop rule has to
        hear of it. The device's own rate goes before it, as before beats that are trusted less.

        Parameters
        ----------
        now_s
            Session time at which the window ends.
        contact
            Trust in the beats and the contact with the skin, 0 to 1; scales the quality.
        own
            The same for the device's own rate; None for as much as in the beats.
        grouped_bpm
            The rate of beats that come in even groups of two or three; None where they do not.
        irregular_bpm
            The rate of beats that come irregularly; it goes before that of the NN intervals.

        Returns
        -------
        Reading
            In beats a minute.

        References
        ----------
        Task Force of ESC and NASPE 1996, doi 10.1161/01.CIR.93.5.1043
        """
        window_s = self._beats.window_s
        mean_ms = self._beats.mean_ms()
        bpm = None if mean_ms is None else 60_000.0 / mean_ms
        coverage, still_s = self._beats.coverage(now_s), self._beats.still_s()
        trust = self._beats.rate_trust(now_s) * contact
        if still_s:
            trust *= _even_trust(still_s)
        if irregular_bpm is not None:
            bpm, coverage, trust = irregular_bpm, 1.0, _IRREGULAR_TRUST * contact
        elif coverage < NO_VALUE and grouped_bpm is not None:
            agreed = self._agrees(now_s, grouped_bpm)
            trust = contact * (_AGREED_TRUST if agreed else _GROUPED_TRUST)
            bpm, coverage = grouped_bpm, 1.0
        reading = graded("heart_rate", bpm, "bpm", window_s, now_s, coverage, trust)
        own_trust = contact if own is None else own
        doubted = still_s > 0.0 or own_trust > contact
        if self._device_bpm is None or (reading.value is not None and not doubted):
            return reading
        device = self._of_device(now_s, own_trust, beatless=not doubted)
        return device if reading.value is None or device.quality >= reading.quality else reading

    def _agrees(self, now_s: float, bpm: float) -> bool:
        """Whether the device's own rate, as of lately, is the same."""
        if self._device_bpm is None or now_s - self._device_s > self._beats.window_s:
            return False
        is_moving = _even_trust(self._device_s - self._device_since_s) > 0.0
        return is_moving and abs(self._device_bpm - bpm) <= _AGREED_SHARE * bpm

    def _of_device(self, now_s: float, contact: float, *, beatless: bool) -> Reading:
        window_s = self._beats.window_s
        silent_s = now_s - self._device_s
        coverage = covered_share(window_s - silent_s, window_s, silent_s)
        lost = beatless and self._beats.has_seen_beats
        trust = _even_trust(self._device_s - self._device_since_s) * freshness(silent_s, window_s)
        trust *= contact * (_BEATLESS_TRUST / _DEVICE_TRUST if lost else 1.0)
        return graded("heart_rate", self._device_bpm, "bpm", window_s, now_s, coverage, trust)


def _even_trust(same_s: float) -> float:
    """Return the trust in a rate that has been exactly the same for so long."""
    return _DEVICE_TRUST if same_s <= _STUCK_S else 0.0
