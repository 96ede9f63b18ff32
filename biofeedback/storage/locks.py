"""Locks between processes: on a session that runs, and on files that several programs change.

A lock is the operating system's own, held on a small file: however its process ends, it ends too.
Where a file system knows no locks, everything works as it does without them.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal, Self

from biofeedback.common.errors import BusyError

__all__ = ["LOCK_NAME", "FileLock", "is_running", "locked", "session_held", "session_lock"]

LOCK_NAME = "session.lock"  #: in a session's folder, while it runs or is worked on
#: What holds a session: it runs, or a command works on it.
Holder = Literal["runs", "works"]

_PATIENCE_S = 0.2  #: for who just looks whether it is held
_FILES_WAIT_S = 10.0  #: for who changes a small file
_PAUSE_S = 0.01
_HELD = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
_FAR = 1 << 30  #: where Windows locks a byte: what it locks nobody else can read


class FileLock:
    """A file that is locked from `take` until `release`."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self._handle = handle

    @classmethod
    def take(cls, path: Path, word: str = "", wait_s: float = _PATIENCE_S) -> Self | None:
        """Lock a file, which is made where there is none; None when another holds it for so long.

        `word` is what others may read in it. Raises OSError where the file cannot be made, or the
        file system knows no locks.
        """
        for _ in range(max(1, round(wait_s / _PAUSE_S))):
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                if _try(handle) and _leads_to(path, handle):
                    lock = cls(path, handle)
                    lock._tell(word)
                    return lock
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)
            threading.Event().wait(_PAUSE_S)
        return None

    @property
    def in_place(self) -> bool:
        """Whether its path still leads to it; elsewise nobody else meets it there."""
        return _leads_to(self.path, self._handle)

    def release(self) -> None:
        """Give it back; its file goes with it."""
        if self.in_place and sys.platform != "win32":  # there an open file can't be removed
            with suppress(OSError):
                self.path.unlink()
        os.close(self._handle)
        if sys.platform == "win32":
            with suppress(OSError):
                self.path.unlink()

    def _tell(self, word: str) -> None:
        os.ftruncate(self._handle, 0)
        os.write(self._handle, word.encode())


def session_lock(folder: Path, holder: Holder) -> FileLock | None:
    """Lock a session's folder; None where that cannot be, since nothing is gained by failing then.

    Raises `BusyError` while it runs, or a command works on it.
    """
    try:
        lock = FileLock.take(folder / LOCK_NAME, holder)
    except OSError:
        return None
    if lock is None:
        raise _busy(folder)
    return lock


@contextmanager
def session_held(folder: Path) -> Iterator[None]:
    """Keep a session's folder for the block; raise `BusyError` while it runs or is worked on."""
    lock = session_lock(folder, "works")
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


def is_running(folder: Path) -> bool:
    """Whether the session of a folder runs now."""
    path = folder / LOCK_NAME
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return False  # none is there, as after every session that was closed
    try:
        return not _try(handle) and _holder(path) == "runs"
    except OSError:
        return False
    finally:
        os.close(handle)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep others from a file for the block, by a lock at `path`; its folder is made.

    Raises `BusyError` when another program keeps it for more than ten seconds.
    """
    lock = None
    with suppress(OSError):  # whoever writes then says what is wrong
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock.take(path, wait_s=_FILES_WAIT_S)
        if lock is None:
            raise BusyError(
                f"another program has kept {path} for {_FILES_WAIT_S:.0f} s",
                hint="Is one stopped in the middle? End it, then try again.",
            )
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


def _busy(folder: Path) -> BusyError:
    if _holder(folder / LOCK_NAME) == "runs":
        return BusyError(
            f"the session {folder.name} is running",
            hint="Stop it (q in its window, STOP on its page), then try again.",
        )
    return BusyError(
        f"another command works on the session {folder.name}", hint="Try again when it is done."
    )


def _holder(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except (OSError, UnicodeDecodeError):
        return ""


def _leads_to(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except OSError:
        return False


def _try(handle: int) -> bool:
    """Lock an open file; return whether nobody else had."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(handle, _FAR, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            os.lseek(handle, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise
    return True
