"""The one way to open a recording, whatever its format."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from sensors.captures.archive import is_capture
from sensors.errors import RecordingError, SettingsError
from sensors.files import acq, bdf, wfdb_record
from sensors.files.acq_text import acq_layout_of
from sensors.files.capture import read_capture_recording
from sensors.files.e4 import is_e4_file, is_e4_folder, is_zip, of_several_people, read_e4
from sensors.files.edf import is_edf, read_edf
from sensors.files.kubios import is_kubios, read_kubios
from sensors.files.layout import layout_of
from sensors.files.memory import refuse_too_large
from sensors.files.opensignals import is_opensignals, read_opensignals
from sensors.files.polar_hrm import is_polar_hrm, read_polar_hrm
from sensors.files.recording import Recording
from sensors.files.rr_text import below_each_other, read_rr_text
from sensors.files.source import FileSource
from sensors.files.table import is_table, read_table
from sensors.files.xdf import is_xdf, read_xdf

__all__ = ["RecordingReader", "read"]

_ZIP = b"PK\x03\x04"
_READABLE = (
    "Readable are E4 exports (folder or zip), Polar .hrm, Kubios reports, OpenSignals and "
    "AcqKnowledge text, RR text, CSV, EDF, BDF, XDF, .acq and WFDB files."
)


_Reads = Callable[[Path, bytes, Mapping[str, str] | None], Recording]
#: Formats that an extra library reads, each known by a mark.
_LABORATORY: tuple[tuple[Callable[[Path, bytes], bool], _Reads], ...] = (
    (bdf.recognises, bdf.read),
    (acq.recognises, acq.read),
    (wfdb_record.recognises, wfdb_record.read),
)


class RecordingReader(Protocol):
    """Reads one more format, whose content tells that it is one."""

    def recognises(self, path: Path, data: bytes) -> bool:
        """Tell whether this is a recording of its format.

        Parameters
        ----------
        path
            A file or a folder.
        data
            What is in the file, unpacked; empty for a folder.

        Returns
        -------
        bool
            False for what any other format could be.
        """

    def read(self, path: Path, data: bytes) -> Recording:
        """Return the recording that was recognised.

        Parameters
        ----------
        path
            A file or a folder.
        data
            What is in the file, unpacked; empty for a folder.

        Returns
        -------
        Recording
            Every signal in it, in the time of a session.

        Raises
        ------
        RecordingError
            When it is damaged, or holds no samples.
        """


def read(
    path: Path,
    *,
    columns: Mapping[str, str] | None = None,
    rate_hz: float | None = None,
    readers: Iterable[RecordingReader] = (),
) -> Recording:
    """Read the recording at `path`; its content tells the format.

    Parameters
    ----------
    path
        A file or a folder.
    columns
        Maps "time" and signals to the headers of a CSV file, as in ``{"rr": "RR_ms"}``; None
        where usual names tell.
    rate_hz
        Samples a second of a table without a time column.
    readers
        Of others' formats: asked when none of ours has its mark on the content, before any table or
        text is guessed.

    Returns
    -------
    Recording
        Every signal in it, in the time of a session.

    Raises
    ------
    RecordingError
        The file is missing, empty, of no known format, or holds no samples.
    SettingsError
        The column map or the rate makes no sense.
    """
    if rate_hz is not None and not (math.isfinite(rate_hz) and 0.0 < rate_hz <= 100_000.0):
        raise SettingsError(f"a rate of {rate_hz:g} Hz", hint="Give the samples per second.")
    if path.is_dir():
        if is_e4_folder(path):
            return read_e4(path, columns)
        if several := of_several_people(path):
            raise several
        if added := _asked(readers, path, None):
            return added
        raise RecordingError(f"the folder {path} holds no recording", hint=_READABLE)
    if is_zip(path):
        return read_capture_recording(path) if is_capture(path) else read_e4(path, columns)
    if not path.exists() and (header := wfdb_record.header_of(path)) is not None:
        path = header
    source = FileSource(path)
    if source.head.startswith(_ZIP):
        raise RecordingError(
            f"{path.name} is a zip that was cut", hint="Copy or download the recording again."
        )
    if is_edf(source.head):
        with source.file() as file:
            return read_edf(path, file, columns)
    if is_xdf(source.head):
        refuse_too_large(source.size_bytes, path.name, "XDF")
        return read_xdf(path, source.data, columns)
    for recognises, read_with_columns in _LABORATORY:
        if recognises(path, source.head):
            refuse_too_large(source.size_bytes, path.name, "its format")
            return read_with_columns(path, source.data, columns)
    try:
        text = source.text()
    except RecordingError:
        if added := _asked(readers, path, source):
            return added
        raise
    head = "\n".join(text.head)
    if is_e4_file(path, head):
        return read_e4(path, columns)
    if len([line for line in text.head if line.strip()]) == 1:
        text = text.replaced(below_each_other(text.whole()))
    if is_opensignals(head):
        return read_opensignals(path, text.whole(), columns)
    if (layout := acq_layout_of(text.head)) is not None:
        return read_table(
            path,
            layout,
            text.blocks(),
            columns=columns,
            rate_hz=rate_hz or (None if "time" in (columns or {}) else layout.rate_hz),
            kind="AcqKnowledge text",
        )
    layout = layout_of(text.head)
    if is_kubios(head):
        return read_kubios(path, text.whole(), columns)
    if columns is not None and layout is not None:
        return read_table(path, layout, text.blocks(), columns=columns, rate_hz=rate_hz)
    if is_polar_hrm(head):
        return read_polar_hrm(path, text.whole())
    if added := _asked(readers, path, source):
        return added
    if layout is None:
        raise RecordingError(f"{path.name} holds no table of numbers", hint=_READABLE)
    if is_table(layout):
        return read_table(path, layout, text.blocks(), columns=None, rate_hz=rate_hz)
    return read_rr_text(path, layout, text.blocks())


def _asked(
    readers: Iterable[RecordingReader], path: Path, source: FileSource | None
) -> Recording | None:
    for reader in readers:
        data = source.data if source is not None else b""
        if reader.recognises(path, data):
            return reader.read(path, data)
    return None
