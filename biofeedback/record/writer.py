"""The session log on its way to the disk: append-only, flushed and synced within a second.

A line is queued in memory before it acts; a thread of its own writes, so that a slow disk delays
nothing. What a full disk refuses is marked in the log as soon as there is room again. A long log
goes on in a second file and more; each begins when all lines of the one before are on the disk.
Where the file is taken away or cut meanwhile, the log goes on in a new one, which has the header
again and marks all lines before it: of these, what is still there can be read.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from biofeedback.common.errors import BusyError, FolderError
from biofeedback.record.line import encode
from biofeedback.record.lines import HoleReason, LostLine
from biofeedback.record.reader import part_name
from biofeedback.storage.locks import session_lock

__all__ = ["LogWriter"]

SYNC_EVERY_S = 0.5
#: What may wait in memory for a disk that does not answer: an hour and more of a full session.
WAITING_BYTES = 1 << 26
#: A part that has as much is closed: some two hours, which an editor still opens.
PART_BYTES = 1 << 26


class _Place(msgspec.Struct):
    t: float
    seq: int


_PLACE = msgspec.json.Decoder(_Place)
_DISK: HoleReason = "disk"


class LogWriter:
    """Writes whole lines to `path`, then to the parts after it, of `part_bytes` and a bit each.

    Lines are lost when the disk refuses them, or when more than `waiting_bytes` wait for it. The
    hole becomes a `lost` line. The first line, the header, is kept until there is room for it. From
    the beginning to `close` the session's folder is locked.

    Parameters
    ----------
    path
        The first part of the log, which must not exist.
    waiting_bytes
        How much may wait in memory; what is beyond it is lost.
    part_bytes
        How much a part holds, and a bit.

    Attributes
    ----------
    path
        The first part of the log.
    problem
        The last failure, None while all is well.
    taken
        What others did to the log's files meanwhile, the last of it; None while they let them be.
    lines_lost
        How many lines found no place.

    Raises
    ------
    FolderError
        When it exists or cannot be written.
    BusyError
        When another program keeps the session's folder.
    """

    def __init__(
        self, path: Path, *, waiting_bytes: int = WAITING_BYTES, part_bytes: int = PART_BYTES
    ) -> None:
        try:
            self._file = path.open("xb", buffering=0)
        except OSError as error:
            raise FolderError(
                f"the session log {path} cannot be written: {error.strerror}",
                hint="Choose a folder of yours with --out, and check that the disk has room.",
            ) from error
        try:
            self._lock = session_lock(path.parent, "runs")
        except FolderError:
            self._file.close()
            raise
        self.path = path
        self.problem: str | None = None
        self.taken: str | None = None
        self.lines_lost = 0
        self._limit_bytes = waiting_bytes
        self._part_bytes = part_bytes
        self._parts = 1
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._refused: list[bytes] = []  #: the first and the last line that found no room to wait
        self._first: bytes | None = None  #: the header, to begin anew with
        self._header: bytes | None = None  #: while it is not on the disk
        self._last: _Place | None = None  #: of the last line on the disk
        #: a hole: where it begins, its last seq, and whose it is
        self._lost: tuple[_Place, int, HoleReason] | None = None
        self._whole_bytes = 0
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="session log", daemon=True)
        self._thread.start()

    def append(self, *lines: bytes) -> None:
        """Queue lines, without their line breaks; returns at once.

        Parameters
        ----------
        *lines
            JSON.
        """
        with self._wake:
            for line in lines:
                if self._refused or self._waiting_bytes > self._limit_bytes:
                    self._refused = [self._refused[0] if self._refused else line, line]
                    self.lines_lost += 1
                else:
                    self._waiting.append(line)
                    self._waiting_bytes += len(line)

    def close(self) -> None:
        """Write and sync what is queued, and close the file."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()
        try:
            self._file.close()
        except OSError as error:
            self.problem = f"the session log could not be closed ({error.strerror})"
        if self._lock is not None:
            self._lock.release()

    def _run(self) -> None:
        while True:
            with self._wake:
                if not self._closing:
                    self._wake.wait(SYNC_EVERY_S)
                lines, self._waiting = self._waiting, []
                refused, self._refused = self._refused, []
                self._waiting_bytes = 0
                closing = self._closing
            self._look()
            if lines:
                self._take(lines)
            if refused:
                self._mark_lost(refused)
                self.problem = "the session log cannot be written fast enough"
            if closing:
                if self._lost is not None or self._header is not None:
                    self._write([])
                return

    def _take(self, lines: list[bytes]) -> None:
        if self._first is None:
            self._first, *lines = lines
            self._header = self._first
        if not self._write(lines):
            self.lines_lost += len(lines)
            self._mark_lost(lines)

    def _write(self, lines: Sequence[bytes]) -> bool:
        """Put header and mark, as far as they are owed, and lines on the disk; all or nothing."""
        owed = [] if self._header is None else [self._header]
        if self._lost is not None:
            start, last, why = self._lost
            mark = LostLine(t=start.t, seq=start.seq, first=start.seq, last=last, why=why)
            owed.append(encode(mark))
        try:
            self._file.truncate(self._whole_bytes)
            self._file.seek(self._whole_bytes)
            data = memoryview(b"".join(line + b"\n" for line in (*owed, *lines)))
            size = len(data)
            while data:
                data = data[self._file.write(data) :]
            os.fsync(self._file.fileno())
        except Exception as error:  # whatever it is: this thread must outlive it
            reason = error.strerror if isinstance(error, OSError) else repr(error)
            self.problem = f"the session log cannot be written ({reason})"
            return False
        self._whole_bytes += size
        if lines:
            self._last = _PLACE.decode(lines[-1])
        self._header = self._lost = self.problem = None
        if self._whole_bytes >= self._part_bytes:
            self._next_part()
        return True

    def _next_part(self) -> None:
        """Go on in a new file; where there can be none, in this one."""
        with suppress(OSError):
            self._begin(self._parts + 1)

    def _begin(self, number: int) -> None:
        file = self._part(number).open("xb", buffering=0)
        with suppress(OSError):
            self._file.close()
        self._file, self._parts, self._whole_bytes = file, number, 0

    def _part(self, number: int) -> Path:
        return self.path.with_name(part_name(number))

    def _look(self) -> None:
        """See that file and lock are where they were; go on in a new file where it is not."""
        deed, name = self._deed(), self._part(self._parts).name
        try:
            if deed or (self._lock is not None and not self._lock.in_place):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._lock_again()
            if deed:
                number = self._parts + 1
                while os.path.lexists(self._part(number)):
                    number += 1
                self._begin(number)
        except OSError:
            self.taken = f"{name} was {deed} while the session runs, and there can be no new one"
            return  # it is tried again in a second
        if deed:
            self.taken = f"{name} was {deed} while the session runs; {part_name(number)} goes on"
            self._begin_anew()

    def _deed(self) -> str:
        """Return what another hand did to the file, "" for nothing."""
        try:
            mine = os.fstat(self._file.fileno())
            if not os.path.samestat(mine, self._part(self._parts).stat()):
                return "replaced"
        except (FileNotFoundError, NotADirectoryError):
            return "deleted or moved"
        except OSError:
            return ""  # a disk that does not answer: writing tells
        return "cut" if mine.st_size < self._whole_bytes else ""

    def _begin_anew(self) -> None:
        """Write the header again, and a mark that stands for all lines before the next one."""
        self._header = self._first
        last = self._last if self._lost is None else _Place(self._lost[0].t, self._lost[1])
        if last is not None and last.seq > 0:
            self._lost = _Place(last.t, 1), last.seq, "taken"
        self._write([])

    def _lock_again(self) -> None:
        if self._lock is not None and self._lock.in_place:
            return
        with suppress(BusyError):  # who came in between finds the log in use, and goes
            lock = session_lock(self.path.parent, "runs")
            if self._lock is not None:
                self._lock.release()
            self._lock = lock

    def _mark_lost(self, lines: Sequence[bytes]) -> None:
        if lines:
            last = _PLACE.decode(lines[-1]).seq
            start, why = _PLACE.decode(lines[0]), _DISK
            if self._lost is not None:
                start, _, why = self._lost
            self._lost = start, last, why
