"""Sessions that are over, closed with the user's key."""

from __future__ import annotations

from pathlib import Path

from biofeedback.common.errors import BiofeedbackError, BusyError, LogError
from biofeedback.record.compress import compressed
from biofeedback.record.reader import is_session, log_parts
from biofeedback.storage import encryption
from biofeedback.storage.locks import LOCK_NAME, session_held

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
    BusyError
        The session runs, or another command works on it.
    """
    with session_held(session):
        compressed(session)
        plain = [
            path
            for path in sorted(session.iterdir())
            if path.is_file()
            and not path.is_symlink()
            and path.suffix != encryption.SUFFIX
            and path.name != LOCK_NAME
        ]
        log = set(log_parts(session))
        plain.sort(key=lambda path: path in log)  # the log itself comes last
        return [encryption.seal(path) for path in plain]


def seal_all(out: Path) -> tuple[list[Path], list[BiofeedbackError]]:
    """Close all sessions in a folder; those that run or cannot be read stay as they are.

    Parameters
    ----------
    out
        The folder of sessions.

    Returns
    -------
    tuple[list[Path], list[BiofeedbackError]]
        The files that were closed, and an error for each session that was not.

    Raises
    ------
    FolderError
        For a folder that cannot be written.
    """
    closed: list[Path] = []
    problems: list[BiofeedbackError] = []
    for folder in sorted(out.iterdir()) if out.is_dir() else []:
        try:
            if folder.is_dir() and is_session(folder):
                closed += seal(folder)
        except (BusyError, LogError) as error:
            problems.append(error)
    return closed, problems
