"""What the catalogue has read of each log, kept in a SQLite file that may be deleted at any time.

A row stands for a log as long as its size and time of change are the same. Where the folder cannot
be written, or the file is damaged, the logs themselves are read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

__all__ = ["INDEX_NAME", "load", "store"]

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


def store(out: Path, rows: Mapping[str, Row]) -> None:
    """Make these the rows of a folder's index; nothing of any other is left in the file.

    Parameters
    ----------
    out
        The folder of sessions.
    rows
        By the name of the session's folder.
    """
    try:
        with _opened(out) as database, database:
            database.execute("DELETE FROM session")
            database.executemany(
                "INSERT INTO session VALUES (?, ?, ?, ?, ?)",
                [(name, *row) for name, row in rows.items()],
            )
    except sqlite3.OperationalError:
        return  # locked, or a folder that cannot be written: the logs are read again next time
    except sqlite3.DatabaseError:
        with suppress(OSError):
            (out / INDEX_NAME).unlink(missing_ok=True)  # damaged


@contextmanager
def _opened(out: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(out / INDEX_NAME, timeout=1.0)) as database:
        database.execute("PRAGMA secure_delete = ON")  # deleted rows are overwritten
        database.execute(_TABLE)
        yield database
