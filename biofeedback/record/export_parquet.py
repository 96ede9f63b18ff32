"""A session as a folder of Parquet files, the same tables as the CSV export (extra `[parquet]`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from biofeedback.common.errors import FolderError
from biofeedback.record.export_label import OWN, ExportLabel
from biofeedback.record.reader import read_header
from biofeedback.record.streams import LoggedStream, StreamCollector
from biofeedback.record.tables import LogTable, column, gather
from biofeedback.record.targets import new_folder

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
    """Write a file for each stream and each table of a session into `out`; return their paths.

    Doubles stay doubles.

    Parameters
    ----------
    session
        A session's folder, or the log in it.
    out
        The folder to write into.
    force
        Whether what stands there already may be replaced.
    progress
        Told the share that is done, 0 to 1.
    label
        Whose it is, and which, in place of the session's own names.

    Returns
    -------
    list[Path]
        One without rows gives no file.

    Raises
    ------
    LogError
        The log cannot be read.
    FolderError
        `out` holds something and `force` is not set, it cannot be written, or pyarrow is
        missing.
    """
    parquet = _pyarrow()
    read_header(session)
    streams, paths = StreamCollector(), []
    with new_folder(out, force=force):
        tables = gather(session, streams.take, lambda share: progress(0.9 * share), label)
        for stream in streams.all():
            paths.append(out / f"{stream.name}.parquet")
            parquet.write_table(_of_stream(stream), paths[-1])
        for name, table in tables.items():
            if table.rows:
                paths.append(out / f"{name}.parquet")
                parquet.write_table(_of_table(table), paths[-1])
    progress(1.0)
    return paths


def _pyarrow() -> Any:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise FolderError(
            "Parquet needs the package pyarrow", hint="pip install 'biofeedback[parquet]'"
        ) from error
    return parquet


def _of_stream(stream: LoggedStream) -> Any:
    import pyarrow as pa

    device = np.ma.masked_invalid(stream.device_times_s)
    columns = {"time_s": pa.array(stream.times_s)}
    for name, values in zip(stream.columns, stream.values.T, strict=True):
        columns[column(name, stream.unit)] = pa.array(np.ascontiguousarray(values))
    columns["device_time_s"] = pa.array(device.data, mask=np.ma.getmaskarray(device))
    columns["source"] = pa.array([stream.source] * len(stream.times_s)).dictionary_encode()
    return pa.table(columns)


def _of_table(table: LogTable) -> Any:
    import pyarrow as pa

    def cells(name: str) -> Sequence[object]:
        found = [row.get(name) for row in table.rows]
        if any(isinstance(cell, str) for cell in found):
            return [None if cell is None else str(cell) for cell in found]
        if any(isinstance(cell, float) for cell in found):
            return [None if cell is None else float(cell) for cell in found]
        return found

    return pa.table({name: pa.array(cells(name)) for name in table.columns})
