"""Damaged logs: what is wrong with each, and a new session of what is whole in one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path

from biofeedback.common.errors import FolderError, LogError
from biofeedback.record.line import encode
from biofeedback.record.lines import DERIVED, EndLine, HeaderLine, Line, LostLine
from biofeedback.record.meaning import nonsense
from biofeedback.record.reader import LOG_NAME, find_log, log_size, scan
from biofeedback.record.scan import ScannedLine
from biofeedback.record.tags import read_tags, write_tags
from biofeedback.storage.locks import is_running, session_held

__all__ = ["LogCheck", "check", "repair"]

_TAG, _HEADER_TAG = "repaired", "header-damaged"
_MOST_TOLD = 1000  #: places of one log that are kept; all are counted


@dataclass(frozen=True, slots=True)
class LogCheck:
    """What is wrong with a session's log."""

    folder: Path  #: the session's
    lines: int  #: that are whole
    damaged: int  #: places where something is wrong
    places: tuple[str, ...]  #: the first thousand of them, a sentence each
    lost: int  #: lines that are known to be missing, as marks in the log say
    ended: bool  #: whether the log has its last line
    running: bool  #: whether the session runs now
    unreadable: str = ""  #: why nothing can be read, "" where something can


def check(session: Path, progress: Callable[[float], None] = lambda share: None) -> LogCheck:
    """Read a whole log and say what is wrong with it.

    Parameters
    ----------
    session
        A session's folder, or the log in it.
    progress
        Told the share that is done, 0 to 1.

    Returns
    -------
    LogCheck
        Also of one that cannot be read at all.
    """
    lines, lost, damaged, done = 0, 0, 0, 0
    places: list[str] = []
    last: Line | None = None
    folder, running, unreadable = session, False, ""
    try:
        folder = find_log(session).parent
        running = is_running(folder)
        size = log_size(session)
        for found in scan(session):
            done += len(found.raw) + 1
            progress(min(1.0, done / size))
            last = found.line
            if found.problem:
                damaged += 1
                places += [found.told] if damaged <= _MOST_TOLD else []
            else:
                lines += 1
            if isinstance(last, LostLine):
                lost += last.last - last.first + 1
    except LogError as error:
        unreadable = str(error)
    return LogCheck(
        folder, lines, damaged, tuple(places), lost, isinstance(last, EndLine), running, unreadable
    )


def repair(
    session: Path, into: Path, progress: Callable[[float], None] = lambda share: None
) -> LogCheck:
    """Write the whole lines of a session's log into a new folder; the old one stays as it is.

    In the place of what is left out stands a mark, as where a disk was full. The new session has
    the tags of the old one, and `repaired`; `header-damaged` as well where the first line was.

    Parameters
    ----------
    session
        A session's folder, or the log in it.
    into
        The new session's folder, which must not exist.
    progress
        Told the share that is done, 0 to 1.

    Returns
    -------
    LogCheck
        Of the new session.

    Raises
    ------
    LogError
        Without a log, or when nothing can be read of its header: nothing could be made of the rest.
    FolderError
        The folder is there already, or cannot be written.
    BusyError
        The session runs, or another command works on it.
    """
    folder = find_log(session).parent
    with session_held(folder):
        try:
            into.parent.mkdir(parents=True, exist_ok=True)
            into.mkdir()
        except FileExistsError:
            raise FolderError(f"{into} is there already", hint="Choose another --out.") from None
        except OSError as error:
            raise _unwritable(into, error) from error
        try:
            with session_held(into):
                tags = _write(session, into / LOG_NAME, progress)
                write_tags(into, {*read_tags(folder), *tags})
        except BaseException as error:
            with suppress(OSError):
                shutil.rmtree(into)
            if isinstance(error, OSError):
                raise _unwritable(into, error) from error
            raise
    return check(into)


def _write(session: Path, log: Path, progress: Callable[[float], None]) -> set[str]:
    """Write the new log; return the tags that say what became of it."""
    size, done, tags = log_size(session), 0, {_TAG}
    with log.open("xb") as file:
        for found in _saved(scan(session)):
            raw = found.raw
            if isinstance(found.line, HeaderLine) and not found.whole:
                raw, tags = encode(found.line), {_TAG, _HEADER_TAG}
            file.write(raw + b"\n")
            done += len(raw) + 1
            progress(min(1.0, done / size))
        file.flush()
        os.fsync(file.fileno())
    return tags


def _saved(scanned: Iterator[ScannedLine]) -> Iterator[ScannedLine]:
    """Yield header and whole lines in the order of their numbers, and a mark for each hole."""
    header = next(scanned)
    if not isinstance(header.line, HeaderLine) or nonsense(header.line):
        raise LogError(
            f"{header.told}; without the first line nothing can be made of the rest",
            hint="Put the log back from a copy.",
        )
    yield header
    due, time_s, dropped = 1, 0.0, 0  # the next number, the last time, what was left out since
    for found, then in pairwise(chain(scanned, [None])):
        assert found is not None
        line = found.line
        if line is None or not (found.whole and _in_place(line, due, then)):
            dropped += 1
            continue
        if line.seq > due:
            yield _mark(found, time_s, due, line.seq - 1)
        yield found
        due, time_s, dropped = (
            (line.last if isinstance(line, LostLine) else line.seq) + 1,
            line.t,
            0,
        )
    if dropped:
        yield _mark(header, time_s, due, due + dropped - 1)


def _in_place(line: Line, due: int, then: ScannedLine | None) -> bool:
    """Whether a line has the number that is due, or a later one that can be believed."""
    if line.seq <= due or not isinstance(line, DERIVED):
        return line.seq >= due
    return then is not None and then.line is not None and then.line.seq == line.seq + 1


def _mark(at: ScannedLine, time_s: float, first: int, last: int) -> ScannedLine:
    line = LostLine(t=time_s, seq=first, first=first, last=last, why="damaged")
    return ScannedLine(encode(line), line, part=at.part, number=at.number)


def _unwritable(folder: Path, error: OSError) -> FolderError:
    return FolderError(
        f"{folder} cannot be written: {error.strerror}",
        hint="Choose a folder of yours with --out, and check that the disk has room.",
    )
