"""The lines of one file of a log that are whole; it may be compressed or encrypted."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from biofeedback.common.errors import LogError
from biofeedback.storage import encryption

__all__ = ["unreadable", "whole_lines"]


def whole_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of one part that end in a line break, without it.

    Parameters
    ----------
    path
        A part of a log, plain, compressed or closed.

    Yields
    ------
    bytes
        Bytes, to the first line that is not whole.

    Raises
    ------
    LogError
        When the file is damaged.
    """
    try:
        with _opened(path) as file:
            for raw in file:
                if not raw.endswith(b"\n"):
                    return
                yield raw[:-1]
    except EOFError:
        return  # compressed, then cut
    except (OSError, zlib.error) as error:
        raise unreadable(path, error) from error


def _opened(path: Path) -> BinaryIO:
    if path.suffix == encryption.SUFFIX:
        return cast(BinaryIO, gzip.open(io.BytesIO(encryption.read(path)), "rb"))
    return cast(BinaryIO, gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb"))


def unreadable(path: Path, error: OSError | zlib.error) -> LogError:
    """Return that a file or folder cannot be read, and why.

    Parameters
    ----------
    path
        Which one.
    error
        What reading it met with.

    Returns
    -------
    LogError
        With a hint.
    """
    reason = (error.strerror if isinstance(error, OSError) else None) or error
    return LogError(f"{path} cannot be read: {reason}", hint="It is damaged, or is not yours.")
