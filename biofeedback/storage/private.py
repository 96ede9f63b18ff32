"""Health data are their owner's alone: what is written is 0600 in 0700, what is there is mended.

The one place for it is the process's own umask: it holds for logs, sound, reports, exports and the
index, for libraries that open files themselves, and for the children that a session starts. On
Windows a user's folders are theirs by inheritance, and there is nothing to do.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

__all__ = ["keep_private", "mend"]

_OTHERS = 0o077


def keep_private(folder: Path) -> None:
    """Let nobody else read what this process writes from now on, nor what is in the folder."""
    if os.name == "posix":
        os.umask(_OTHERS)
        mend(folder)


def mend(folder: Path) -> int:
    """Take a folder and all in it away from everybody but its owner; return how many were open.

    Links are not followed, so that nothing outside is touched, and what is somebody else's stays.
    """
    mended = 0
    for path, about in _all_in(folder):
        if about.st_mode & _OTHERS and about.st_uid == os.geteuid():
            with suppress(OSError):  # a file system without modes has nothing to mend
                path.chmod(stat.S_IMODE(about.st_mode) & ~_OTHERS)
                mended += 1
    return mended


def _all_in(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield files and folders, the outermost first: it closes what lies within at once."""
    waiting = [folder]
    while waiting:
        inside = waiting.pop()
        with suppress(OSError):  # gone since, or not ours to look into
            yield inside, inside.stat()
            with os.scandir(inside) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
                    elif entry.is_file(follow_symlinks=False):
                        yield Path(entry.path), entry.stat(follow_symlinks=False)
