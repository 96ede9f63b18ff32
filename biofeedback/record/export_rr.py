"""The heart beats of a session as text for HRV programs: when each was, and its RR interval.

A row without an interval, `nan`, is a gap that ends there: the beats around it are no neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from biofeedback.common.errors import LogError
from biofeedback.record.export_label import OWN, ExportLabel
from biofeedback.record.reader import read_header
from biofeedback.record.streams import LoggedStream, StreamCollector
from biofeedback.record.tables import LogTable, gather
from biofeedback.record.targets import new_file

__all__ = ["ENDING", "export"]

ENDING = ".txt"

_Row = tuple[float, float]  #: session time in s, interval in ms


def export(
    session: Path,
    out: Path,
    *,
    force: bool,
    progress: Callable[[float], None],
    label: ExportLabel = OWN,
) -> list[Path]:
    """Write the RR intervals of a session as they were measured, uncorrected; return the path.

    Those of the first sensor that sent any; else the intervals that were found in an ECG or a pulse
    wave.

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
        The log cannot be read, or there are no beats in it.
    FolderError
        `out` exists and `force` is not set, or it cannot be written.
    """
    read_header(session)
    streams = StreamCollector()
    tables = gather(session, streams.take, progress)
    rows = _measured(streams.all(), tables) or _found(tables)
    if not rows:
        raise LogError(f"{session} has no heart beats", hint="Was a chest strap worn?")
    text = "".join(f"{time_s:.6f}\t{rr_ms:.4f}\n" for time_s, rr_ms in sorted(rows, key=_order))
    with new_file(out, force=force) as path:
        path.write_text(f"time_s\trr_ms\n{text}", encoding="ascii")
    return [out]


def _measured(streams: Iterable[LoggedStream], tables: Mapping[str, LogTable]) -> list[_Row]:
    """Return the intervals that the first sensor of them sent."""
    first = next((stream for stream in streams if stream.signal == "rr"), None)
    if first is None:
        return []
    rr_ms = 1000.0 * first.values[:, 0]
    beats = list(zip(first.times_s.tolist(), rr_ms.tolist(), strict=True))
    return beats + _gaps(tables["events"], ("rr",), first.source)


def _found(tables: Mapping[str, LogTable]) -> list[_Row]:
    """Return the intervals that were found in a wave."""
    beats = [
        (float(row["time_s"] or 0.0), float(row["rr_ms"] or 0.0)) for row in tables["beats"].rows
    ]
    return beats + _gaps(tables["events"], ("ecg", "ppg")) if beats else []


def _gaps(events: LogTable, signals: Sequence[str], source: str | None = None) -> list[_Row]:
    return [
        (float(row["end_s"] or 0.0), math.nan)
        for row in events.rows
        if row["kind"] == "gap" and row["detail"] in signals and source in (None, row["source"])
    ]


def _order(row: _Row) -> tuple[float, bool]:
    """Return the place of a row: the end of a gap is before a beat at the same time."""
    return row[0], not math.isnan(row[1])
