"""Sessions deleted for good: none that runs, nothing but sessions, and out of the index too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from biofeedback.common.errors import FolderError
from biofeedback.record import index
from biofeedback.storage.locks import LOCK_NAME, session_held

__all__ = ["check_removable", "remove"]


def check_removable(folder: Path) -> None:
    """Refuse whatever is more than a session's own folder, which holds files alone.

    Parameters
    ----------
    folder
        A session's.

    Raises
    ------
    FolderError
        It is a link, holds other folders, or cannot be read.
    """
    try:
        more = folder.is_symlink() or any(
            item.is_dir() and not item.is_symlink() for item in folder.iterdir()
        )
    except OSError as error:
        raise _refused(folder, error) from error
    if more:
        raise FolderError(
            f"{folder} is more than a session: it holds other folders, or is a link",
            hint="Nothing was deleted. Delete it by hand if you mean it.",
        )


def remove(folders: Sequence[Path]) -> None:
    """Delete sessions with all their files, and what the indexes beside them know of them.

    Parameters
    ----------
    folders
        Of the sessions.

    Raises
    ------
    BusyError
        One of them runs, or a command works on it; then nothing is deleted.
    FolderError
        One is more than a session, or cannot be deleted.
    """
    with ExitStack() as held:
        for folder in folders:
            check_removable(folder)
            held.enter_context(session_held(folder))
        for folder in folders:
            _empty(folder)
    names = defaultdict(list)
    for folder in folders:
        try:
            folder.rmdir()
        except OSError as error:
            raise _refused(folder, error) from error
        names[folder.parent].append(folder.name)
    for out, gone in names.items():
        index.forget(out, gone)


def _empty(folder: Path) -> None:
    """Delete all files but the lock, which goes when it is given back."""
    try:
        for path in folder.iterdir():
            if path.name != LOCK_NAME:
                path.unlink()
    except OSError as error:
        raise _refused(folder, error) from error


def _refused(folder: Path, error: OSError) -> FolderError:
    return FolderError(
        f"{folder} cannot be deleted: {error.strerror}", hint="Is it yours, and not open?"
    )
