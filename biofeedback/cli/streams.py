"""Standard streams that nobody may be at the other end of: closed, full, or a pipe that has gone.

A command whose purpose is what it prints ends there, with one line where that helps. A session's
purpose is its music and its files: it goes on, `unheard` if need be.
"""

from __future__ import annotations

import errno
import io
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from biofeedback.common.errors import BiofeedbackError

if TYPE_CHECKING:
    import logging

__all__ = ["OutputLostError", "ReaderGone", "hush_libraries", "set_up", "unheard"]


_OURS = ("biofeedback", "sensors", "synth")


class OutputLostError(BiofeedbackError):
    """Standard output takes no more."""


class ReaderGone(Exception):  # noqa: N818
    """Who read our output has had enough, as `head` has: no mistake of anybody's."""


class _Outlet(io.FileIO):
    """Standard output or error: what it does not take is lost, and that is said at most once."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.lost = False
        self.needed = descriptor == 1

    def write(self, data: Any) -> int:
        if not self.lost:
            try:
                return super().write(data)
            except OSError as error:
                self.lost = True
                self._tell(error)
        return len(data)

    def _tell(self, error: OSError) -> None:
        message = f"standard output cannot be written: {error.strerror}"
        if self.needed and error.errno == errno.EPIPE:
            raise ReaderGone from error
        if self.needed:
            raise OutputLostError(
                message, hint="Send it to a terminal, or to a file on a disk with room."
            )
        if self.fileno() == 1 and error.errno != errno.EPIPE:
            sys.stderr.write(f"Note: {message}; the session goes on.\n")


def set_up() -> None:
    """Give this process standard streams that are there, whatever it was started with."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:  # closed: the next file that is opened would take its place
            os.open(os.devnull, os.O_RDWR)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)
    if sys.stdout is sys.__stdout__:
        sys.stdout = _text(1, sys.stdout)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _text(2, sys.stderr)


def hush_libraries() -> None:
    """Keep warnings that are for programmers off the screen; `python -W` brings them back."""
    import logging  # a fifth of what it takes to begin, and help says nothing that way

    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    if logging.lastResort is not None:
        logging.lastResort.addFilter(_concerns_the_user)


def _concerns_the_user(record: logging.LogRecord) -> bool:
    import logging

    return record.levelno >= logging.ERROR or record.name.partition(".")[0] in _OURS


def _text(descriptor: int, before: Any) -> Any:
    """Return a text stream as Python's own; a name that a terminal cannot show is no error."""
    if sys.platform == "win32" and isinstance(before, io.TextIOWrapper) and before.isatty():
        before.reconfigure(errors="backslashreplace")  # its console has a way of its own
        return before
    lines = descriptor == 2 or os.isatty(descriptor)
    encoding = getattr(before, "encoding", None)
    buffered = io.BufferedWriter(_Outlet(descriptor))
    return io.TextIOWrapper(buffered, encoding, "backslashreplace", line_buffering=lines)


@contextmanager
def unheard() -> Iterator[None]:
    """Go on in the block though nobody takes what is printed."""
    outlet = _outlet()
    before = outlet.needed if outlet else False
    try:
        if outlet:
            outlet.needed = False
        yield
    finally:
        if outlet:
            sys.stdout.flush()
            outlet.needed = before


def _outlet() -> _Outlet | None:
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return raw if isinstance(raw, _Outlet) else None
