"""Where an export goes: nothing that exists is overwritten unless it was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from biofeedback.common.errors import FolderError

__all__ = ["new_file", "new_folder"]


@contextmanager
def new_folder(out: Path, *, force: bool) -> Iterator[Path]:
    """Make a folder to write into within the block; raise `FolderError` when that cannot be.

    Parameters
    ----------
    out
        The folder, and those above it.
    force
        Whether it may hold something already.

    Yields
    ------
    Path
        The folder.

    Raises
    ------
    FolderError
        When it is a file, holds something, or cannot be written.
    """
    if out.exists() and not out.is_dir():
        raise FolderError(f"{out} is a file", hint="Give the name of a folder.")
    with _told(out):
        if out.is_dir() and any(out.iterdir()) and not force:
            raise FolderError(
                f"the folder {out} is not empty",
                hint="Choose a new one, or write into it with --force.",
            )
        out.mkdir(parents=True, exist_ok=True)
        yield out


@contextmanager
def new_file(out: Path, *, force: bool) -> Iterator[Path]:
    """Offer a path beside `out` to write to; it becomes `out` when the block ends well.

    Parameters
    ----------
    out
        The file to come.
    force
        Whether it may take the place of another.

    Yields
    ------
    Path
        Another path in the same folder.

    Raises
    ------
    FolderError
        When it is a folder, exists already, or cannot be written.
    """
    if out.is_dir():
        raise FolderError(f"{out} is a folder", hint="Give the name of a file.")
    if out.exists() and not force:
        raise FolderError(f"{out} exists already", hint="Choose a new name, or add --force.")
    partial = out.with_name(f".{out.name}.partial")
    with _told(out):
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            yield partial
            partial.replace(out)
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def _told(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FolderError(
            f"the export to {out} cannot be written: {error.strerror}",
            hint="Choose a folder of yours, and check that the disk has room.",
        ) from error
