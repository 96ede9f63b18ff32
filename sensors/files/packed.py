"""The bytes of a file, unpacked from gzip within limits that are known before."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import BinaryIO

from sensors.errors import RecordingError

__all__ = [
    "GZIP",
    "LARGEST_BYTES",
    "PACKED_BYTES",
    "PACKED_RATIO",
    "content",
    "inflate",
    "opened",
    "too_large",
    "unpacked_limit",
]

GZIP = b"\x1f\x8b"
#: Ten times the largest day-long recording of a wristband; more is not a recording.
LARGEST_BYTES = 1 << 30
#: An archive that unpacks to more than this, and to so many times its size, is no recording. Ours.
PACKED_BYTES, PACKED_RATIO = 1 << 27, 200


def content(path: Path) -> bytes:
    """Return the bytes of a file; gzip is unpacked as far as it goes.

    Parameters
    ----------
    path
        A file.

    Returns
    -------
    bytes
        All of a file that is not gzip.

    Raises
    ------
    RecordingError
        When it is missing or unreadable, or its gzip is damaged or larger than 1 GB.
    """
    with opened(path) as file:
        return inflate(file.read(), path.name)


def opened(path: Path) -> BinaryIO:
    """Open a file for reading.

    Parameters
    ----------
    path
        A file.

    Returns
    -------
    BinaryIO
        At its start; whoever asks closes it.

    Raises
    ------
    RecordingError
        When it is missing or unreadable.
    """
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise RecordingError(
            f"there is no recording at {path}", hint="Check the path for a typing error."
        ) from None
    except OSError as error:
        raise RecordingError(
            f"{path} cannot be read: {error.strerror}",
            hint="Check the file's permissions, or copy it to another place.",
        ) from error


def inflate(data: bytes, name: str) -> bytes:
    """Unpack gzip, as far as a damaged or cut file goes; return anything else as it is.

    Parameters
    ----------
    data
        The file.
    name
        The file's, for the error.

    Returns
    -------
    bytes
        A cut stream up to its last whole line.

    Raises
    ------
    RecordingError
        When it is damaged, or larger than 1 GB.
    """
    if not data.startswith(GZIP):
        return data
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(data, unpacked_limit(len(data)))
    except zlib.error as error:
        raise RecordingError(
            f"{name} is damaged: {error}", hint="Copy or download the recording again."
        ) from error
    if unpacker.unconsumed_tail:
        raise too_large(name)
    # A cut stream ends anywhere, also inside a number that still reads as one.
    return plain if unpacker.eof else plain[: plain.rfind(b"\n") + 1]


def unpacked_limit(packed_bytes: int) -> int:
    """Return how many bytes a packed file may unpack to.

    Parameters
    ----------
    packed_bytes
        The size of the file.

    Returns
    -------
    int
        At most 1 GB.
    """
    return min(LARGEST_BYTES, max(PACKED_BYTES, PACKED_RATIO * packed_bytes))


def too_large(name: str) -> RecordingError:
    """Return the error of a packed file that unpacks to more than any recording.

    Parameters
    ----------
    name
        The file's.

    Returns
    -------
    RecordingError
        With what the user may do.
    """
    return RecordingError(
        f"{name} is larger than 1 GB, or than {PACKED_RATIO} times its packed size",
        hint="Cut it into shorter recordings, or unpack it yourself.",
    )
