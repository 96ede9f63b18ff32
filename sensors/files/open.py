"""The one way to open a recording, whatever its format."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from sensors.captures.archive import is_capture
from sensors.errors import RecordingError, SettingsError
from sensors.files import acq, bdf, wfdb_record
from sensors.files.acq_text import acq_layout_of
from sensors.files.capture import read_capture_recording
from sensors.files.cells import Block
from sensors.files.e4 import is_e4_file, is_e4_folder, is_zip, of_several_people, read_e4
from sensors.files.edf import is_edf, read_edf
from sensors.files.kubios import is_kubios, read_kubios
from sensors.files.layout import layout_of
from sensors.files.opensignals import is_opensignals, read_opensignals
from sensors.files.polar_hrm import is_polar_hrm, read_polar_hrm
from sensors.files.recording import Recording
from sensors.files.rr_text import below_each_other, read_rr_text
from sensors.files.table import is_table, read_table
from sensors.files.text import as_text, content
from sensors.files.xdf import is_xdf, read_xdf

__all__ = ["RecordingReader", "read"]

_HEAD_LINES = 1000  #: that tell how a table is laid out
_BLOCK_LINES = 50_000
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
        if added := _asked(readers, path, b""):
            return added
        raise RecordingError(f"the folder {path} holds no recording", hint=_READABLE)
    if is_zip(path):
        return read_capture_recording(path) if is_capture(path) else read_e4(path, columns)
    if not path.exists() and (header := wfdb_record.header_of(path)) is not None:
        path = header
    data = content(path)
    if data.startswith(_ZIP):
        raise RecordingError(
            f"{path.name} is a zip that was cut", hint="Copy or download the recording again."
        )
    if is_edf(data):
        return read_edf(path, io.BytesIO(data), columns)
    if is_xdf(data):
        return read_xdf(path, data, columns)
    for recognises, read_with_columns in _LABORATORY:
        if recognises(path, data):
            return read_with_columns(path, data, columns)
    try:
        text = as_text(data, path.name).replace("\r\n", "\n").replace("\r", "\n")
    except RecordingError:
        if added := _asked(readers, path, data):
            return added
        raise
    if is_e4_file(path, text):
        return read_e4(path, columns)
    lines = below_each_other(text).split("\n")
    if is_opensignals(text):
        return read_opensignals(path, text, columns)
    head = lines[:_HEAD_LINES]
    if (layout := acq_layout_of(head)) is not None:
        return read_table(
            path,
            layout,
            _blocks(lines),
            columns=columns,
            rate_hz=rate_hz or (None if "time" in (columns or {}) else layout.rate_hz),
            kind="AcqKnowledge text",
        )
    layout = layout_of(head)
    if is_kubios(text):
        return read_kubios(path, text, columns)
    if columns is not None and layout is not None:
        return read_table(path, layout, _blocks(lines), columns=columns, rate_hz=rate_hz)
    if is_polar_hrm(text):
        return read_polar_hrm(path, text)
    if added := _asked(readers, path, data):
        return added
    if layout is None:
        raise RecordingError(f"{path.name} holds no table of numbers", hint=_READABLE)
    if is_table(layout):
        return read_table(path, layout, _blocks(lines), columns=None, rate_hz=rate_hz)
    return read_rr_text(path, layout, _blocks(lines))


def _blocks(lines: list[str]) -> Iterator[Block]:
    for first in range(0, len(lines), _BLOCK_LINES):
        yield first, lines[first : first + _BLOCK_LINES]


def _asked(readers: Iterable[RecordingReader], path: Path, data: bytes) -> Recording | None:
    reader = next((one for one in readers if one.recognises(path, data)), None)
    return None if reader is None else reader.read(path, data)
