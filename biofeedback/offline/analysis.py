"""The metrics of a recording, or of a session's log, in consecutive windows."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from biofeedback.metrics.nonlinear import Nonlinear
from biofeedback.metrics.summary import EdaSummary, HrvSummary, eda_summary, hrv_summary
from biofeedback.offline.blanks import Blanks, RecordingEvidence
from biofeedback.offline.recordings import read_recording
from biofeedback.offline.windows import WindowedBank, WindowMetrics
from biofeedback.record.inputs import input_of
from biofeedback.record.reader import is_session, read, read_header
from sensors.base import Sample, SampleStream, SensorStatus
from sensors.files.replay import play
from sensors.signals import Chunk, Gap, Signal

__all__ = ["DEFAULT_WINDOW_S", "Analysis", "analyze"]

DEFAULT_WINDOW_S = 60.0
_TELL_SHARE = 0.005  #: of the recording: so often the progress is told
_MEASURED = tuple(signal for signal in Signal if signal is not Signal.RESP)


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
    blanks: Blanks | None = None  #: answers why figures are blank
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
    measured, lost_s, evidence = WindowedBank(window_s), dict[str, float](), RecordingEvidence()
    duration_s = told = 0.0

    def feed(time_s: float, sample: Sample) -> None:
        measured.feed(time_s, sample)
        evidence.feed(sample)
        if isinstance(sample, Gap):
            signal = sample.signal.value
            lost_s[signal] = lost_s.get(signal, 0.0) + sample.end_s - sample.start_s
        nonlocal told
        if time_s > told + _TELL_SHARE * duration_s:
            told = time_s
            progress(min(1.0, time_s / duration_s))

    if is_session(source):
        name = source.resolve().name if source.is_dir() else source.resolve().parent.name
        kind = "session"
        warnings: tuple[str, ...] = ()
        timed = list(_of_session(source))
        started = read_header(source).began
        duration_s = max((_end_s(sample) for _, sample in timed), default=0.0)
        for time_s, sample in timed:
            feed(time_s, sample)
    else:
        recording = read_recording(source, columns=columns, rate_hz=rate_hz)
        name, kind, warnings = recording.name, recording.format, recording.warnings
        duration_s, started = recording.duration_s, recording.started
        kept = tuple(chunk for chunk in recording.series if chunk.signal in _MEASURED)
        asyncio.run(_feed_all(play(replace(recording, series=kept), lambda: math.inf), feed))
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
        lost_s=lost_s,
        warnings=(*warnings, *map(_left_out, measured.left_out_s)),
        hrv=hrv_summary(measured.beats),
        eda=eda_summary(
            measured.level_us(), 1.0, [response.amplitude_us for response in measured.responses]
        ),
        blanks=Blanks.of(evidence, measured.beats, window_s),
        started=started,
    )


def _left_out(silence_s: tuple[float, float]) -> str:
    start_s, end_s = silence_s
    return f"there is nothing from {start_s:.0f} s to {end_s:.0f} s, so no windows stand for it"


def _of_session(session: Path) -> Iterator[tuple[float, Sample]]:
    for _, line in read(session):
        item = input_of(line)
        if isinstance(item, Gap | SensorStatus) or (
            isinstance(item, Chunk) and item.signal in _MEASURED
        ):
            yield line.t, item


async def _feed_all(stream: SampleStream, feed: Callable[[float, Sample], None]) -> None:
    async for sample in stream:
        feed(_start_s(sample), sample)


def _start_s(sample: Sample) -> float:
    if isinstance(sample, Chunk):
        return float(sample.times_s[0])
    return sample.end_s if isinstance(sample, Gap) else 0.0


def _end_s(sample: Sample) -> float:
    if isinstance(sample, Chunk):
        return float(sample.times_s[-1]) if len(sample) else 0.0
    return sample.end_s if isinstance(sample, Gap) else 0.0
