"""Sessions that are over, closed with the user's key."""

from __future__ import annotations

from pathlib import Path

from biofeedback.record.compress import compress
from biofeedback.record.reader import is_session, log_parts
from biofeedback.storage import encryption

__all__ = ["seal", "seal_all"]


def seal(session: Path) -> list[Path]:
    """Compress the log of a session's folder and close every file in it; return those closed.

    Parameters
    ----------
    session
        A session's folder.

    Returns
    -------
    list[Path]
        In the order in which they were closed, the log last.

    Raises
    ------
    LogError
        Without a log.
    FolderError
        For a folder that cannot be written; what was not closed yet then is as it was.
    """
    compress(session)
    plain = [path for path in sorted(session.iterdir()) if path.is_file()]
    plain = [path for path in plain if path.suffix != encryption.SUFFIX and not path.is_symlink()]
    log = set(log_parts(session))
    plain.sort(key=lambda path: path in log)  # the log itself comes last
    return [encryption.seal(path) for path in plain]


def seal_all(out: Path) -> list[Path]:
    """Close all sessions in a folder; no other program may be recording there.

    Parameters
    ----------
    out
        The folder of sessions.

    Returns
    -------
    list[Path]
        Over all sessions; none for a folder that does not exist.

    Raises
    ------
    LogError
        For a log that lacks a part.
    FolderError
        For a folder that cannot be written.
    """
    folders = sorted(out.iterdir()) if out.is_dir() else []
    return [path for folder in folders if is_session(folder) and folder.is_dir()
            for path in seal(folder)]  # fmt: skip
