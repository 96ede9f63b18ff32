"""Sessions deleted for good: nothing but sessions, and out of the index too."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from biofeedback.common.errors import FolderError
from biofeedback.record.catalogue import catalogue

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
        It is a link, or holds other folders.
    """
    if folder.is_symlink() or any(
        item.is_dir() and not item.is_symlink() for item in folder.iterdir()
    ):
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
    FolderError
        One is more than a session, or cannot be deleted.
    """
    for folder in folders:
        check_removable(folder)
    for folder in folders:
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise FolderError(
                f"{folder} cannot be deleted: {error.strerror}", hint="Is it yours, and not open?"
            ) from error
    for out in {folder.parent for folder in folders}:
        catalogue(out)
