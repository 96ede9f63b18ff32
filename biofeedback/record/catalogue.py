"""The sessions in a folder, each known from the first and the last line of its log."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from biofeedback.common.errors import KeyMissingError, LogError
from biofeedback.record import index, lines
from biofeedback.record.line import encode
from biofeedback.record.logged_config import LoggedConfig
from biofeedback.record.neutral import neutral_header
from biofeedback.record.older import decoder
from biofeedback.record.reader import (
    find_log,
    is_session,
    log_parts,
    log_state,
    read_header,
)
from biofeedback.record.scan import sound
from biofeedback.record.tags import read_tags
from biofeedback.record.whole_lines import whole_lines
from biofeedback.storage import encryption
from biofeedback.storage.locks import is_running

__all__ = [
    "CatalogueEntry",
    "catalogue",
    "entries_of",
    "entry",
    "find",
    "find_all",
    "logs_in",
]


_TAIL_BYTES = 1 << 16
_LONGEST_LINE_BYTES = 1 << 24


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A session as its log's first and last line tell it; `end` is None when it has none.

    Then it runs still, or was cut short.
    """

    folder: Path  #: the session's
    header: lines.HeaderLine  #: first line of its log
    end: lines.EndLine | None
    duration_s: float  #: to the last line that can be read

    @property
    def tags(self) -> tuple[str, ...]:
        """Words that a person gave it."""
        return read_tags(self.folder)

    @property
    def programme(self) -> str:
        """The short title of its programme, or the name of its strategy."""
        config = msgspec.json.decode(self.header.config, type=LoggedConfig)
        return config.title.partition(":")[0] or config.control.strategy

    @property
    def running(self) -> bool:
        """Whether it runs now."""
        return self.end is None and is_running(self.folder)


def catalogue(out: Path) -> tuple[list[CatalogueEntry], list[LogError]]:
    """Return the sessions in a folder, oldest first, and why others cannot be read.

    Folders without a session log are no sessions. What was read is kept in the folder's index, and
    read again only when a log changed.

    Parameters
    ----------
    out
        The folder of sessions; one that does not exist has none.

    Returns
    -------
    tuple[list[CatalogueEntry], list[LogError]]
        The sessions, and an error for each that cannot be read.
    """
    found: list[CatalogueEntry] = []
    problems: list[LogError] = []
    known, rows = index.load(out), {}
    for folder in logs_in(out):
        try:
            state = log_state(folder)
            row = known.get(folder.name)
            if row is None or row[:2] != state:
                row = (*state, *_ends(folder))
            if find_log(folder).suffix != encryption.SUFFIX:  # what is closed is not kept open here
                rows[folder.name] = row
            found.append(_entry(folder, *row[2:]))
        except LogError as error:
            problems.append(error)
        except OSError as error:
            problems.append(_unreadable(folder, error))
    if rows != known:
        changed = {name: row for name, row in rows.items() if known.get(name) != row}
        index.store(out, changed, known.keys() - rows.keys())
    found.sort(key=lambda e: (e.header.started_utc, e.folder.name))
    return found, problems


def entries_of(out: Path, profile: str | None) -> tuple[list[CatalogueEntry], list[LogError]]:
    """Return a person's sessions (None: those of nobody), and why others cannot be read.

    Parameters
    ----------
    out
        The folder of sessions.
    profile
        The person's; None for sessions of nobody.

    Returns
    -------
    tuple[list[CatalogueEntry], list[LogError]]
        Oldest first, and an error for each that cannot be read.

    Raises
    ------
    KeyMissingError
        When one is closed and there is no key: whose it is cannot be told, and nothing may be
        called complete without it.
    """
    found, problems = catalogue(out)
    for problem in problems:
        if isinstance(problem, KeyMissingError):
            raise problem
    return [entry for entry in found if entry.header.profile == profile], problems


