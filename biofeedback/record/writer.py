"""The session log on its way to the disk: append-only, flushed and synced each second.

A line is queued in memory before it acts; a thread of its own writes, so that a slow disk delays
nothing. What a full disk refuses is counted, and the hole in the sequence numbers marks its place.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from biofeedback.errors import FolderError

__all__ = ["LogWriter"]

SYNC_EVERY_S = 1.0


class LogWriter:
    """Writes whole lines to one file. `problem` names the last failure, None while all is well."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("xb", buffering=0)
        except OSError as error:
            raise FolderError(
                f"the session log {path} cannot be written: {error.strerror}",
                hint="Choose a folder of yours with --out, and check that the disk has room.",
            ) from error
        self.path = path
        self.problem: str | None = None
        self.lines_lost = 0
        self._waiting: list[bytes] = []
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="session log", daemon=True)
        self._thread.start()

    def append(self, line: bytes) -> None:
        """Queue one line, without its line break; returns at once."""
        with self._wake:
            self._waiting.append(line)

    def close(self) -> None:
        """Write and sync what is queued, and close the file."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()
        self._file.close()

    def _run(self) -> None:
        while True:
            with self._wake:
                if not self._closing:
                    self._wake.wait(SYNC_EVERY_S)
                lines, self._waiting = self._waiting, []
                closing = self._closing
            if lines:
                self._write(lines)
            if closing:
                return

    def _write(self, lines: list[bytes]) -> None:
        whole = self._file.tell()
        try:
            data = memoryview(b"\n".join(lines) + b"\n")
            while data:
                data = data[self._file.write(data) :]
            os.fsync(self._file.fileno())
            self.problem = None
        except OSError as error:
            self.problem = f"the session log cannot be written ({error.strerror})"
            self.lines_lost += len(lines)
            self._file.truncate(whole)
            self._file.seek(whole)
