"""Records of PhysioNet's WFDB format, read by wfdb: a header, and beside it the samples it names.

After the manual pages header(5) and signal(5) of the WFDB applications guide (physionet.org).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from sensors.errors import RecordingError
from sensors.files.extras import library, reading_by
from sensors.files.packed import LARGEST_BYTES
from sensors.files.recording import Recording
from sensors.files.sampled import SampledChannel, recording_of
from sensors.signals import FloatArray

__all__ = ["header_of", "read", "recognises"]

_HEADER = ".hea"
#: Name, perhaps with the number of segments, signals, then perhaps rate, length, time and date.
_RECORD_LINE = re.compile(r"[\w./-]+(/\d+)? +\d+( +[\d./()-]+)*( +[\d:.]+)?( +[\d/]+)?\s*")
#: What a lead of the ECG is called there, without a word that says so.
_LEAD = re.compile(r"(ml ?)?(i|ii|iii|v[1-9]r?|av[rlf])|lead .*|mcl1|cm[0-9]|cc5", re.IGNORECASE)
_MOST_SAMPLES = LARGEST_BYTES // 8


def header_of(path: Path) -> Path | None:
    """Return the header of a record that is named by any of its files, or by none of them.

    Parameters
    ----------
    path
        Such as 100, 100.hea, 100.dat or 100.atr.

    Returns
    -------
    Path | None
        None where there is no header.
    """
    for header in (path, path.with_suffix(_HEADER), path.with_name(path.name + _HEADER)):
        if header.suffix == _HEADER and header.is_file():
            return header
    return None


def recognises(path: Path, data: bytes) -> bool:
    """Return whether a file is the header of a record, or stands beside its header.

    Parameters
    ----------
    path
        Of the file.
    data
        What is in it.

    Returns
    -------
    bool
        By the header's first line.
    """
    if (header := header_of(path)) is None:
        return False
    text = (data if header == path else header.read_bytes())[:4000].decode("latin-1")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return bool(lines) and _RECORD_LINE.fullmatch(lines[0]) is not None


def read(path: Path, data: bytes, columns: Mapping[str, str] | None = None) -> Recording:
    """Read the signals that are known, or those that are named.

    Parameters
    ----------
    path
        Of any file of the record.
    data
        Of no use: the header names the files.
    columns
        From a signal to a channel; None where names tell.

    Returns
    -------
    Recording
        The start is in the recorder's own time.

    Raises
    ------
    RecordingError
        When it is damaged, when no channel is known, or when wfdb is missing.
    """
    wfdb = library("wfdb", "WFDB records", path.name, extra="wfdb")
    record = str((header_of(path) or path).with_suffix(""))
    with reading_by("wfdb", path.name):
        told = wfdb.rdheader(record)
        _refuse_sizes(told, path.name)
        found = wfdb.rdrecord(record, smooth_frames=False)
        signals = [np.asarray(part, dtype=np.float64) for part in found.e_p_signal or []]
        frame_hz = float(found.fs)
        rates_hz = [frame_hz * int(n or 1) for n in found.samps_per_frame or [1] * len(signals)]
        labels = [str(name or f"signal {i + 1}") for i, name in enumerate(found.sig_name or [])]
        units = ["" if unit in (None, "NU") else str(unit) for unit in found.units or []]
        started = _started(told)
    if not signals:
        raise RecordingError(
            f"the record {path.name} has no signals", hint="Its annotations alone cannot be read."
        )
    channels = [
        SampledChannel(
            label, unit, rate_hz, _loading(part), "ecg" if _LEAD.fullmatch(label) else ""
        )
        for label, unit, rate_hz, part in zip(labels, units, rates_hz, signals, strict=True)
    ]
    return recording_of(path, "WFDB record", channels, columns, started=started)


def _refuse_sizes(told: Any, name: str) -> None:
    """Refuse a record that says that it is longer than any, before it is read."""
    count = int(told.sig_len or 0) * max(int(told.n_sig or 0), 1)
    if not 0 <= count <= _MOST_SAMPLES or not 0.0 < float(told.fs or 0.0) <= 1e6:
        raise RecordingError(
            f"the header of {name} makes no sense: {count} samples at {told.fs} Hz",
            hint="Download the record again, or cut it into shorter ones.",
        )


def _loading(values: FloatArray) -> Callable[[], FloatArray]:
    return lambda: values


def _started(told: Any) -> datetime | None:
    moment = told.base_datetime
    return moment if isinstance(moment, datetime) else None