def entry(folder: Path) -> CatalogueEntry:
    """Return one session without reading the middle of its log.

    Parameters
    ----------
    folder
        A session's.

    Returns
    -------
    CatalogueEntry
        With the index left alone.

    Raises
    ------
    LogError
        When its log cannot be read.
    """
    return _entry(folder, *_ends(folder))


def _ends(folder: Path) -> tuple[bytes, bytes]:
    """Return the first and the last line of a log; the last is empty when there is none."""
    header = neutral_header(read_header(folder))
    last = _last_line(folder, header.schema)
    return encode(header), b"" if last is None else encode(last)


def _entry(folder: Path, first: bytes, last: bytes) -> CatalogueEntry:
    decode = decoder(lines.SCHEMA)  # both were written anew
    header, end = decode(first), decode(last) if last else None
    assert isinstance(header, lines.HeaderLine)
    return CatalogueEntry(
        folder,
        neutral_header(header),  # a row may be older than that
        end if isinstance(end, lines.EndLine) else None,
        header.t if end is None else end.t,
    )


def find(out: Path, name: str) -> Path:
    """Return the session that `name` means: its name, the start of it, or a path.

    Parameters
    ----------
    out
        The folder of sessions.
    name
        Its name, the start of it, or a path.

    Returns
    -------
    Path
        A folder that holds a log, or a log that was named itself.

    Raises
    ------
    LogError
        When none fits, or several begin so.
    """
    for path in (out / name, Path(name)) if name else ():
        if os.path.isfile(path) or (os.path.isdir(path) and is_session(path)):
            return path
    begun = find_all(out, name)
    if len(begun) == 1:
        return begun[0]
    if begun:
        raise LogError(
            f"{name!r} could be {', '.join(folder.name for folder in begun)}",
            hint="Give more of its name.",
        )
    if os.path.exists(name):
        return find_log(Path(name)).parent  # which says that there is none
    raise LogError(f"no session {name!r} in {out}", hint="`biofeedback sessions list` shows them.")


def logs_in(out: Path) -> list[Path]:
    """Return the folders in a folder that hold a log, or of which nobody can tell.

    Parameters
    ----------
    out
        The folder of sessions.

    Returns
    -------
    list[Path]
        In order.
    """
    return [folder for folder in _subfolders(out) if _may_be_session(folder)]


def find_all(out: Path, start: str) -> list[Path]:
    """Return the folders of all sessions whose name begins so.

    Parameters
    ----------
    out
        The folder of sessions.
    start
        Of their names; nothing begins with "".

    Returns
    -------
    list[Path]
        In order.
    """
    return [
        folder
        for folder in (_subfolders(out) if start else [])
        if folder.name.startswith(start) and is_session(folder)
    ]


def _may_be_session(folder: Path) -> bool:
    try:
        return is_session(folder)
    except LogError:
        return True  # it cannot be read


def _subfolders(out: Path) -> list[Path]:
    try:
        return sorted(path for path in out.iterdir() if os.path.isdir(path))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable(out, error) from error


def _unreadable(folder: Path, error: OSError) -> LogError:
    return LogError(f"{folder} cannot be read: {error.strerror}", hint="Is it yours?")


def _last_line(session: Path, schema: int) -> lines.Line | None:
    """Return the last whole line that can be read; None when only the tail of one is left."""
    for part in reversed(log_parts(session)):
        for raw in _lines_from_the_end(part):
            line = sound(raw, schema)
            if line is not None:  # others: a disk that was full, or a crash; `read` names the place
                return line
    return None


def _lines_from_the_end(log: Path) -> Iterator[bytes]:
    if log.suffix != ".jsonl":
        yield from reversed(deque(whole_lines(log), maxlen=1))
        return
    size = log.stat().st_size
    with log.open("rb") as file:
        length = min(size, _TAIL_BYTES)
        while True:
            file.seek(size - length)
            whole = file.read(length).split(b"\n")[:-1]  # what follows the last break is a piece
            if length < size:
                whole = whole[1:]
            if whole or length >= min(size, _LONGEST_LINE_BYTES):
                break
            length = min(size, 2 * length)
    yield from reversed(whole)
