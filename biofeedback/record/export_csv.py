"""A session as a folder of CSV files: one for each stream of samples, one for each kind of result.

Numbers are written so that reading them gives the same double.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from biofeedback.record import lines
from biofeedback.record.export_label import OWN, ExportLabel
from biofeedback.record.inputs import device_times
from biofeedback.record.reader import read_header
from biofeedback.record.tables import LogTable, column, gather
from biofeedback.record.targets import new_folder

if TYPE_CHECKING:
    from _csv import Writer

__all__ = ["ENDING", "export"]

ENDING = ""  #: a folder


def export(
    session: Path,
    out: Path,
    *,
    force: bool,
    progress: Callable[[float], None],
    label: ExportLabel = OWN,
) -> list[Path]:
    """Write the CSV files of a session (folder or log) into the folder `out`; return their paths.

    Parameters
    ----------
    session
        A session's folder, or the log in it.
    out
        The folder to write into.
    force
        Whether a folder may be used that holds something already: files of the same name are
        replaced, others stay.
    progress
        Told the share that is done, 0 to 1.
    label
        Whose it is, and which, in place of the session's own names.

    Returns
    -------
    list[Path]
        A stream that the session lacks gives no file.

    Raises
    ------
    LogError
        The log is missing or cannot be read.
    FolderError
        `out` holds something and `force` is not set, or it cannot be written.
    """
    read_header(session)
    with new_folder(out, force=force):
        with ExitStack() as stack:
            streams = _Streams(out, stack)
            tables = gather(session, streams.add, lambda share: progress(0.9 * share), label)
        paths = [*streams.paths]
        for name, table in tables.items():
            if table.rows:
                paths.append(out / f"{name}.csv")
                _write(table, paths[-1])
    progress(1.0)
    return paths


def _write(table: LogTable, path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(table.columns), restval="")
        writer.writeheader()
        writer.writerows(table.rows)


class _Streams:
    """Sample files, opened as their first chunk comes: rr.csv, then rr_2.csv for a second sensor.

    Chunks of one signal and source share a file as long as they have equally many channels.
    """

    def __init__(self, out: Path, stack: ExitStack) -> None:
        self._out = out
        self._stack = stack
        self._writers: dict[tuple[str, str, int], Writer] = {}
        self._count: dict[str, int] = {}
        self.paths: list[Path] = []

    def add(self, chunk: lines.ChunkLine) -> None:
        if not chunk.values:
            return
        first = chunk.values[0]
        channels = len(first) if isinstance(first, list) else 1
        key = (chunk.signal, chunk.source, channels)
        if key not in self._writers:
            self._writers[key] = self._open(chunk, channels)
        known = device_times(chunk)
        devices: Sequence[float | None] = [None] * len(chunk.values)
        if known is not None:
            devices = known.tolist()
        self._writers[key].writerows(
            [time_s, *(value if isinstance(value, list) else [value]), device_s, chunk.source]
            for time_s, value, device_s in zip(_times_s(chunk), chunk.values, devices, strict=True)
        )

    def _open(self, chunk: lines.ChunkLine, channels: int) -> Writer:
        number = self._count[chunk.signal] = self._count.get(chunk.signal, 0) + 1
        path = self._out / f"{chunk.signal}{'' if number == 1 else f'_{number}'}.csv"
        writer = csv.writer(self._stack.enter_context(path.open("w", newline="", encoding="utf-8")))
        names = [""] if channels == 1 else ["_x", "_y", "_z"] if channels == 3 else None
        names = names or [f"_{channel}" for channel in range(1, channels + 1)]
        values = [column(f"{chunk.signal}{name}", chunk.unit) for name in names]
        writer.writerow(["time_s", *values, "device_time_s", "source"])
        self.paths.append(path)
        return writer


def _times_s(chunk: lines.ChunkLine) -> Iterable[float]:
    if chunk.times is not None:
        return chunk.times
    t0_s, rate_hz = chunk.t0 or 0.0, chunk.rate_hz or 1.0
    return (t0_s + index / rate_hz for index in range(len(chunk.values)))
