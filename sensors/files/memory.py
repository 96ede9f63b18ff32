"""Formats whose libraries read a whole file at once: refused where that would not fit into memory.

A computer that swaps stands still, and one that cannot ends the program without a word.
"""

from __future__ import annotations

import os

from sensors.errors import RecordingError

__all__ = ["refuse_too_large"]

#: Bytes of memory for each byte of a file. Measured at the peak: XDF of float32 with a time for
#: each sample 8.0, BDF of 16 channels 8.3.
_TIMES = 9
_SHARE = 0.5  #: of all memory; ours
_UNKNOWN_BYTES = 4 << 30  #: where the system does not tell


def refuse_too_large(size_bytes: int, name: str, kind: str, memory_bytes: int = 0) -> None:
    """Refuse a file that would take more than half of this computer's memory.

    Parameters
    ----------
    size_bytes
        Of the file, unpacked.
    name
        The file's, for the error.
    kind
        The format, in words.
    memory_bytes
        Of this computer; 0 to ask the system.

    Raises
    ------
    RecordingError
        With how much it is, and what may be done.
    """
    memory_bytes = memory_bytes or _memory_bytes()
    needed = _TIMES * size_bytes
    if needed > _SHARE * memory_bytes:
        raise RecordingError(
            f"{name} is too large for this computer: {kind} is read as a whole, which takes about "
            f"{needed / 1e9:.1f} GB of its {memory_bytes / 1e9:.1f} GB of memory",
            hint="Export the channels that are needed, or a part of the time, as a file of its "
            "own; EDF and CSV are read piece by piece.",
        )


def _memory_bytes() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # Windows has no such question
        return _UNKNOWN_BYTES
