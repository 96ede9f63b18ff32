"""Where a session's files go: a folder of its own, and targets that can be written."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from biofeedback.common.errors import FolderError

__all__ = ["check_target", "new_folder", "write_text"]


def new_folder(out: Path, started_utc: datetime) -> Path:
    """Make the folder of a session that began then; raise `FolderError` where that cannot be."""
    stamp = started_utc.strftime("%Y%m%dT%H%M%SZ")
    try:
        out.mkdir(parents=True, exist_ok=True)
        for attempt in range(1, 1000):
            folder = out / (stamp if attempt == 1 else f"{stamp}-{attempt}")
            try:
                folder.mkdir(mode=0o700)
            except FileExistsError:
                continue
            return folder
    except OSError as error:
        raise FolderError(
            f"the output folder {out} cannot be written: {error.strerror}",
            hint="Choose a folder of yours with --out.",
        ) from error
    raise FolderError(f"the output folder {out} holds too many sessions of this second")


def write_text(path: Path, text: str) -> None:
    """Write a small file of a session; raise `FolderError` where that cannot be."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FolderError(
            f"{path} cannot be written: {error.strerror}", hint="Does the disk have room?"
        ) from error


def check_target(path: Path) -> None:
    """Refuse a file that could not be written, before any music sounds."""
    parent = path.parent
    while not parent.exists():
        parent = parent.parent
    if path.is_dir() or not parent.is_dir() or not _writable(parent):
        raise FolderError(
            f"{path} cannot be written", hint="Choose a file in a folder that you may write to."
        )


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK)
