"""Session logs read back: in parts, compressed, or cut short by a crash, they are one log."""

from __future__ import annotations

import os
import re
import shlex
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from biofeedback.common.errors import EmptyLogError, KeyMissingError, LogError
from biofeedback.record.lines import HeaderLine, Line
from biofeedback.record.scan import LineScanner, ScannedLine
from biofeedback.record.whole_lines import unreadable, whole_lines
from biofeedback.storage import encryption

__all__ = [
    "COMPRESSED_NAME",
    "LOG_NAME",
    "SEALED_NAME",
    "find_log",
    "is_session",
    "log_parts",
    "log_size",
    "log_state",
    "part_name",
    "read",
    "read_header",
    "scan",
]

LOG_NAME = "session.jsonl"
COMPRESSED_NAME = f"{LOG_NAME}.gz"
SEALED_NAME = f"{COMPRESSED_NAME}{encryption.SUFFIX}"
#: A part of a log; the group is its number, from the second one on.
_PART = re.compile(r"session(?:-(\d{4,9}))?\.jsonl(?:\.gz(?:\.age)?)?")
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
    """Whether `path` is a session's folder or log, by names alone.

    Parameters
    ----------
    path
        Need not exist.

    Returns
    -------
    bool
        False for a folder without a log.
    """
    if os.path.isdir(path):
        return bool(_parts_in(path))
    return (match := _PART.fullmatch(path.name)) is not None and match[1] is None


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
        When there is none, or what has its name is no file.
    """
    return log_parts(session)[0]


def log_parts(session: Path) -> list[Path]:
    """Return all parts of a session's log that there are, in order; at least one.

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
        When there is no log, or something that is no file has the name of a part.
    """
    if os.path.isdir(session):
        parts = _parts_in(session)
    else:
        match = _PART.fullmatch(session.name)
        parts = _parts_in(session.parent) if match is not None and match[1] is None else {}
        parts = {1: session} | {number: part for number, part in parts.items() if number > 1}
    for path in parts.values():
        if not os.path.isfile(path):
            raise _no_log(session, path)
    if not parts:
        raise _no_log(session, session)
    return [parts[number] for number in sorted(parts)]


def _parts_in(folder: Path) -> dict[int, Path]:
    """Return what has the name of a part, by number; of two of one number the plain one."""
    try:
        names = sorted(os.listdir(folder), reverse=True)
    except OSError as error:
        raise unreadable(folder, error) from error
    matches = [match for name in names if (match := _PART.fullmatch(name)) is not None]
    return {int(match[1] or 1): folder / match[0] for match in matches}


def _no_log(session: Path, path: Path) -> LogError:
    if path != session or (os.path.lexists(path) and not os.path.isdir(path)):
        return LogError(f"{path} is no file that can be read", hint="Put it back from a copy.")
    hint = f"Give a session's folder, or the {LOG_NAME} in it."
    return LogError(f"no session log at {session}", hint=hint)


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
    if path.suffix == ".gz" and size > 4:
        with suppress(OSError), path.open("rb") as file:  # who reads it says what is wrong
            file.seek(-4, 2)
            (size,) = struct.unpack("<I", file.read(4))  # RFC 1952: length modulo 2^32
    return _COMPRESSED_BY * size if path.suffix == encryption.SUFFIX else size


def read(
    session: Path, told: Callable[[ScannedLine], None] | None = None
) -> Iterator[tuple[bytes, Line]]:
    """Yield each complete line, raw and decoded, in order.

    An incomplete last line, as a crash leaves it, is left out.

    Parameters
    ----------
    session
        A session's folder, or the log in it.
    told
        Hears of lines that were changed, are missing or stand in another place, which then are
        no errors.

    Yields
    ------
    tuple[bytes, Line]
        The line's bytes without their line break, and what they say.

    Raises
    ------
    LogError
        For whatever is wrong with it; it names the first place.
    """
    for found in _looked_at(session):
        if not isinstance(found, ScannedLine):
            yield found
            continue
        if found.problem:
            if told is None or found.line is None:
                place = shlex.quote(str(found.part.parent))
                raise LogError(
                    found.told,
                    hint=f"`biofeedback sessions check {place}` lists the damage, `biofeedback "
                    f"sessions repair {place}` saves the rest.",
                )
            told(found)
        assert found.line is not None
        yield found.raw, found.line


def scan(session: Path) -> Iterator[ScannedLine]:
    """Yield each complete line of a log, with what is wrong with it where something is.

    Parameters
    ----------
    session
        A session's folder, or the log in it.

    Yields
    ------
    ScannedLine
        In order; one that is damaged has no meaning.

    Raises
    ------
    LogError
        Without a log, and for one of a newer schema.
    EmptyLogError
        For one without a whole line.
    """
    for found in _looked_at(session):
        yield found if isinstance(found, ScannedLine) else ScannedLine(*found)


def _looked_at(session: Path) -> Iterator[tuple[bytes, Line] | ScannedLine]:
    """Yield bytes and meaning of each line that is as most are; the others as they were found."""
    scanner, due, seen = LineScanner(), 1, False
    parts = log_parts(session)
    for path in parts:
        number, at, whole = 0, _number(path), whole_lines(path)
        try:
            for raw in whole:
                number += 1
                if number == 1 and at > due and not raw.startswith(_HEADER):
                    yield _part(path.with_name(part_name(due)), _MISSING)
                line = scanner.sound(raw)
                if line is not None:
                    yield raw, line
                else:
                    seen = True
                    yield from scanner.take(path, number, raw)
        except KeyMissingError:
            raise
        except LogError as error:
            seen = True
            yield _part(path, str(error).removeprefix(f"{path} "))
        due = at + 1
    yield from scanner.end()
    if not seen:
        empty = all(part.stat().st_size == 0 for part in parts)
        how = "" if empty else ": it was cut within its first line"
        raise EmptyLogError(
            f"the session log {parts[0]} is empty{how}", hint="The session never began."
        )


def _part(path: Path, problem: str) -> ScannedLine:
    return ScannedLine(b"", None, problem, part=path)


_HEADER = b'{"kind":"header"'
_MISSING = "is missing, and there are parts of the log after it"


def _number(path: Path) -> int:
    match = _PART.fullmatch(path.name)
    return int(match[1] or 1) if match is not None else 1


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
    _, line = next(read(session))
    assert isinstance(line, HeaderLine)
    return line
