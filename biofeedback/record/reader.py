"""Session logs read back, also compressed ones and those that a crash cut short."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from biofeedback.errors import LogError
from biofeedback.record.lines import SCHEMA, HeaderLine, Line
from biofeedback.record.older import decoder

__all__ = [
    "COMPRESSED_NAME",
    "LOG_NAME",
    "find_log",
    "is_session",
    "log_size",
    "read",
    "read_header",
]

LOG_NAME = "session.jsonl"
COMPRESSED_NAME = f"{LOG_NAME}.gz"


def is_session(path: Path) -> bool:
    """Whether `path` is a session's folder or log, by its name alone."""
    if path.is_dir():
        return (path / LOG_NAME).is_file() or (path / COMPRESSED_NAME).is_file()
    return path.name in (LOG_NAME, COMPRESSED_NAME)


def find_log(session: Path) -> Path:
    """Return the log of a session, given its folder or the log itself; it may be compressed."""
    candidates = [session]
    if session.is_dir():
        candidates = [session / LOG_NAME, session / COMPRESSED_NAME]
    for path in candidates:
        if path.is_file():
            return path
    raise LogError(
        f"no session log at {session}",
        hint=f"Give a session's folder, or the {LOG_NAME} in it.",
    )


def log_size(session: Path) -> int:
    """Return how many bytes `read` will go through, at least 1: a measure for progress."""
    path = find_log(session)
    size = path.stat().st_size
    if path.suffix == ".gz" and size > 4:
        with path.open("rb") as file:
            file.seek(-4, 2)
            (size,) = struct.unpack("<I", file.read(4))  # RFC 1952: length modulo 2^32
    return max(1, size)


def read(session: Path) -> Iterator[tuple[bytes, Line]]:
    """Yield each complete line, raw and decoded, in order.

    An incomplete last line, as a crash leaves it, is left out. Any other line that does not
    decode raises `LogError` and names its place.
    """
    path = find_log(session)
    number, decode = 0, decoder(SCHEMA)
    for number, raw in enumerate(_whole_lines(path), 1):
        try:
            line = decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise LogError(
                f"{path}, line {number}: {error}",
                hint="The log was edited, or comes from another version.",
            ) from error
        if number == 1:
            decode = decoder(_checked_header(path, line).schema)
        elif isinstance(line, HeaderLine):
            raise LogError(
                f"{path}, line {number}: a second header",
                hint="Two logs were put into one file; cut it before this line.",
            )
        yield raw, line
    if number == 0 and path.stat().st_size == 0:
        raise LogError(f"the session log {path} is empty", hint="The session never began.")


def _whole_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines that end in a line break, without it."""
    opened = gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")
    with cast(BinaryIO, opened) as file:
        try:
            for raw in file:
                if not raw.endswith(b"\n"):
                    return
                yield raw[:-1]
        except EOFError:
            return  # compressed, then cut
        except (OSError, zlib.error) as error:
            raise LogError(
                f"{path} cannot be read: {error}", hint="The file is damaged, or is not yours."
            ) from error


def read_header(session: Path) -> HeaderLine:
    """Return the header of a session's log."""
    for _, line in read(session):
        assert isinstance(line, HeaderLine)
        return line
    raise LogError(f"the session log {session} is empty", hint="The session never began.")


def _checked_header(path: Path, line: Line) -> HeaderLine:
    if not isinstance(line, HeaderLine):
        raise LogError(f"{path} does not begin with a header", hint="Is this a session log?")
    if line.schema > SCHEMA:
        raise LogError(
            f"{path} has schema {line.schema}, this version reads up to {SCHEMA}",
            hint="Update biofeedback: pip install --upgrade biofeedback",
        )
    return line
