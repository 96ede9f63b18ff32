"""BDF and BDF+, the 24-bit kin of EDF that BioSemi's amplifiers write; read by edfio.

After BioSemi's description of the format (biosemi.com/faq/file_format.htm): the lower 16 bits of
the channel "Status" are trigger inputs.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from sensors.files.extras import library, reading_by
from sensors.files.recording import Recording
from sensors.files.sampled import SampledChannel, recording_of
from sensors.signals import FloatArray

__all__ = ["read", "recognises"]

_MAGIC = b"\xffBIOSEMI"
_STATUS, _TRIGGERS = "Status", 0xFFFF
_MOST_MARKERS = 10_000


def recognises(path: Path, data: bytes) -> bool:
    """Return whether the bytes start as a BDF file does.

    Parameters
    ----------
    path
        Of no use.
    data
        The file.

    Returns
    -------
    bool
        By its first eight bytes.
    """
    return data.startswith(_MAGIC)


def read(path: Path, data: bytes, columns: Mapping[str, str] | None = None) -> Recording:
    """Read the signals that are known, or those that are named; triggers and notes are markers.

    Parameters
    ----------
    path
        For its name.
    data
        The whole file.
    columns
        From a signal to a channel; None where labels tell.

    Returns
    -------
    Recording
        The start is in the recorder's own time.

    Raises
    ------
    RecordingError
        When it is damaged, when no channel is known, or when edfio is missing.
    """
    edfio = library("edfio", "BDF files", path.name, extra="bdf")
    with reading_by("edfio", path.name):
        file = edfio.read_bdf(io.BytesIO(data))
        signals = list(file.signals)
        notes = [(float(note.onset), str(note.text)) for note in file.annotations]
        told = [(str(s.label), str(s.physical_dimension), float(s.sampling_frequency))
                for s in signals]  # fmt: skip
        triggers = [mark for s, (label, _, rate_hz) in zip(signals, told, strict=True)
                    if label == _STATUS for mark in _triggers(s, rate_hz)]  # fmt: skip
        started = _started(file)
    channels = [
        SampledChannel(label, unit, rate_hz, _loading(signal, path.name))
        for signal, (label, unit, rate_hz) in zip(signals, told, strict=True)
        if label != _STATUS
    ]
    return recording_of(
        path, "BDF", channels, columns, started=started, markers=[*notes, *triggers]
    )


def _loading(signal: Any, name: str) -> Callable[[], FloatArray]:
    def load() -> FloatArray:
        with reading_by("edfio", name):
            return np.asarray(signal.data, dtype=np.float64)

    return load


def _triggers(signal: Any, rate_hz: float) -> list[tuple[float, str]]:
    """Return where the trigger inputs change to something."""
    codes = np.asarray(signal.digital).astype(np.int64) & _TRIGGERS
    edges = np.flatnonzero(np.diff(codes, prepend=0))[:_MOST_MARKERS]
    return [(float(i) / rate_hz, str(codes[i])) for i in edges if codes[i]]


def _started(file: Any) -> datetime | None:
    try:
        return datetime.combine(file.startdate, file.starttime)
    except ValueError:  # it was made anonymous
        return None
