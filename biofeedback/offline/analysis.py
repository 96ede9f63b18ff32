"""The metrics of a recording, or of a session's log, in consecutive windows."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.metrics.base import Reading
from biofeedback.metrics.beat_window import BeatWindow
from biofeedback.metrics.beats import Beat
from biofeedback.metrics.heart_rate import HeartRate
from biofeedback.metrics.hrv_time import LnRmssd, Pnn50, Rmssd, Sd1, Sd2, Sdnn
from biofeedback.metrics.nonlinear import Nonlinear
from biofeedback.metrics.scr import Scr
from biofeedback.metrics.stress_index import StressIndex
from biofeedback.metrics.summary import EdaSummary, HrvSummary, eda_summary, hrv_summary
from biofeedback.metrics.windowed import compute
from biofeedback.offline.recordings import read_recording
from biofeedback.record.inputs import input_of
from biofeedback.record.reader import is_session, read, read_header
from sensors.base import Sample, SampleStream, SensorStatus
from sensors.files.replay import play
from sensors.signals import Chunk, FloatArray, Gap, Signal

__all__ = ["DEFAULT_WINDOW_S", "Analysis", "WindowMetrics", "analyze"]

DEFAULT_WINDOW_S = 60.0
_MEASURED = tuple(signal for signal in Signal if signal is not Signal.RESP)
#: Computed from whole windows by `windowed.compute`.
_SPECTRAL = ("vlf", "lf", "hf", "lf_hf", "eda_tonic", "eda_phasic")


@dataclass(frozen=True, slots=True)
class WindowMetrics:
    """All metrics of the time from `start_s` to `end_s`, always in the same order."""

    start_s: float
    end_s: float
    readings: tuple[Reading, ...]  #: one a metric


@dataclass(frozen=True, slots=True)
class Analysis:
    """A recording in windows, and as a whole. `lost_s` is the time in gaps, by signal.

    `hrv` and `eda` are None where there was too little of either.
    """

    name: str  #: of the file or session
    format: str  #: in words
    duration_s: float  #: to the last sample
    window_s: float  #: length of a window
    windows: tuple[WindowMetrics, ...]  #: in order of time
    beats: int  #: all that were found
    beats_left_out: int  #: those that are not NN
    skin_responses: int  #: all that were found
    lost_s: dict[str, float]
    warnings: tuple[str, ...]  #: what was left out of the file, in sentences
    hrv: HrvSummary | None = None
    eda: EdaSummary | None = None
    #: when second 0 was; naive where the recording tells no time zone, None where it does not say
    started: datetime | None = None

    @property
    def nonlinear(self) -> Nonlinear | None:
        """The indices of the longest unbroken run of beats, None where that is too short."""
        return None if self.hrv is None else self.hrv.nonlinear

    def mean(self, metric: str) -> float | None:
        """Return the mean of a metric over the windows that have it; None without any.

        Parameters
        ----------
        metric
            Its name, as in readings.

        Returns
        -------
        float | None
            In the unit of the metric.
        """
        values = [
            reading.value
            for window in self.windows
            for reading in window.readings
            if reading.name == metric and reading.value is not None
        ]
        return math.fsum(values) / len(values) if values else None


def analyze(
    source: Path,
    *,
    window_s: float = DEFAULT_WINDOW_S,
    columns: Mapping[str, str] | None = None,
    rate_hz: float | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> Analysis:
    """Return the metrics of `source`, a recording or a session, in windows of `window_s`.

    Each window is measured on its own, from its first second to its last; the last window may be
    shorter and is judged as if the rest of it were missing; below half of it nothing can be said,
    so it is left out.

    Parameters
    ----------
    source
        A recording, or a session's folder or log.
    window_s
        Length of the windows; spectral metrics need 120 s or more.
    columns
        Names of the columns of a CSV file, as in `sensors.files`; None where usual names tell.
    rate_hz
        Samples a second of a CSV file without times.
    progress
        Told the share that is done, 0 to 1.

    Returns
    -------
    Analysis
        Windows in order of time, and the whole.

    Raises
    ------
    RecordingError
        The recording cannot be read.
    SettingsError
        The columns or the rate make no sense.
    LogError
        The session's log cannot be read.
    """
    if is_session(source):
        name = source.resolve().name if source.is_dir() else source.resolve().parent.name
        kind = "session"
        warnings: tuple[str, ...] = ()
        timed = list(_of_session(source))
        started = read_header(source).began
        duration_s = max((_end_s(sample) for _, sample in timed), default=0.0)
    else:
        recording = read_recording(source, columns=columns, rate_hz=rate_hz)
        name, kind, warnings = recording.name, recording.format, recording.warnings
        duration_s, started = recording.duration_s, recording.started
        kept = tuple(chunk for chunk in recording.series if chunk.signal in _MEASURED)
        slim = replace(recording, series=kept)
        timed = asyncio.run(_of_recording(play(slim, lambda: math.inf)))
    measured = _Windows(window_s)
    for number, (time_s, sample) in enumerate(timed):
        measured.feed(time_s, sample)
        if number % 200 == 0:
            progress(number / len(timed))
    windows = measured.finish(duration_s)
    return Analysis(
        name=name,
        format=kind,
        duration_s=duration_s,
        window_s=window_s,
        windows=windows,
        beats=len(measured.beats),
        beats_left_out=sum(not beat.is_nn for beat in measured.beats),
        skin_responses=len(measured.responses),
        lost_s=_lost_s([sample for _, sample in timed if isinstance(sample, Gap)]),
        warnings=warnings,
        hrv=hrv_summary(measured.beats),
        eda=eda_summary(
            measured.level_us(), 1.0, [response.amplitude_us for response in measured.responses]
        ),
        started=started,
    )


def _of_session(session: Path) -> Iterator[tuple[float, Sample]]:
    for _, line in read(session):
        item = input_of(line)
        if isinstance(item, Gap | SensorStatus) or (
            isinstance(item, Chunk) and item.signal in _MEASURED
        ):
            yield line.t, item


async def _of_recording(stream: SampleStream) -> list[tuple[float, Sample]]:
    return [(_start_s(sample), sample) async for sample in stream]


def _start_s(sample: Sample) -> float:
    if isinstance(sample, Chunk):
        return float(sample.times_s[0])
    return sample.end_s if isinstance(sample, Gap) else 0.0


def _end_s(sample: Sample) -> float:
    if isinstance(sample, Chunk):
        return float(sample.times_s[-1]) if len(sample) else 0.0
    return sample.end_s if isinstance(sample, Gap) else 0.0


class _Windows:
    """Feeds a bank in order of time, reads it each second, and sums up each window."""

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
        self._second = 0
        self._each_second: list[dict[str, Reading]] = []
        self._at_end: list[tuple[Reading, ...]] = []
        self._without_contact: set[str] = set()
        self._contact: list[bool] = []
        self.beats: list[Beat] = []
        self.responses: list[Scr] = []

    def feed(self, time_s: float, sample: Sample) -> None:
        """Take in a sample that became known at `time_s`."""
        self._advance(time_s)
        if isinstance(sample, SensorStatus):
            change = self._without_contact.add
            if sample.contact is not False:
                change = self._without_contact.discard
            change(sample.source)
        for event in self._bank.feed(sample):
            if isinstance(event, Beat):
                self.beats.append(event)
            else:
                self.responses.append(event)

    def finish(self, end_s: float) -> tuple[WindowMetrics, ...]:
        """Return all windows up to `end_s`."""
        self._advance(end_s)
        rest_s = end_s - len(self._at_end) * self._window_s
        if rest_s >= self._window_s / 2 or not self._at_end:
            self._at_end.append(self._bank.read(end_s))
        times_s = np.array([beat.time_s for beat in self.beats])
        return tuple(
            self._sum_up(index, min(end_s, (index + 1) * self._window_s), times_s)
            for index in range(len(self._at_end))
        )

    def level_us(self) -> FloatArray:
        """Return the skin conductance level once a second, (n,), NaN where it is unknown."""
        values = [each["scl"].value for each in self._each_second]
        return np.array([math.nan if value is None else value for value in values])

    def _advance(self, time_s: float) -> None:
        while True:
            window_end_s = (len(self._at_end) + 1) * self._window_s
            if min(self._second, window_end_s) > time_s:
                return
            if window_end_s <= self._second:
                if (window := self._bank.window(window_end_s)) is not None:
                    self._bank.feed(compute(window))
                self._at_end.append(self._bank.read(window_end_s))
            else:
                readings = self._bank.read(float(self._second))
                self._each_second.append({reading.name: reading for reading in readings})
                self._contact.append(not self._without_contact)
                self._second += 1

    def _sum_up(self, index: int, end_s: float, times_s: FloatArray) -> WindowMetrics:
        start_s = index * self._window_s
        seconds = slice(math.ceil(start_s), math.ceil(end_s))
        contacts = self._contact[seconds]
        contact = sum(contacts) / len(contacts) if contacts else 1.0
        beats = BeatWindow(self._window_s)
        for place in np.flatnonzero((times_s > start_s) & (times_s <= end_s)):
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
            for reading in self._at_end[index]
        ]
        return WindowMetrics(start_s, end_s, tuple(readings))

    def _measured(self, reading: Reading, seconds: slice, start_s: float, end_s: float) -> Reading:
        """Return what the bank read at the end of a window as a reading of the whole window."""
        if reading.name in _SPECTRAL:
            current = reading.value is not None and reading.time_s == end_s
            return reading if current else replace(reading, value=None, quality=0.0, coverage=0.0)
        if reading.name == "scr_rate" and reading.value is not None:
            count = sum(start_s <= scr.onset_s < end_s for scr in self.responses)
            return replace(reading, value=60.0 * count / (reading.coverage * self._window_s))
        return self._mean(reading, seconds)

    def _mean(self, reading: Reading, seconds: slice) -> Reading:
        """Return the mean over the seconds of a window; None when most of them have no value."""
        found = [each[reading.name] for each in self._each_second[seconds]]
        values = [each.value for each in found if each.value is not None]
        coverage = min(1.0, len(values) / self._window_s)
        if coverage < 0.5:
            return replace(
                reading, value=None, window_s=self._window_s, quality=0.0, coverage=coverage
            )
        quality = math.fsum(each.quality for each in found) / self._window_s
        return replace(
            reading, value=math.fsum(values) / len(values), window_s=self._window_s,
            quality=min(1.0, quality), coverage=coverage,
        )  # fmt: skip


def _lost_s(gaps: Sequence[Gap]) -> dict[str, float]:
    lost: dict[str, float] = {}
    for gap in gaps:
        lost[gap.signal.value] = lost.get(gap.signal.value, 0.0) + gap.end_s - gap.start_s
    return lost
