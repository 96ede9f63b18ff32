"""A bank of metrics read at each second of a recording, and summed up in consecutive windows.

The work grows with the samples, never with the time that they claim to span: while nothing is fed
and no metric has enough of its window covered, nothing can come to be known, so those seconds are
not read.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from msgspec.structs import replace

from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.metrics.base import DELIVERY_S, Reading
from biofeedback.metrics.beat_window import BeatWindow
from biofeedback.metrics.beats import Beat
from biofeedback.metrics.heart_rate import HeartRate
from biofeedback.metrics.hrv_time import LnRmssd, Pnn50, Rmssd, Sd1, Sd2, Sdnn
from biofeedback.metrics.scr import Scr
from biofeedback.metrics.stress_index import StressIndex
from biofeedback.metrics.windowed import compute
from sensors.base import Sample, SensorStatus
from sensors.signals import Chunk, FloatArray

__all__ = ["WindowMetrics", "WindowedBank"]

#: Computed from whole windows by `windowed.compute`.
_SPECTRAL = ("vlf", "lf", "hf", "lf_hf", "eda_tonic", "eda_phasic")
#: Below this coverage no metric has a value, and without samples coverage only falls.
_TOO_LITTLE = 0.5
#: Rhythms are renewed every 5 s: whole steps of that keep them in step over a silence.
_STEP_S = 5
#: So many windows without a sample, beside as many as have some, are worth telling. Our own choice.
_MOST_BLANK = 480


@dataclass(frozen=True, slots=True)
class WindowMetrics:
    """All metrics of the time from `start_s` to `end_s`, always in the same order."""

    start_s: float
    end_s: float
    readings: tuple[Reading, ...]  #: one a metric


@dataclass(slots=True)
class _Moments:
    """One metric, second by second: NaN where it had no value."""

    values: array[float] = field(default_factory=lambda: array("d"))
    qualities: array[float] = field(default_factory=lambda: array("d"))


class WindowedBank:
    """Feeds a bank in order of time, reads it each second, and sums up each window.

    Parameters
    ----------
    window_s
        Length of the windows.
    """

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._bank = MetricBank(
            MetricSettings(
                breathing_window_s=min(max(window_s, 30.0), MetricSettings().breathing_window_s),
                scl_window_s=min(window_s, MetricSettings().scl_window_s),
                scr_window_s=window_s,
                long_window_s=window_s,
                long_window_every_s=window_s,
            )
        )
        self._second = 0  #: the next to be read
        self._window = 0  #: the next to end
        self._last_s = -math.inf  #: time of the latest sample
        self._dead = False  #: nothing can be known before another sample comes
        self._blank = 0  #: windows that were kept without a sample
        self._seconds = array("q")  #: that were read
        self._moments: dict[str, _Moments] = defaultdict(_Moments)
        self._at_end: list[tuple[int, tuple[Reading, ...]]] = []
        self._without_contact: set[str] = set()
        self._apart: list[tuple[int, int]] = []  #: seconds without contact, from and to
        self._apart_since: int | None = None
        self.beats: list[Beat] = []
        self.responses: list[Scr] = []
        self.left_out_s: list[tuple[float, float]] = []  #: silences whose windows are not made

    def feed(self, time_s: float, sample: Sample) -> None:
        """Take in a sample that became known at `time_s`.

        Parameters
        ----------
        time_s
            In s, never decreasing.
        sample
            Of any sensor.
        """
        self._advance(time_s)
        if isinstance(sample, SensorStatus):
            self._contact(sample)
        else:
            self._dead = False
        if isinstance(sample, Chunk) and len(sample):
            self._last_s = max(self._last_s, float(sample.times_s[-1]))
        for event in self._bank.feed(sample):
            if isinstance(event, Beat):
                self.beats.append(event)
            else:
                self.responses.append(event)

    def finish(self, end_s: float) -> tuple[WindowMetrics, ...]:
        """Return all windows up to `end_s`.

        Parameters
        ----------
        end_s
            In s, where the last sample ends.

        Returns
        -------
        tuple[WindowMetrics, ...]
            In order; the last one may be shorter.
        """
        self._advance(end_s)
        rest_s = end_s - self._window * self._window_s
        if rest_s >= self._window_s / 2 or not self._at_end:
            self._at_end.append((self._window, self._bank.read(end_s)))
        if self._apart_since is not None:
            self._apart.append((self._apart_since, self._second))
        times_s = np.array([beat.time_s for beat in self.beats])
        return tuple(
            self._sum_up(index, readings, min(end_s, (index + 1) * self._window_s), times_s)
            for index, readings in self._at_end
        )

    def level_us(self) -> FloatArray:
        """Return the skin conductance level of each second that was read.

        Returns
        -------
        FloatArray
            In uS, shape (n,); NaN where it is unknown.
        """
        return np.array(self._moments["scl"].values)

    def _contact(self, status: SensorStatus) -> None:
        change = self._without_contact.add
        if status.contact is not False:
            change = self._without_contact.discard
        change(status.source)
        if self._without_contact and self._apart_since is None:
            self._apart_since = self._second
        elif not self._without_contact and self._apart_since is not None:
            self._apart.append((self._apart_since, self._second))
            self._apart_since = None

    def _advance(self, time_s: float) -> None:
        while True:
            if self._dead:
                self._skip(time_s)
            window_end_s = (self._window + 1) * self._window_s
            if min(self._second, window_end_s) > time_s:
                return
            if window_end_s <= self._second:
                self._end_window(window_end_s)
            else:
                self._read_second()

    def _skip(self, time_s: float) -> None:
        """Pass over seconds of a silence, and over its windows where there are too many of them."""
        if self._second % _STEP_S == 0:
            self._second = max(self._second, _STEP_S * math.floor(time_s / _STEP_S))
        if self._window * self._window_s <= self._last_s:
            return
        blank = math.floor(time_s / self._window_s) - self._window
        if self._blank + blank > _MOST_BLANK + len(self._at_end) - self._blank:
            start_s, self._window = self._window * self._window_s, self._window + blank
            self.left_out_s.append((start_s, self._window * self._window_s))

    def _end_window(self, end_s: float) -> None:
        blank = self._dead and self._window * self._window_s > self._last_s
        before = self._at_end[-1][1] if self._at_end else ()
        if blank and before and not any(reading.coverage for reading in before):
            readings = tuple([replace(reading, time_s=end_s) for reading in before])
        else:
            if (window := self._bank.window(end_s)) is not None:
                self._bank.feed(compute(window))
            readings = self._bank.read(end_s)
        self._at_end.append((self._window, readings))
        self._blank += blank
        self._window += 1

    def _read_second(self) -> None:
        covered = 0.0
        for reading in self._bank.read_momentary(float(self._second)):
            moments = self._moments[reading.name]
            moments.values.append(math.nan if reading.value is None else reading.value)
            moments.qualities.append(reading.quality)
            covered = max(covered, reading.coverage)
        self._seconds.append(self._second)
        self._dead = covered < _TOO_LITTLE and self._second - self._last_s >= DELIVERY_S
        self._second += 1

    def _sum_up(
        self, index: int, at_end: Iterable[Reading], end_s: float, times_s: FloatArray
    ) -> WindowMetrics:
        start_s = index * self._window_s
        first, stop = math.ceil(start_s), math.ceil(end_s)
        apart = sum(max(0, min(b, stop) - max(a, first)) for a, b in self._apart)
        contact = (stop - first - apart) / (stop - first) if stop > first else 1.0
        seconds = slice(bisect_left(self._seconds, first), bisect_left(self._seconds, stop))
        beats = BeatWindow(self._window_s)
        for place in range(*np.searchsorted(times_s, (start_s, end_s), side="right").tolist()):
            beats.feed(self.beats[place])
        heart = (
            HeartRate(beats), LnRmssd(beats), Rmssd(beats), Sdnn(beats), Pnn50(beats),
            Sd1(beats), Sd2(beats), StressIndex(beats),
        )  # fmt: skip
        own = {reading.name: reading for reading in (m.read(end_s, contact) for m in heart)}
        if own["heart_rate"].value is None:
            own["heart_rate"] = self._mean(own["heart_rate"], seconds)
        readings = [
            own.get(reading.name) or self._measured(reading, seconds, start_s, end_s)
            for reading in at_end
        ]
        return WindowMetrics(start_s, end_s, tuple(readings))

    def _measured(self, reading: Reading, seconds: slice, start_s: float, end_s: float) -> Reading:
        """Return what the bank read at the end of a window as a reading of the whole window."""
        if reading.name in _SPECTRAL:
            current = reading.value is not None and reading.time_s == end_s
            return reading if current else replace(reading, value=None, quality=0.0, coverage=0.0)
        if reading.name == "scr_rate":  # its own window is the whole one: no mean of earlier ones
            if reading.value is None:
                return reading
            count = sum(start_s <= scr.onset_s < end_s for scr in self.responses)
            return replace(reading, value=60.0 * count / (reading.coverage * self._window_s))
        return self._mean(reading, seconds)

    def _mean(self, reading: Reading, seconds: slice) -> Reading:
        """Return the mean over the seconds of a window; None when most of them have no value."""
        moments = self._moments[reading.name]
        values = [value for value in moments.values[seconds] if not math.isnan(value)]
        coverage = min(1.0, len(values) / self._window_s)
        if coverage < 0.5:
            return replace(
                reading, value=None, window_s=self._window_s, quality=0.0, coverage=coverage
            )
        quality = math.fsum(moments.qualities[seconds]) / self._window_s
        return replace(
            reading, value=math.fsum(values) / len(values), window_s=self._window_s,
            quality=min(1.0, quality), coverage=coverage,
        )  # fmt: skip
