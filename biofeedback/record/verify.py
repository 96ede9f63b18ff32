"""Proof that a log explains itself: its inputs, fed to the same core, give its derived lines."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from biofeedback.core import Core
from biofeedback.errors import LogError
from biofeedback.metrics.windowed import Window, WindowResult, compute
from biofeedback.outputs import WindowRequest
from biofeedback.record import lines
from biofeedback.record.convert import derived_lines, encode, input_of
from biofeedback.record.reader import find_log, read

__all__ = ["Difference", "Verdict", "verify"]

#: Worker results are compared within this, relative: another machine may round differently.
WORKER_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where log and regeneration part; `field` is empty for a whole line."""

    kind: str
    seq: int
    field: str
    logged: str
    regenerated: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verify found: how much agreed, and the first difference if there is one."""

    inputs: int
    derived: int
    complete: bool  #: the log was closed in order; False after a crash
    difference: Difference | None = None


def verify(
    session: Path,
    build: Callable[[lines.HeaderLine], Core],
    progress: Callable[[float], None] | None = None,
) -> Verdict:
    """Regenerate a session's derived lines and compare them byte for byte.

    `build` makes a core from the header. `progress` is told the share that is done. A log that a
    crash cut short is verified up to its last complete line.
    """
    checker: _Checker | None = None
    size, done = max(1, find_log(session).stat().st_size), 0
    for raw, line in read(session):
        if checker is None:
            assert isinstance(line, lines.HeaderLine)
            checker = _Checker(build(line))
        checker.take(raw, line)
        if checker.difference is not None:
            break
        done += len(raw) + 1
        if progress is not None:
            progress(done / size)
    if checker is None:
        raise LogError(f"the session log {session} is empty", hint="The session never began.")
    return Verdict(checker.inputs, checker.derived, checker.complete, checker.difference)


class _Checker:
    def __init__(self, core: Core) -> None:
        self._core = core
        self._expected: deque[lines.Line] = deque()
        self._windows: dict[tuple[int, int], Window] = {}
        self._next_seq = 0
        self.inputs = 0
        self.derived = 0
        self.complete = False
        self.difference: Difference | None = None

    def take(self, raw: bytes, line: lines.Line) -> None:
        """Check one line of the log; sets `difference` when it is not as regenerated."""
        if line.seq != self._next_seq:
            self._differ(line, "seq", str(line.seq), str(self._next_seq))
            return
        self._next_seq += 1
        if self._expected:
            self._compare(raw, line, self._expected.popleft())
        elif isinstance(line, lines.DERIVED):
            self._differ(line, "", raw.decode(), "nothing")
        elif isinstance(line, lines.INPUTS):
            self._feed(line)
        self.complete = isinstance(line, lines.EndLine)

    def _compare(self, raw: bytes, line: lines.Line, expected: lines.Line) -> None:
        regenerated = encode(expected)
        if raw == regenerated:
            self.derived += 1
            return
        mine, theirs = msgspec.json.decode(regenerated), msgspec.json.decode(raw)
        for field in [*mine, *(key for key in theirs if key not in mine)]:
            logged, ours = theirs.get(field), mine.get(field)
            if logged != ours:
                self._differ(line, field, str(logged), str(ours))
                return
        self._differ(line, "", raw.decode(), regenerated.decode())

    def _feed(self, line: lines.Line) -> None:
        item = input_of(line)
        assert item is not None
        if isinstance(item, WindowResult) and isinstance(line, lines.WorkerLine):
            self._check_worker(line, item)
        self.inputs += 1
        for value in self._core.feed(line.seq, line.t, item):
            if isinstance(value, WindowRequest):
                self._windows[value.from_seq, value.to_seq] = value.window
            start = self._next_seq + len(self._expected)
            self._expected.extend(derived_lines(start, line.t, value))

    def _check_worker(self, line: lines.WorkerLine, logged: WindowResult) -> None:
        window = self._windows.pop((line.from_seq, line.to_seq), None)
        if window is None:
            self._differ(line, "from_seq", str(line.from_seq), "no such request")
            return
        theirs = msgspec.to_builtins(logged)
        ours = msgspec.to_builtins(compute(window))
        if field := _first_unequal(theirs, ours, "result"):
            self._differ(line, field, str(theirs), str(ours))

    def _differ(self, line: lines.Line, field: str, logged: str, regenerated: str) -> None:
        kind = str(line.__struct_config__.tag)
        self.difference = Difference(kind, line.seq, field, logged, regenerated)


def _first_unequal(theirs: object, ours: object, field: str) -> str:
    """Return the name of the first field whose values differ, "" when all agree."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in {**theirs, **ours}:
            if found := _first_unequal(theirs.get(key), ours.get(key), f"{field}.{key}"):
                return found
        return ""
    if isinstance(theirs, float) and isinstance(ours, float):
        scale = max(abs(theirs), abs(ours))
        return "" if abs(theirs - ours) <= WORKER_TOLERANCE * scale else field
    return "" if theirs == ours else field
