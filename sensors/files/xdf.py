"""XDF recordings of the Lab Streaming Layer: streams by label, type and unit, text as markers."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from sensors.errors import RecordingError
from sensors.files.beats import from_timed
from sensors.files.notes import gap_of
from sensors.files.recording import Recording, assemble, name_of, on_grid
from sensors.files.text import is_number
from sensors.labels import LabelMeaning, columns_of, meaning_of
from sensors.network.beat_feeds import ArrivalBeatFeed
from sensors.signals import Chunk, FloatArray, Gap, Signal

__all__ = ["is_xdf", "read_xdf"]

_OURS = "biofeedback"  #: source of the streams that our export adds to the signals
_MARKER = "marker "
_OWN_TIME_S = 1e-3  #: a beat's own time is closer to its interval; an arrival is not
_LATEST_S = 1e12  #: 30,000 years; a later stamp is damage, and would overflow


def is_xdf(data: bytes) -> bool:
    """Return whether the bytes start as an XDF file does.

    Parameters
    ----------
    data
        The file, or its first four bytes.

    Returns
    -------
    bool
        By the format's name.
    """
    return data.startswith(b"XDF:")


def read_xdf(path: Path, data: bytes) -> Recording:
    """Read every channel that is known, on one clock.

    Time 0 is the first of their samples, or where the header says it is, as in our own files.

    Parameters
    ----------
    path
        For its name.
    data
        The whole file.

    Returns
    -------
    Recording
        Text streams are markers.

    Raises
    ------
    RecordingError
        When it is damaged, when no channel is known, or when the library that reads the format
        is missing.
    """
    try:
        import pyxdf
    except ImportError as error:
        raise RecordingError(
            f"the library for XDF files such as {path.name} is missing",
            hint="Install it: pip install 'biofeedback[xdf]'",
        ) from error
    try:
        # By default it would smooth over a loss of 500 samples: two minutes of a wristband.
        with np.errstate(all="ignore"):
            streams, header = pyxdf.load_xdf(
                io.BytesIO(data), jitter_break_threshold_seconds=1, jitter_break_threshold_samples=4
            )
            found = [_Stream(stream) for stream in streams]
    except Exception as error:  # whatever damage does to the library
        raise RecordingError(
            f"{path.name} is damaged: {error}", hint="Copy or record it again."
        ) from error
    source = name_of(path)
    firsts_s = [float(s.times_s[0]) for s in found if s.columns and len(s.times_s)]
    begin_s = min([*_zero(header), *firsts_s], default=0.0)
    series: list[Chunk] = []
    gaps: list[Gap] = []
    warnings: list[str] = []
    for stream in found:
        if not len(stream.times_s):
            warnings.append(f"the stream {stream.name!r} is empty")
        elif not stream.columns and not stream.is_text and not stream.ours:
            warnings.append(f"the stream {stream.name!r} is of no known signal and left out")
        for meaning, columns in stream.columns:
            if any(chunk.signal is meaning.signal for chunk in series):
                warnings.append(f"a second {meaning.signal}, of {stream.name!r}, is left out")
            elif len(stream.times_s):
                chunk, breaks = stream.read(meaning, columns, begin_s, source)
                series.append(chunk)
                gaps += breaks
    told = [
        replace(gap, source=source, start_s=gap.start_s - begin_s, end_s=gap.end_s - begin_s)
        for stream in found
        for gap in stream.gaps
    ]
    if any(stream.ours for stream in found):  # ours knows the reasons, and all of them
        gaps = [gap for gap in told if gap.signal in {chunk.signal for chunk in series}]
    return assemble(
        path,
        "XDF",
        series,
        gaps,
        started=_started(header),
        markers=[(t - begin_s, x) for s in found for t, x in s.markers if t >= begin_s],
        warnings=warnings,
    )


class _Stream:
    """One stream: which of its columns are which signal, or its markers with their times."""

    def __init__(self, stream: dict[str, Any]) -> None:
        info = stream["info"]
        self.name = str(info["name"][0])
        self.ours = info.get("source_id") == [_OURS]  # what our export says beside the signals
        self.is_text = info["channel_format"][0] == "string"
        self._even = float(info["nominal_srate"][0]) > 0.0
        self.times_s: FloatArray = np.asarray(stream["time_stamps"], dtype=np.float64)
        self.markers: list[tuple[float, str]] = []
        self.gaps: list[Gap] = []  #: that our export tells of
        self.columns: list[tuple[LabelMeaning, list[int]]] = []
        if not len(self.times_s):
            return
        if self.is_text:
            rows = zip(self.times_s.tolist(), stream["time_series"], strict=True)
            texts = [(time_s, str(row[0])) for time_s, row in rows if abs(time_s) < _LATEST_S]
            mark = _MARKER if self.ours else ""
            self.markers = [(t, x.removeprefix(mark)) for t, x in texts if x.startswith(mark)]
            if self.ours:
                self.gaps = _gaps(self.times_s, stream["time_series"])
            return
        self._rows: FloatArray = np.asarray(stream["time_series"], dtype=np.float64)
        self._rows = self._rows.reshape(len(self.times_s), -1)
        timed = np.abs(self.times_s) < _LATEST_S  # and not NaN
        order = np.argsort(self.times_s[timed], kind="stable")
        self.times_s, self._rows = self.times_s[timed][order], self._rows[timed][order]
        self.columns = [] if self.ours else _columns(info, self._rows.shape[1])

    def read(
        self, meaning: LabelMeaning, columns: list[int], begin_s: float, source: str
    ) -> tuple[Chunk, list[Gap]]:
        """Return one signal, and the breaks among its beats."""
        times_s = self.times_s - begin_s
        values = meaning.in_our_unit(self._rows[:, columns])
        if meaning.signal is Signal.RR:
            return _beats(times_s, values, source)
        if self._even:
            return on_grid(meaning.signal, source, times_s, values), []
        return Chunk.events(meaning.signal, source, times_s, values), []


def _gaps(times_s: FloatArray, rows: list[list[str]]) -> list[Gap]:
    """Return the gaps among the events of our export: what, and for how long."""
    found = []
    for time_s, row in zip(times_s.tolist(), rows, strict=True):
        lasts_s = float(row[1]) if len(row) > 1 and is_number(row[1]) else 0.0
        if (gap := gap_of(str(row[0]), time_s, time_s + lasts_s, "")) is not None:
            found.append(gap)
    return found


def _beats(times_s: FloatArray, values: FloatArray, source: str) -> tuple[Chunk, list[Gap]]:
    """Leave beats whose stamps are their own times there; place others as if they arrived now."""
    steps_s, rr_s = np.diff(times_s), values[:, 0]
    if len(steps_s) and np.median(np.abs(steps_s - rr_s[1:])) < _OWN_TIME_S:
        return from_timed(times_s, rr_s, source)
    samples = ArrivalBeatFeed(source, lambda kind, what: None).add(np.inf, times_s, values)
    chunks = [sample for sample in samples if isinstance(sample, Chunk)]
    return (
        Chunk.events(
            Signal.RR,
            source,
            np.concatenate([chunk.times_s for chunk in chunks] or [np.empty(0)]),
            np.concatenate([chunk.values for chunk in chunks] or [np.empty((0, 1))]),
        ),
        [sample for sample in samples if isinstance(sample, Gap)],
    )


def _columns(info: dict[str, Any], count: int) -> list[tuple[LabelMeaning, list[int]]]:
    """Return each signal with its columns; only acceleration has more than one."""
    described = [*_channels(info)[:count], *[("", "")] * count][:count]
    kind, name = str(info["type"][0]), str(info["name"][0])
    return columns_of(
        meaning_of(label, kind, unit) or meaning_of(name, unit=unit) for label, unit in described
    )


def _channels(info: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the label and unit of each channel, as far as the sender described them."""
    try:
        channels = info["desc"][0]["channels"][0]["channel"]
        return [(str(_first(c, "label")), str(_first(c, "unit"))) for c in channels]
    except (KeyError, IndexError, TypeError):
        return []


def _first(channel: dict[str, list[str | None]], key: str) -> str:
    return next(chain(channel.get(key) or [""])) or ""


def _zero(header: dict[str, Any]) -> list[float]:
    """Return the time stamp of time 0 where the header tells one, as ours does."""
    try:
        zero_s = float(header["info"]["time_zero"][0])
    except (KeyError, IndexError, TypeError, ValueError):
        return []
    return [zero_s] if abs(zero_s) < _LATEST_S else []


def _started(header: dict[str, Any]) -> datetime | None:
    """Return when the recorder was started, if the file says it."""
    try:
        started = datetime.fromisoformat(str(header["info"]["datetime"][0]))
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    return started.astimezone(UTC) if started.tzinfo else started
