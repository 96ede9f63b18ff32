"""Recordings of every format: those that are built in, and those that packages add readers for.

A package adds a reader with an entry point in the group `biofeedback.readers`: a module, or any
object, with the functions of `RecordingReader`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from biofeedback.common.plugins import Registry
from sensors.files import Recording
from sensors.files import open as files
from sensors.files.open import RecordingReader

__all__ = ["READERS", "read_recording"]

READERS: Registry[RecordingReader] = Registry(
    "reader",
    {
        "e4": "sensors.files.e4:read_e4",
        "edf": "sensors.files.edf:read_edf",
        "xdf": "sensors.files.xdf:read_xdf",
        "bdf": "sensors.files.bdf",
        "acq": "sensors.files.acq",
        "wfdb": "sensors.files.wfdb_record",
        "opensignals": "sensors.files.opensignals:read_opensignals",
        "polar_hrm": "sensors.files.polar_hrm:read_polar_hrm",
        "kubios": "sensors.files.kubios:read_kubios",
        "table": "sensors.files.table:read_table",
        "rr_text": "sensors.files.rr_text:read_rr_text",
    },
)


def read_recording(
    path: Path, *, columns: Mapping[str, str] | None = None, rate_hz: float | None = None
) -> Recording:
    """Read the recording at `path`; its content tells the format, as in `sensors.files.read`.

    Parameters
    ----------
    path
        A file, or a folder of a format that has several.
    columns
        "time" and signals, and their headers in a CSV file.
    rate_hz
        The sampling rate of a table without a time column.

    Returns
    -------
    Recording
        Every signal in it, in the time of a session.

    Raises
    ------
    RecordingError
        The recording is missing, empty, of no known format, or holds no samples.
    SettingsError
        The column map or the rate makes no sense.
    """
    readers = [reader for _, reader in READERS.loaded()]
    return files.read(path, columns=columns, rate_hz=rate_hz, readers=readers)
