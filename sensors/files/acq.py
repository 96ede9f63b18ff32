"""Files of BIOPAC's AcqKnowledge, read by bioread; its text is read without it (`acq_text`).

The format is BIOPAC's application note 156; it has no mark at its beginning but its version.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np

from sensors.errors import RecordingError
from sensors.files.extras import library, reading_by
from sensors.files.packed import LARGEST_BYTES
from sensors.files.recording import Recording
from sensors.files.sampled import SampledChannel, recording_of
from sensors.signals import FloatArray

__all__ = ["read", "recognises"]

_VERSIONS = range(30, 1000)  #: of the format, from AcqKnowledge 2 on
_MOST_CHANNELS = 256
_FIRST_LONG, _FIRST_PADDED = 61, 124  #: versions from which on headers are laid out otherwise
_SCANNED = 4096  #: bytes behind the headers in which the kinds of samples may stand
#: Size and kind of samples: doubles, or 16-bit integers.
_KINDS: dict[str, tuple[bytes, ...]] = {
    "little": (rb"\x08\x00[\x00\x01]\x00", rb"\x02\x00\x02\x00"),
    "big": (rb"\x00\x08\x00[\x00\x01]", rb"\x00\x02\x00\x02"),
}


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
    if damage := _damage_of(data):
        raise RecordingError(
            f"{path.name} is damaged: {damage}", hint="Copy or export the recording again."
        )
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


def _damage_of(data: bytes) -> str:
    """Return what is wrong with the headers, which the library would look for at length."""
    order: Literal["little", "big"] = "little"
    if not 0 < int.from_bytes(data[2:6], order) < _VERSIONS.stop:
        order = "big"

    def number(at: int, size: int) -> int:
        return int.from_bytes(data[at : at + size], order, signed=True)

    version, at, count = number(2, 4), number(6, 4), number(10, 2)
    if version >= _FIRST_PADDED:
        return ""
    for _ in range(count):
        length = number(at, 4)
        if not 0 < length <= len(data) - at or at < 0:
            return "the header of a channel was cut"
        at += length
    at += max(number(at, 2 if version < _FIRST_LONG else 4), 0)
    kinds = data[at : at + _SCANNED + 4 * count]
    found = re.search(b"(?:%s){%d}" % (b"|".join(_KINDS[order]), count), kinds, re.DOTALL)
    return "" if found else "it does not tell how its samples are stored"


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
