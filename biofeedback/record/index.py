"""What the catalogue has read of each log, kept in a SQLite file that may be deleted at any time.

A row stands for a log as long as its size and time of change are the same. Where the folder cannot
be written, or the file is damaged, the logs themselves are read. Programs that list and delete at
the same time change only their own rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from biofeedback.common.errors import FolderError

__all__ = ["INDEX_NAME", "forget", "load", "store"]

_WAIT_S = 1.0  #: for another program
INDEX_NAME = ".sessions.sqlite"
_TABLE = """CREATE TABLE IF NOT EXISTS session (
    folder TEXT PRIMARY KEY, size INTEGER, changed_ns INTEGER, header BLOB, last BLOB)"""

#: folder name -> (size of the log, its time of change, first line, last line)
Row = tuple[int, int, bytes, bytes]


def load(out: Path) -> dict[str, Row]:
    """Return the rows of a folder's index; none when there is no index that can be read.

    Parameters
    ----------
    out
        The folder of sessions.

    Returns
    -------
    dict[str, Row]
        By the name of the session's folder.
    """
    if not (out / INDEX_NAME).is_file():
        return {}
    try:
        with _opened(out) as database:
            rows = database.execute("SELECT folder, size, changed_ns, header, last FROM session")
            return {name: (size, changed, first, last) for name, size, changed, first, last in rows}
    except sqlite3.Error:
        return {}


def store(out: Path, rows: Mapping[str, Row], gone: Collection[str]) -> None:
    """Keep rows, and take out those of sessions that are gone; others stay as they are.

    A row of a session that was deleted meanwhile is not kept, and nothing of any other is left in
    the file.

    Parameters
    ----------
    out
        The folder of sessions.
    rows
        By the name of the session's folder.
    gone
        Names of folders.
    """
    try:
        with _changed(out) as database:
            there = [(name, *row) for name, row in rows.items() if (out / name).is_dir()]
            database.executemany("INSERT OR REPLACE INTO session VALUES (?, ?, ?, ?, ?)", there)
            _take_out(database, gone)
    except sqlite3.OperationalError:
        return  # locked, or a folder that cannot be written: the logs are read again next time
    except sqlite3.DatabaseError:
        _remove(out)


def forget(out: Path, names: Collection[str]) -> None:
    """Take sessions out of a folder's index; of one that another program keeps, the file goes.

    Parameters
    ----------
    out
        The folder of sessions.
    names
        Of their folders.

    Raises
    ------
    FolderError
        It can neither be written nor be deleted.
    """
    path = out / INDEX_NAME
    if not path.is_file():
        return
    try:
        with _changed(out) as database:
            _take_out(database, names)
        with _opened(out) as database:
            database.execute("VACUUM")
    except sqlite3.OperationalError as error:
        _remove(out)  # another program keeps it
        if path.exists():
            raise FolderError(
                f"the sessions are deleted, but their first lines stay in {path}: {error}",
                hint="Delete that file as well; it is made anew.",
            ) from error
    except sqlite3.DatabaseError:
        _remove(out)


def _take_out(database: sqlite3.Connection, names: Collection[str]) -> None:
    database.executemany("DELETE FROM session WHERE folder = ?", [(name,) for name in names])


def _remove(out: Path) -> None:
    """Delete an index; it is made anew."""
    for name in (INDEX_NAME, f"{INDEX_NAME}-journal"):
        with suppress(OSError):
            (out / name).unlink(missing_ok=True)


@contextmanager
def _changed(out: Path) -> Iterator[sqlite3.Connection]:
    """Keep others from writing for the block, and make it one change."""
    with _opened(out) as database, database:
        database.execute("BEGIN IMMEDIATE")
        yield database


@contextmanager
def _opened(out: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(out / INDEX_NAME, timeout=_WAIT_S)) as database:
        database.execute("PRAGMA secure_delete = ON")  # deleted rows are overwritten
        database.execute(_TABLE)
        yield database
