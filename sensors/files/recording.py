"""A recording in memory: every signal of a file, in the time of a session."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from sensors.errors import RecordingError
from sensors.files.channels import Channel
from sensors.files.series import PackedSeries, Series, missing_runs
from sensors.signals import Chunk, FloatArray, Gap, Signal

__all__ = ["Recording", "assemble", "on_grid"]


_SILENCE_S = 5.0  #: a series that ends this long before the recording has lost its signal


@dataclass(frozen=True, slots=True)
class Recording:
    """Each signal as one series of full length; time 0 is the start of the earliest stream.

    A regular series may hold NaN where a sample is missing or unreadable: such stretches are
    listed in `gaps` as well. `started` is when time 0 was: with a time zone where the file tells
    one, else naive, by the recorder's own clock; None where it does not say at all. `markers` are
    (time_s, label) in order. `warnings` are plain sentences about what was left out.
    """

    name: str  #: that of the file, without its endings
    path: Path  #: the file or folder
    format: str  #: in words
    started: datetime | None
    duration_s: float  #: to the end of the longest series
    series: tuple[Series, ...]  #: one a signal
    gaps: tuple[Gap, ...]
    markers: tuple[tuple[float, str], ...]
    warnings: tuple[str, ...]
    channels: tuple[Channel, ...] = ()  #: all that the file holds, where its reader tells

    def called(self, name: str) -> Recording:
        """Return the same recording under another name, which its samples bear as well.

        Parameters
        ----------
        name
            Of the recording, and of the source of all its samples.

        Returns
        -------
        Recording
            All else is equal.
        """
        return replace(
            self,
            name=name,
            series=tuple(replace(chunk, source=name) for chunk in self.series),
            gaps=tuple(replace(gap, source=name) for gap in self.gaps),
        )


def assemble(
    path: Path,
    kind: str,
    series: Iterable[Series],
    gaps: Iterable[Gap] = (),
    *,
    started: datetime | None = None,
    markers: Iterable[tuple[float, str]] = (),
    warnings: Sequence[str] = (),
    channels: Sequence[Channel] = (),
) -> Recording:
    """Build a recording, leave out series without a single finite value, find missing stretches.

    Parameters
    ----------
    path
        For its name.
    kind
        The format, in words.
    series
        Each signal once, of full length.
    gaps
        Those that the file tells of; other missing stretches are added.
    started
        When time 0 was; naive where the file tells no time zone, None where it does not say.
    markers
        (time in s, label).
    warnings
        Plain sentences about what was left out.
    channels
        All that the file holds, taken or not.

    Returns
    -------
    Recording
        Gaps and markers in order of time.

    Raises
    ------
    RecordingError
        When nothing is left.
    """
    missing = [(chunk, missing_runs(chunk)) for chunk in series]
    missing = [(c, r) for c, r in missing if sum(stop - start for start, stop in r) < len(c)]
    kept = [chunk for chunk, _ in missing]
    if not kept:
        reason = f": {warnings[0]}" if warnings else ""
        raise RecordingError(
            f"{path.name} holds no samples{reason}",
            hint="The recording is empty or was cut right after its start; try another one.",
        )
    duration_s = max(_end_s(chunk) for chunk in kept)
    every_gap = told = list(gaps)
    for chunk, stretches in missing:
        known = [gap for gap in told if gap.signal is chunk.signal]
        every_gap = every_gap + [
            gap
            for gap in (*_missing(chunk, stretches), *_after_its_end(chunk, duration_s))
            if not any(one.start_s < gap.end_s and gap.start_s < one.end_s for one in known)
        ]
    return Recording(
        name=name_of(path),
        path=path,
        format=kind,
        started=started,
        duration_s=duration_s,
        series=tuple(kept),
        gaps=tuple(sorted(every_gap, key=lambda gap: gap.end_s)),
        markers=tuple(sorted(markers)),
        warnings=tuple(warnings),
        channels=tuple(channels),
    )


def name_of(path: Path) -> str:
    """Return the file's name without its endings, or the folder's name."""
    return path.name.split(".")[0] or path.name


def _missing(chunk: Series, stretches: Iterable[tuple[int, int]]) -> list[Gap]:
    missing = []
    for start, stop in stretches:
        end_s = _time_s(chunk, stop) if stop < len(chunk) else _end_s(chunk)
        start_s = _time_s(chunk, start)
        missing.append(Gap(chunk.signal, chunk.source, start_s, end_s, "bad_data"))
    return missing


def _after_its_end(chunk: Series, duration_s: float) -> list[Gap]:
    """Return the gap behind a series that stops while others go on."""
    end_s = _end_s(chunk)
    if duration_s - end_s <= _SILENCE_S:
        return []
    return [Gap(chunk.signal, chunk.source, end_s, duration_s, "bad_data")]


def _end_s(chunk: Series) -> float:
    return _time_s(chunk, len(chunk) - 1) + (1.0 / chunk.rate_hz if chunk.rate_hz else 0.0)


def _time_s(chunk: Series, place: int) -> float:
    return float(chunk.part(place, place + 1).times_s[0])


#: Samples may stand this far from an even grid, in periods, and still be an even series.
_JITTER_PERIODS = 0.25
#: So far may the times of a device that was followed live wander from its own even clock. Ours.
_WANDER_S = 0.05
#: An even series may be this much longer than its samples; beyond that its holes are not filled.
_MOST_MISSING = 20


def on_grid(signal: Signal, source: str, times_s: FloatArray, values: FloatArray) -> Series:
    """Return an even series with NaN in its holes, or single samples where there is no grid.

    Parameters
    ----------
    signal
        What is measured.
    source
        The sensor's name, which its samples bear.
    times_s
        In s, shape (n,), never decreasing.
    values
        In the signal's unit, shape (n,) or (n, channels).

    Returns
    -------
    Series
        At most 20 times as long as the samples.
    """
    # A day of samples fits into memory a few times, not many: what is not needed goes at once.
    period_s = _period_s(times_s)
    if period_s > 0.0:
        slots = np.rint(places := (times_s - times_s[0]) / period_s)
        places -= slots
        even = np.abs(places, out=places).max() <= _JITTER_PERIODS and (np.diff(slots) > 0.0).all()
        del places
        if not even:
            steps = np.maximum(np.rint(np.diff(times_s) / period_s), 1.0)
            slots = np.concatenate(([0.0], np.cumsum(steps)))
            del steps
            period_s = float(times_s[-1] - times_s[0]) / slots[-1]
            even = np.abs(times_s - times_s[0] - slots * period_s).max() <= _WANDER_S
        if even and slots[-1] < _MOST_MISSING * len(slots):
            count = int(slots[-1]) + 1
            grid = values = values.reshape(len(values), -1)
            if count > len(values):
                grid = np.full((count, values.shape[1]), np.nan)
                grid[slots.astype(np.int64)] = values
            return PackedSeries(signal, source, float(times_s[0]), 1.0 / period_s, grid)
    return Chunk.events(signal, source, times_s, values)


def _period_s(times_s: FloatArray) -> float:
    """Return the mean of the usual steps between samples; 0 where there are none."""
    if len(times_s) < 2:
        return 0.0
    period_s = float(np.median(np.diff(times_s), overwrite_input=True))
    if not period_s > 0.0:
        return 0.0
    steps_s = np.diff(times_s)
    off_s = steps_s - period_s
    usual = np.abs(off_s, out=off_s) < 0.5 * period_s
    del off_s
    return float(np.mean(steps_s[usual]))
