"""A session as one EDF+ file: its regular signals, and the rest as annotations.

After Kemp and Olivan 2003 (edfplus.info). Samples are 16-bit integers between the least and the
greatest value of their channel, so the resolution is a 65,000th of that range. Beats, markers and
gaps are annotations.

The file is continuous (EDF+C): pyedflib refuses a discontinuous one, MNE-Python 1.10 closes its
gaps. Where nothing was measured the samples hold a value that no body has, and an annotation
`BAD_gap@@LABEL` says from when and for how long, which MNE leaves out by itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from biofeedback.record.export_label import OWN, ExportLabel
from biofeedback.record.reader import read_header
from biofeedback.record.streams import LoggedStream, StreamCollector
from biofeedback.record.tables import LogTable, gather, said
from biofeedback.record.targets import new_file

__all__ = ["ENDING", "export"]

ENDING = ".edf"

_LEAST, _MOST = -32768, 32767
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DIMENSIONS = {"a.u.": "", "bpm": "1/min"}
#: What no body has: the fill is not above it, and below the least value by the range of all.
_NEVER = {"eda": -1.0, "hr": -1.0, "temp": -100.0, "ecg": -20.0, "acc": -20.0}
#: So far may a rate be from whole samples in a record before a longer record is tried.
_NEAR_RATE = 1e-4
_LONGEST_RECORD_S = 100
#: The date and time of a file that does not tell when it was recorded (edfplus.info).
_ANONYMOUS = datetime(1985, 1, 1)

_Note = tuple[float, float, str]  #: onset in s, duration in s, text


class _Channel:
    """One signal of the file: integers, and what it takes to read them as numbers."""

    def __init__(self, label: str, stream: LoggedStream, values: NDArray[np.float64]) -> None:
        known = np.isfinite(values)
        low, high = (
            (float(values[known].min()), float(values[known].max())) if known.any() else (0, 1)
        )
        if not high > low:
            low, high = low - 0.5, low + 0.5
        if not known.all():
            low = min(_NEVER.get(stream.signal, math.inf), low - (high - low))
        self.label = label[:16]
        self.source = stream.source
        self.dimension = _DIMENSIONS.get(stream.unit, stream.unit)
        self.low, self.high = _number(low), _number(high)  # as they will be read back
        step = (float(self.high) - float(self.low)) / (_MOST - _LEAST)
        with np.errstate(invalid="ignore"):
            digits = np.rint((values - float(self.low)) / step) + _LEAST
        self.samples = np.where(known, np.clip(digits, _LEAST, _MOST), _LEAST).astype("<i2")
        self.missing = ~known


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
        `out` exists and `force` is not set, or it cannot be written.

    References
    ----------
    Kemp and Olivan 2003, edfplus.info
    """
    header = label.header(read_header(session))
    streams = StreamCollector()
    tables = gather(session, streams.take, lambda share: progress(0.8 * share))
    regular = [stream for stream in streams.all() if stream.rate_hz is not None]
    record_s, sizes = _layout([stream.rate_hz or 1.0 for stream in regular])
    notes = _notes(streams.all(), tables["events"])
    ends_s = [float(stream.times_s[-1]) + 1 / (stream.rate_hz or 1) for stream in streams.all()]
    ends_s += [onset_s + lasts_s for onset_s, lasts_s, _ in notes]
    count = max(1, math.ceil(max(ends_s, default=0.0) / record_s - 1e-9))
    channels, wide = [], []
    for stream, size in zip(regular, sizes, strict=True):
        for name, values in zip(
            stream.columns, stream.at(size / record_s, count * size).T, strict=True
        ):
            title = f"{name}{stream.name.removeprefix(stream.signal)}".upper()
            channels.append(_Channel(title, stream, values))
            notes += _gaps(channels[-1], size / record_s)
            wide.append(size)
    began = _ANONYMOUS if header.began is None else header.began
    texts = _annotations(sorted(notes), began.microsecond / 1e6, record_s, count)
    room = 2 * math.ceil(max(len(text) for text in texts) / 2)
    with new_file(out, force=force) as path, path.open("wb") as file:
        person = "".join(c if c.isalnum() or c in "-_" else "_" for c in header.profile or "X")
        visit = label.session or "X"
        sizes = [*wide, room // 2]
        file.write(_head(person, visit, header.began, count, record_s, channels, sizes))
        for index, text in enumerate(texts):
            for channel, size in zip(channels, wide, strict=True):
                file.write(channel.samples[index * size : (index + 1) * size].tobytes())
            file.write(text.ljust(room, b"\0"))
    progress(1.0)
    return [out]


def _layout(rates_hz: Sequence[float]) -> tuple[int, list[int]]:
    """Return the length of a record in s, and how many samples of each rate it holds.

    That is the shortest of 1 to 100 s in which all rates have whole numbers of samples, or nearly
    so: 130.0003 Hz is 130 Hz. Where there is none, a rate that does not fit is rounded up.
    """

    def worst(seconds: int) -> float:
        """Return by which share of itself a rate differs most from what the record has."""
        return max(
            (abs(round(rate * seconds) / (rate * seconds) - 1) for rate in rates_hz), default=0.0
        )

    choices = range(1, _LONGEST_RECORD_S + 1)
    record_s = next((s for s in choices if worst(s) <= _NEAR_RATE), min(choices, key=worst))
    sizes = [math.ceil(rate * record_s * (1 - _NEAR_RATE)) for rate in rates_hz]
    return record_s, sizes


def _notes(streams: Iterable[LoggedStream], events: LogTable) -> list[_Note]:
    """Return all that is no regular signal."""
    notes = []
    for stream in streams:
        if stream.rate_hz is None:
            for time_s, value in zip(stream.times_s, stream.values[:, 0], strict=True):
                text = f"{stream.name.upper()} {float(value)!r} {stream.unit}"
                notes.append((float(time_s), 0.0, text))
    for row in events.rows:
        onset_s, end_s = float(row["time_s"] or 0.0), row["end_s"]
        lasts_s = 0.0 if end_s is None else float(end_s) - onset_s
        text = re.sub("@(?=@)", "@ ", said(row))  # what stands behind @@ names a channel
        notes.append((max(0.0, onset_s), lasts_s, text))
    return notes


def _gaps(channel: _Channel, rate_hz: float) -> list[_Note]:
    """Return where a channel holds its fill."""
    edges = np.flatnonzero(np.diff(channel.missing.astype(np.int8), prepend=0, append=0))
    return [
        (float(first / rate_hz), float((stop - first) / rate_hz), f"BAD_gap@@{channel.label}")
        for first, stop in zip(edges[::2], edges[1::2], strict=True)
    ]


def _annotations(notes: Iterable[_Note], ahead_s: float, record_s: int, count: int) -> list[bytes]:
    """Return the annotation bytes of each record: its own start first, then what begins in it.

    The header tells whole seconds; by `ahead_s` more everything is later.
    """
    texts = [f"+{_plain(index * record_s + ahead_s)}\x14\x14\0".encode() for index in range(count)]
    for onset_s, lasts_s, text in notes:
        lasting = f"\x15{_plain(lasts_s)}" if lasts_s else ""
        clean = " ".join("".join(c if c >= " " else " " for c in text).split())
        place = min(count - 1, int(onset_s / record_s))
        texts[place] += f"+{_plain(onset_s + ahead_s)}{lasting}\x14{clean}\x14\0".encode()
    return texts


def _plain(seconds: float) -> str:
    """Return a time to the microsecond, without an exponent."""
    return f"{seconds:.6f}".rstrip("0").rstrip(".")


def _number(value: float) -> str:
    """Return a number in at most eight characters, as exact as that allows."""
    for digits in range(8, -1, -1):
        if len(text := f"{value:.{digits}g}") <= 8 and "e" not in text:
            return text
    return f"{value:.2g}"[:8]


def _head(
    person: str, visit: str, began: datetime | None, count: int, record_s: int,
    channels: list[_Channel], sizes: list[int],
) -> bytes:  # fmt: skip
    """Return the header; EDF has no time zones, so what is UTC says so behind our name."""
    zone = "" if began is None or began.tzinfo is None else " UTC"
    own = _ANONYMOUS if began is None else began
    date = "X" if began is None else f"{own.day:02d}-{_MONTHS[own.month - 1]}-{own.year}"
    fields = [
        ("0", 8), (f"{person} X X X"[:80], 80),
        (f"Startdate {date} {visit} X biofeedback{zone}"[:80], 80),
        (f"{own:%d.%m.%y}", 8), (f"{own:%H.%M.%S}", 8),
        (str(256 * (len(sizes) + 1)), 8), ("EDF+C", 44), (str(count), 8), (str(record_s), 8),
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
