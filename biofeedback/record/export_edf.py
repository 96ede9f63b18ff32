"""A session as one EDF+ file: its regular signals, and the rest as annotations.

After Kemp and Olivan 2003 (edfplus.info). Samples are 16-bit integers between the least and the
greatest value of their channel, so the resolution is a 65,000th of that range. Beats, markers and
gaps are annotations. Where nothing was measured the samples hold the lowest digital value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from biofeedback.common.errors import FolderError
from biofeedback.record.export_label import OWN, ExportLabel
from biofeedback.record.reader import read_header
from biofeedback.record.streams import LoggedStream, StreamCollector
from biofeedback.record.tables import LogTable, gather
from biofeedback.record.targets import new_file

__all__ = ["ENDING", "export"]

ENDING = ".edf"

_MISSING, _LEAST, _MOST = -32768, -32767, 32767
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DIMENSIONS = {"a.u.": "", "bpm": "1/min"}


class _Channel:
    """One signal of the file: integers, and what it takes to read them as numbers."""

    def __init__(self, label: str, stream: LoggedStream, values: NDArray[np.float64]) -> None:
        known = values[np.isfinite(values)]
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
        if not high > low:
            low, high = low - 0.5, low + 0.5
        self.label = label[:16]
        self.source = stream.source
        self.dimension = _DIMENSIONS.get(stream.unit, stream.unit)
        step = (high - low) / (_MOST - _LEAST)
        self.low, self.high = _number(low - step), _number(high)  # as they will be read back
        step = (float(self.high) - float(self.low)) / (_MOST - _MISSING)
        digits = np.rint((values - float(self.low)) / step) + _MISSING
        digits = np.where(np.isfinite(digits), np.clip(digits, _LEAST, _MOST), _MISSING)
        self.samples = digits.astype("<i2")


def export(
    session: Path,
    out: Path,
    *,
    force: bool,
    progress: Callable[[float], None],
    label: ExportLabel = OWN,
) -> list[Path]:
    """Write a session as the EDF+ file `out`; return its path in a list.

    Parameters
    ----------
    session
        A session's folder, or the log in it.
    out
        The file to write.
    force
        Whether what stands there already may be replaced.
    progress
        Told the share that is done, 0 to 1.
    label
        Whose it is, and which, in place of the session's own names.

    Returns
    -------
    list[Path]
        One path.

    Raises
    ------
    LogError
        The log cannot be read.
    FolderError
        `out` exists and `force` is not set, or it cannot be written, or a rate does not fit.

    References
    ----------
    Kemp and Olivan 2003, edfplus.info
    """
    header = label.header(read_header(session))
    streams = StreamCollector()
    tables = gather(session, streams.take, lambda share: progress(0.8 * share))
    regular = [stream for stream in streams.all() if stream.rate_hz is not None]
    record_s = _record_s([stream.rate_hz or 1.0 for stream in regular])
    ends_s = [float(stream.times_s[-1]) + 1 / (stream.rate_hz or 1) for stream in streams.all()]
    notes = _notes(streams.all(), tables["events"])
    ends_s += [onset + duration for onset, duration, _ in notes]
    count = max(1, math.ceil(max(ends_s, default=0.0) / record_s - 1e-9))
    channels, sizes = [], []
    for stream in regular:
        rate_hz, grid = stream.rate_hz or 1.0, stream.grid()
        size = round(rate_hz * record_s)
        whole = np.full((count * size, grid.values.shape[1]), np.nan)
        first = round(grid.start_s * rate_hz)
        part = grid.values[max(0, -first) : len(whole) - first]
        whole[max(0, first) : max(0, first) + len(part)] = part
        for name, values in zip(stream.columns, whole.T, strict=True):
            title = f"{name}{stream.name.removeprefix(stream.signal)}".upper()
            channels.append(_Channel(title, stream, values))
            sizes.append(size)
    texts = _annotations(notes, record_s, count)
    room = 2 * math.ceil(max(len(text) for text in texts) / 2)
    with new_file(out, force=force) as path, path.open("wb") as file:
        started = datetime.fromisoformat(header.started_utc)
        person = "".join(c if c.isalnum() or c in "-_" else "_" for c in header.profile or "X")
        file.write(
            _head(
                person,
                label.session or "X",
                started,
                count,
                record_s,
                channels,
                [*sizes, room // 2],
            )
        )
        for index, text in enumerate(texts):
            for channel, size in zip(channels, sizes, strict=True):
                file.write(channel.samples[index * size : (index + 1) * size].tobytes())
            file.write(text.ljust(room, b"\0"))
    progress(1.0)
    return [out]


def _record_s(rates_hz: Iterable[float]) -> float:
    """Return the shortest length of a record that holds whole numbers of samples, 1 to 100 s."""
    rates = list(rates_hz)
    for seconds in range(1, 101):
        if all(abs(rate * seconds - round(rate * seconds)) < 1e-6 for rate in rates):
            return float(seconds)
    raise FolderError(
        f"EDF cannot hold the rates {', '.join(f'{rate:g}' for rate in rates)} Hz together",
        hint="Export to BIDS, Parquet or XDF.",
    )


def _notes(streams: Iterable[LoggedStream], events: LogTable) -> list[tuple[float, float, str]]:
    """Return (onset_s, duration_s, text) of all that is no regular signal, in order."""
    notes = []
    for stream in streams:
        if stream.rate_hz is None:
            for time_s, value in zip(stream.times_s, stream.values[:, 0], strict=True):
                text = f"{stream.name.upper()} {float(value)!r} {stream.unit}"
                notes.append((float(time_s), 0.0, text))
    for row in events.rows:
        onset_s, end_s = float(row["time_s"] or 0.0), row["end_s"]
        duration_s = 0.0 if end_s is None else float(end_s) - onset_s
        words = (row["kind"], row["what"], row["detail"] if row["kind"] == "gap" else "")
        text = " ".join(str(word) for word in words if word)
        notes.append((max(0.0, onset_s), duration_s, text))
    return sorted(notes)


def _annotations(
    notes: Iterable[tuple[float, float, str]], record_s: float, count: int
) -> list[bytes]:
    """Return the annotation bytes of each record: its own start first, then what begins in it."""
    texts = [f"+{index * record_s:g}\x14\x14\0".encode() for index in range(count)]
    for onset_s, duration_s, text in notes:
        lasting = f"\x15{duration_s:.6f}" if duration_s else ""
        clean = " ".join("".join(c if c >= " " else " " for c in text).split())
        place = min(count - 1, int(onset_s / record_s))
        texts[place] += f"+{onset_s:.6f}{lasting}\x14{clean}\x14\0".encode()
    return texts


def _number(value: float) -> str:
    """Return a number in at most eight characters, as exact as that allows."""
    for digits in range(8, -1, -1):
        if len(text := f"{value:.{digits}g}") <= 8 and "e" not in text:
            return text
    return f"{value:.2g}"[:8]


def _head(
    person: str, visit: str, started: datetime, count: int, record_s: float,
    channels: list[_Channel], sizes: list[int],
) -> bytes:  # fmt: skip
    date = f"{started.day:02d}-{_MONTHS[started.month - 1]}-{started.year}"
    fields = [
        ("0", 8), (f"{person} X X X"[:80], 80),
        (f"Startdate {date} {visit} X biofeedback"[:80], 80),
        (f"{started:%d.%m.%y}", 8), (f"{started:%H.%M.%S}", 8),
        (str(256 * (len(sizes) + 1)), 8), ("EDF+C", 44), (str(count), 8), (f"{record_s:g}", 8),
        (str(len(sizes)), 4),
    ]  # fmt: skip
    fields += [(channel.label, 16) for channel in channels] + [("EDF Annotations", 16)]
    fields += [(channel.source[:80], 80) for channel in channels] + [("", 80)]
    fields += [(channel.dimension, 8) for channel in channels] + [("", 8)]
    fields += [(channel.low, 8) for channel in channels] + [("-1", 8)]
    fields += [(channel.high, 8) for channel in channels] + [("1", 8)]
    fields += [("-32768", 8)] * len(sizes) + [("32767", 8)] * len(sizes)
    fields += [("", 80)] * len(sizes) + [(str(size), 8) for size in sizes]
    fields += [("", 32)] * len(sizes)
    return b"".join(text.encode("ascii", "replace").ljust(width) for text, width in fields)
