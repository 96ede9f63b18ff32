"""Files of BIOPAC's AcqKnowledge, read by bioread; its text is read without it (`acq_text`).

The format is BIOPAC's application note 156; it has no mark at its beginning but its version.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from sensors.errors import RecordingError
from sensors.files.extras import library, reading_by
from sensors.files.recording import Recording
from sensors.files.sampled import SampledChannel, recording_of
from sensors.files.text import LARGEST_BYTES
from sensors.signals import FloatArray

__all__ = ["read", "recognises"]

_VERSIONS = range(30, 1000)  #: of the format, from AcqKnowledge 2 on
_MOST_CHANNELS = 256


def recognises(path: Path, data: bytes) -> bool:
    """Return whether a file is one of AcqKnowledge.

    Parameters
    ----------
    path
        Whose name ends in .acq.
    data
        The file.

    Returns
    -------
    bool
        By its name, its version and the number of its channels.
    """
    if ".acq" not in [suffix.lower() for suffix in path.suffixes]:
        return False
    return any(
        int.from_bytes(data[2:6], order) in _VERSIONS
        and 0 < int.from_bytes(data[10:12], order) <= _MOST_CHANNELS
        for order in ("little", "big")
    )


def read(path: Path, data: bytes, columns: Mapping[str, str] | None = None) -> Recording:
    """Read the channels that are known, or those that are named; events are markers.

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
        The start is known where an event tells when it was.

    Raises
    ------
    RecordingError
        When it is damaged, when no channel is known, or when bioread is missing.
    """
    bioread = library("bioread.reader", "files of AcqKnowledge", path.name, extra="acq")
    with reading_by("bioread", path.name):
        _refuse_bomb(bioread.Reader.read_headers(io.BytesIO(data)), path.name)
        file = bioread.Reader.read(io.BytesIO(data)).datafile
        told = [
            (str(c.name), str(c.units), float(c.samples_per_second), _loading(c, path.name))
            for c in file.channels
        ]
        rate_hz = float(file.samples_per_second)
        events = [(int(m.sample_index) / rate_hz, str(m.text)) for m in file.event_markers or []]
        first = file.earliest_marker_created_at
    channels = [SampledChannel(name, unit, rate, load) for name, unit, rate, load in told]
    return recording_of(
        path,
        "AcqKnowledge",
        channels,
        columns,
        started=first.astimezone(UTC) if isinstance(first, datetime) and first.tzinfo else None,
        markers=[(time_s, text or "event") for time_s, text in events if time_s >= 0.0],
    )


def _refuse_bomb(headers: Any, name: str) -> None:
    """Refuse what would unpack to more than any recording, before it is read."""
    total = sum(int(c.point_count) * 8 for c in headers.channel_headers)
    if total > LARGEST_BYTES or any(int(c.point_count) < 0 for c in headers.channel_headers):
        raise RecordingError(
            f"{name} says that it holds {total / 1e6:.0f} MB",
            hint="Cut it into shorter recordings in AcqKnowledge.",
        )


def _loading(channel: Any, name: str) -> Callable[[], FloatArray]:
    def load() -> FloatArray:
        with reading_by("bioread", name):
            return np.array(channel.data, dtype=np.float64)

    return load
