"""Words that a person gave a session, in a file beside its log."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from biofeedback.common.errors import FolderError
from biofeedback.storage import encryption

__all__ = ["TAGS_NAME", "read_tags", "write_tags"]

TAGS_NAME = "tags.txt"


def read_tags(folder: Path) -> tuple[str, ...]:
    """Return the tags of a session's folder in order; none when it has no such file.

    Parameters
    ----------
    folder
        A session's.

    Returns
    -------
    tuple[str, ...]
        Each once, as they stand in the file.
    """
    try:
        text = encryption.read(folder / TAGS_NAME).decode()
    except (OSError, UnicodeDecodeError):  # a folder in its place, and the like
        return ()
    return tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def write_tags(folder: Path, tags: Iterable[str]) -> tuple[str, ...]:
    """Make these the tags of a session, without doubles and in order; return them.

    Parameters
    ----------
    folder
        A session's.
    tags
        Words; spaces around and among them are evened out. None of them deletes the file.

    Returns
    -------
    tuple[str, ...]
        Sorted.

    Raises
    ------
    FolderError
        When the file cannot be written.
    """
    kept = sorted({" ".join(tag.split()) for tag in tags if tag.strip()})
    path = folder / TAGS_NAME
    try:
        if kept:
            encryption.write(path, "".join(f"{tag}\n" for tag in kept).encode())
        else:
            encryption.delete(path)
    except OSError as error:
        raise FolderError(
            f"{path} cannot be written: {error.strerror}", hint="Is the folder yours?"
        ) from error
    return tuple(kept)
