"""The NN intervals of the last minute, for metrics that look for rhythms in them."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from biofeedback.metrics.base import Reading, measured
from biofeedback.metrics.beat_trail import TICKS_PER_MS
from biofeedback.metrics.beat_window import STUCK_STEPS
from biofeedback.metrics.beats import Beat
from biofeedback.metrics.pulse_train import PulseBeat
from sensors.signals import FloatArray

__all__ = ["RecentBeats"]


class RecentBeats:
    """Holds the beats of the last `window_s` seconds, and how strongly a waveform showed them.

    Parameters
    ----------
    window_s
        Length of the window.
    """

    def __init__(self, window_s: float) -> None:
        self.window_s = window_s
        self._beats: deque[tuple[float, float]] = deque()
        self._pulses: deque[tuple[float, float]] = deque()
        self._last_s = -math.inf
        self._last_ms = math.nan
        self._still = 0
        self._total = 0  #: of all intervals, in ticks

    def feed(self, beat: Beat) -> None:
        """Take in the next beat; only NN intervals count.

        Parameters
        ----------
        beat
            Not before the last one.
        """
        if beat.is_nn:
            self._beats.append((beat.time_s, beat.rr_ms))
            self._total += int(beat.rr_ms * TICKS_PER_MS)
            self._last_s = beat.time_s
            self._still = self._still + 1 if beat.rr_ms == self._last_ms else 0
            self._last_ms = beat.rr_ms

    def feed_pulse(self, pulse: PulseBeat) -> None:
        """Take in the next pulse of the waveform that gives the beats.

        Parameters
        ----------
        pulse
            Not before the last one.
        """
        self._pulses.append((pulse.time_s, pulse.height))

    def step(self, now_s: float) -> None:
        """Let go of what has left the window.

        Parameters
        ----------
        now_s
            Session time at which the window ends.
        """
        oldest_s = now_s - self.window_s
        while self._beats and self._beats[0][0] <= oldest_s:
            self._total -= int(self._beats.popleft()[1] * TICKS_PER_MS)
        while self._pulses and self._pulses[0][0] <= oldest_s:
            self._pulses.popleft()

    def intervals(self) -> FloatArray:
        """Return the times in s and the NN intervals in ms, (2, n).

        Returns
        -------
        FloatArray
            Shape (2, n); n is 0 without any.
        """
        return np.array(list(self._beats)).reshape(-1, 2).T

    def pulses(self) -> FloatArray:
        """Return the times in s and the heights of the pulses, (2, n).

        Returns
        -------
        FloatArray
            Shape (2, n); n is 0 where no waveform gives the beats.
        """
        return np.array(list(self._pulses)).reshape(-1, 2).T

    def reading(
        self,
        name: str,
        value: float | None,
        unit: str,
        now_s: float,
        contact: float,
        worth: float = 1.0,
    ) -> Reading:
        """Return a value of these beats, graded by how they fill the window; worthless when stuck.

        Parameters
        ----------
        name
            Of the reading.
        value
            What the data in the window say; None for nothing.
        unit
            Of the value.
        now_s
            Session time at which the window ends.
        contact
            Trust in the contact with the skin, 0 to 1; scales the quality.
        worth
            Trust in how the value was found, 0 to 1; scales the quality as well.

        Returns
        -------
        Reading
            Without a value where the window is covered by less than half.
        """
        return measured(
            name, value, unit, self.window_s, now_s,
            covered_s=self._total / (1000 * TICKS_PER_MS),
            silent_s=now_s - self._last_s,
            worth=0.0 if self._still >= STUCK_STEPS else worth,
            contact=contact,
        )  # fmt: skip
