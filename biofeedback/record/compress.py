"""A closed log made small: each part becomes a .jsonl.gz, which every reader takes."""

from __future__ import annotations

import gzip
import os
import shutil
import zlib
from contextlib import suppress
from pathlib import Path

from biofeedback.common.errors import FolderError, LogError
from biofeedback.record.reader import find_log, log_parts
from biofeedback.storage.locks import session_held

__all__ = ["compress", "compressed"]

_BLOCK_BYTES = 1 << 20


def compress(session: Path) -> list[Path]:
    """Compress the log in a session's folder; return its parts. What is small stays as it is.

    A plain part goes when its compressed twin is on the disk and reads back the same.

    Parameters
    ----------
    session
        A session's folder, or the log in it.

    Returns
    -------
    list[Path]
        As they are now: .jsonl.gz, or closed as they were.

    Raises
    ------
    LogError
        There is no log.
    FolderError
        There is no room, or the folder cannot be written; the plain log is still there.
    BusyError
        The session runs, or another command works on it.
    """
    with session_held(find_log(session).parent):
        return compressed(session)


def compressed(session: Path) -> list[Path]:
    """Do what `compress` does, for whoever holds the session's lock already.

    Parameters
    ----------
    session
        A session's folder, or the log in it.

    Returns
    -------
    list[Path]
        As `compress` returns them.
    """
    return [_compressed(part) for part in log_parts(session)]


def _compressed(log: Path) -> Path:
    if log.suffix != ".jsonl":
        return log
    target = log.with_name(f"{log.name}.gz")
    partial = target.with_suffix(".partial")
    try:
        with log.open("rb") as plain, partial.open("wb") as file:
            with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
                shutil.copyfileobj(plain, packed, _BLOCK_BYTES)
            file.flush()
            os.fsync(file.fileno())
        if _checksum(log) != _checksum(partial):
            raise LogError(f"{log} changed while it was compressed", hint="Is its session over?")
        partial.replace(target)
        log.unlink()
    except OSError as error:
        raise FolderError(
            f"{log} cannot be compressed: {error.strerror or error}",
            hint="Is there room, and is the folder yours? The log is as it was.",
        ) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return target


def _checksum(path: Path) -> int:
    opened = gzip.open(path, "rb") if path.suffix == ".partial" else path.open("rb")
    total = 0
    with opened as file:
        while block := file.read(_BLOCK_BYTES):
            total = zlib.crc32(block, total)
    return total
