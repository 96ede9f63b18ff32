"""The last minutes of beats and skin conductance, kept for the windowed metrics."""

from __future__ import annotations

import math
from collections import deque

from biofeedback.metrics.beats import Beat
from biofeedback.metrics.eda_samples import Trusted
from biofeedback.metrics.windowed import Window

__all__ = ["History"]

#: Responses last seconds, so this rate keeps all of skin conductance. Our own choice.
_EDA_HZ = 8.0
#: Steps that differ by less have one rate, up to the rounding of times.
_SAME_STEP = 0.01
#: Less than this of either signal is not worth a computation.
_SHORTEST_S = 60.0


class History:
    """Cuts a window from the end of what it was fed.

    Parameters
    ----------
    window_s
        How much is kept.
    """

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._beats: deque[Beat] = deque()
        self._eda: deque[tuple[float, float]] = deque()
        self._step_s = 0.0
        self._sum_us = 0.0
        self._count, self._block = 0, 1

    def feed_beat(self, beat: Beat) -> None:
        """Take in the next beat.

        Parameters
        ----------
        beat
            Not before the last one.
        """
        self._beats.append(beat)
        while self._beats[0].time_s <= beat.time_s - self._window_s:
            self._beats.popleft()

    def feed_eda(self, passed: list[Trusted]) -> None:
        """Take in trusted samples; a step of 0 follows a break, which starts the stretch anew.

        Parameters
        ----------
        passed
            What `EdaGate` let through, in order of time.
        """
        for time_s, value_us, step_s in passed:
            if not abs(step_s - self._step_s) <= _SAME_STEP * self._step_s:
                self._eda.clear()
                self._sum_us, self._count = 0.0, 0
                self._step_s = step_s
                self._block = max(1, round(1.0 / _EDA_HZ / step_s)) if step_s > 0.0 else 1
            self._sum_us += value_us
            self._count += 1
            if self._count >= self._block:
                self._eda.append((time_s, self._sum_us / self._count))
                self._sum_us, self._count = 0.0, 0
        while self._eda and self._eda[0][0] <= self._eda[-1][0] - self._window_s:
            self._eda.popleft()

    def window(self, end_s: float) -> Window | None:
        """Return what is known up to `end_s`; None with less than a minute of both signals.

        Parameters
        ----------
        end_s
            Session time; what came later is left out.

        Returns
        -------
        Window | None
            The last `window_s` seconds; the skin conductance averaged down to about 8 Hz.
        """
        start_s = end_s - self._window_s
        beats = [beat for beat in self._beats if start_s < beat.time_s <= end_s]
        eda = [sample for sample in self._eda if start_s < sample[0] <= end_s]
        times_s, values_us = zip(*eda, strict=True) if eda else ((0.0,), ())
        rr_s = math.fsum([beat.rr_ms for beat in beats if beat.is_nn]) / 1000.0
        rate_hz = (
            round(1.0 / (self._step_s * self._block), 6) if eda and self._step_s > 0.0 else 0.0
        )
        eda_s = len(eda) / rate_hz if rate_hz else 0.0
        if max(rr_s, eda_s) < _SHORTEST_S:
            return None
        return Window(
            start_s=start_s,
            end_s=end_s,
            rr_times_s=tuple([beat.time_s for beat in beats]),
            rr_ms=tuple([beat.rr_ms for beat in beats]),
            rr_clean=tuple([beat.is_nn for beat in beats]),
            eda_us=values_us,
            eda_rate_hz=rate_hz,
            eda_end_s=times_s[-1],
        )
