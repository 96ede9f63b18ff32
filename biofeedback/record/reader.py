"""Session logs read back: in parts, compressed, or cut short by a crash, they are one log."""

from __future__ import annotations

import gzip
import io
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from biofeedback.common.errors import LogError
from biofeedback.record.line import intact
from biofeedback.record.lines import DERIVED, SCHEMA, HeaderLine, Line, LostLine
from biofeedback.record.older import decoder
from biofeedback.storage import encryption

__all__ = [
    "COMPRESSED_NAME",
    "LOG_NAME",
    "SEALED_NAME",
    "damage",
    "find_log",
    "is_session",
    "log_parts",
    "log_size",
    "log_state",
    "part_name",
    "read",
    "read_header",
    "whole_lines",
]

Told = Callable[[str], None] | None

LOG_NAME = "session.jsonl"
COMPRESSED_NAME = f"{LOG_NAME}.gz"
SEALED_NAME = f"{COMPRESSED_NAME}{encryption.SUFFIX}"
_NAMES = (LOG_NAME, COMPRESSED_NAME, SEALED_NAME)
_LATER_PART = re.compile(r"session-\d{4,}\.jsonl(\.gz(\.age)?)?")
#: A log is some ten times as long as when it is compressed.
_COMPRESSED_BY = 10


def part_name(number: int) -> str:
    """Return the name of a part of a log, from 1 on: session.jsonl, session-0002.jsonl and on.

    Parameters
    ----------
    number
        From 1 on.

    Returns
    -------
    str
        A plain one's; .gz and .age are added where it is compressed and closed.
    """
    return LOG_NAME if number == 1 else f"session-{number:04d}.jsonl"


def is_session(path: Path) -> bool:
    """Whether `path` is a session's folder or log, by its name alone.

    Parameters
    ----------
    path
        Need not exist.

    Returns
    -------
    bool
        False for a folder without a log.
    """
    if path.is_dir():
        return any((path / name).is_file() for name in _NAMES)
    return path.name in _NAMES


def find_log(session: Path) -> Path:
    """Return the log of a session, given its folder or itself; it may be compressed or closed.

    Parameters
    ----------
    session
        A session's folder, or the log in it.

    Returns
    -------
    Path
        Its first part.

    Raises
    ------
    LogError
        When there is none.
    """
    candidates = [session]
    if session.is_dir():
        candidates = [session / name for name in _NAMES]
    for path in candidates:
        if path.is_file():
            return path
    raise LogError(
        f"no session log at {session}",
        hint=f"Give a session's folder, or the {LOG_NAME} in it.",
    )


def log_parts(session: Path) -> list[Path]:
    """Return all parts of a session's log in order, given its folder or the log; at least one.

    Parameters
    ----------
    session
        A session's folder, or the log in it.

    Returns
    -------
    list[Path]
        The first is the one that `find_log` finds.

    Raises
    ------
    LogError
        When there is no log, or a part of it is missing.
    """
    first = find_log(session)
    if first.name not in _NAMES:
        return [first]
    found = [p for p in first.parent.glob("session-*.jsonl*") if _LATER_PART.fullmatch(p.name)]
    later = {path.name.removesuffix(encryption.SUFFIX).removesuffix(".gz"): path for path in found}
    names = [part_name(number) for number in range(2, len(later) + 2)]
    for name in names:
        if name not in later:
            raise LogError(
                f"{first.with_name(name)} is missing, and there are parts of the log after it",
                hint="Put it back, or move the later parts away.",
            )
    return [first, *(later[name] for name in names)]


def log_state(session: Path) -> tuple[int, int]:
    """Return the size in bytes and the last change in ns of a log: equal ones are the same log.

    Parameters
    ----------
    session
        A session's folder, or the log in it.

    Returns
    -------
    tuple[int, int]
        Over all parts.
    """
    stats = [part.stat() for part in log_parts(session)]
    return sum(stat.st_size for stat in stats), max(stat.st_mtime_ns for stat in stats)


def log_size(session: Path) -> int:
    """Return how many bytes `read` will go through, at least 1: a measure for progress.

    Parameters
    ----------
    session
        A session's folder, or the log in it.

    Returns
    -------
    int
        A guess where parts are compressed.
    """
    return max(1, sum(_plain_size(part) for part in log_parts(session)))


def _plain_size(path: Path) -> int:
    size = path.stat().st_size
    if path.suffix == encryption.SUFFIX:
        return _COMPRESSED_BY * size
    if path.suffix == ".gz" and size > 4:
        with path.open("rb") as file:
            file.seek(-4, 2)
            (size,) = struct.unpack("<I", file.read(4))  # RFC 1952: length modulo 2^32
    return size


def read(session: Path, told: Told = None) -> Iterator[tuple[bytes, Line]]:
    """Yield each complete line, raw and decoded, in order.

    An incomplete last line, as a crash leaves it, is left out.

    Parameters
    ----------
    session
        A session's folder, or the log in it.
    told
        Hears of lines that were changed or are missing, a sentence each; None to look for none.

    Yields
    ------
    tuple[bytes, Line]
        The line's bytes without their line break, and what they say.

    Raises
    ------
    LogError
        For a line that does not decode, a second header, a missing part and an empty log; it
        names the place.
    """
    parts = log_parts(session)
    header: HeaderLine | None = None
    decode, seq = decoder(SCHEMA), 0
    for path in parts:
        for number, raw in enumerate(whole_lines(path), 1):
            try:
                line = decode(raw)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise LogError(
                    f"{path}, line {number}: {error}",
                    hint="The log was edited, or comes from another version.",
                ) from error
            if header is None:
                header = _checked_header(path, line)
                decode = decoder(header.schema)
            elif isinstance(line, HeaderLine):
                raise LogError(
                    f"{path}, line {number}: a second header",
                    hint="Two logs were put into one file; cut it before this line.",
                )
            if told is not None:
                for problem in _damage(raw, line, seq, header):
                    told(f"{path.name}, line {number}: {problem}")
            seq = (line.last if isinstance(line, LostLine) else line.seq) + 1
            yield raw, line
    if header is None and parts[0].stat().st_size == 0:
        raise LogError(f"the session log {parts[0]} is empty", hint="The session never began.")


def damage(session: Path) -> list[str]:
    """Return what is wrong with a log that can be read: each changed line, each hole, by place.

    Parameters
    ----------
    session
        A session's folder, or the log in it.

    Returns
    -------
    list[str]
        Empty for a log that is whole.

    Raises
    ------
    LogError
        When it cannot be read.
    """
    found: list[str] = []
    for _ in read(session, found.append):
        pass
    return found


def _damage(raw: bytes, line: Line, seq: int, header: HeaderLine) -> Iterator[str]:
    if line.seq != seq:
        yield f"number {seq} should stand here, not {line.seq}: lines are missing or were added"
    if header.schema >= 2 and not isinstance(line, DERIVED) and not intact(raw):
        yield "changed since it was written, as its checksum shows"


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
    with _opened(path) as file:
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


def _opened(path: Path) -> BinaryIO:
    if path.suffix == encryption.SUFFIX:
        return cast(BinaryIO, gzip.open(io.BytesIO(encryption.read(path)), "rb"))
    return cast(BinaryIO, gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb"))


def read_header(session: Path) -> HeaderLine:
    """Return the header of a session's log.

    Parameters
    ----------
    session
        A session's folder, or the log in it.

    Returns
    -------
    HeaderLine
        The first line.

    Raises
    ------
    LogError
        When the log is empty or cannot be read.
    """
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
