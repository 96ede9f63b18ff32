"""Proof that a log explains itself: its inputs, fed to the same core, give its derived lines."""

from __future__ import annotations

import platform
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path

import msgspec

from biofeedback.common.errors import LogError
from biofeedback.engine.core import Core
from biofeedback.engine.events import WindowRequest
from biofeedback.metrics.windowed import Window, WindowResult, compute
from biofeedback.record import lines
from biofeedback.record.derived import derived_lines
from biofeedback.record.inputs import input_of
from biofeedback.record.line import DerivedLine, checksums, encode
from biofeedback.record.processor import other_processor
from biofeedback.record.reader import log_size, read
from biofeedback.record.scan import ScannedLine
from biofeedback.record.used import compared

__all__ = ["Difference", "Verification", "verify"]

#: Fields that no code derives: a difference in them is a change of the log.
_SEALED = ("seq", "crc")
#: Worker results are compared within this, relative: another machine may round differently.
WORKER_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where log and regeneration part; `field` is empty for a whole line."""

    kind: str  #: of the line
    seq: int  #: its number
    field: str
    logged: str  #: what stands in the log
    regenerated: str  #: what should


@dataclass(frozen=True, slots=True)
class Verification:
    """What verify found: how much agreed, and the first difference if there is one."""

    inputs: int  #: lines that were fed
    derived: int  #: lines that agreed
    complete: bool  #: the log was closed in order; False after a crash
    difference: Difference | None = None  #: the first; None where all agrees
    lost: lines.LostLine | None = None  #: a full disk left a hole, and proof ends before it
    #: name -> (in the log, installed), where they differ; then identity is not promised
    versions: dict[str, tuple[str, str]] = field(default_factory=dict)
    other_code: bool = False  #: the header has another digest of the code, or none
    processor: tuple[str, str] | None = None  #: (in the log, here), where they differ
    foreign: str = ""  #: why the code at hand cannot regenerate what other code made
    profiles: str = ""  #: which bands are decoded by another profile here, in words

    @property
    def identical(self) -> bool:
        """Whether all that was compared is the same."""
        return self.difference is None and not self.foreign

    @property
    def explained(self) -> bool:
        """Whether what differs may come from other code, versions or another processor.

        If not, the log was changed. All processors should derive the same (`portable_math`), but
        one that does not is no proof against a log. Numbers and checksums of lines depend on
        nothing of all that.
        """
        if self.foreign:
            return True
        elsewhere = self.other_code or bool(self.versions) or self.processor is not None
        return elsewhere and self.difference is not None and self.difference.field not in _SEALED


def verify(
    session: Path,
    build: Callable[[lines.HeaderLine], Core],
    progress: Callable[[float], None] | None = None,
    code: str = "",
    profiles: Mapping[str, str] | None = None,
) -> Verification:
    """Regenerate a session's derived lines and compare them byte for byte.

    A log that a crash cut short is verified up to its last complete line, one with a hole up to the
    hole; of one that only other code understands, or whose plug-ins are not all here, nothing is,
    and `foreign` says why.

    Parameters
    ----------
    session
        A session's folder, or the log in it.
    build
        Makes a core from the header.
    progress
        Told the share that is done, 0 to 1; None to tell nobody.
    code
        Digest of the code at hand, where the header's is to be compared with it; empty where
        not.
    profiles
        Digests of the profiles of bands at hand by name, to be compared with those that decoded;
        None where not.

    Returns
    -------
    Verification
        The first difference ends it.

    Raises
    ------
    LogError
        When the log is empty or cannot be read.
    """
    doubted: list[ScannedLine] = []  # changed or missing: to tell how is what verify is for
    logged = read(session, told=doubted.append)
    first, header = next(logged, (b"", None))
    if not isinstance(header, lines.HeaderLine):
        raise LogError(f"the session log {session} is empty", hint="The session never began.")
    if changed := _changed(first, header, sealed=header.schema >= 2):
        return Verification(0, 0, False, replace(changed, seq=0))
    origin = _origin(header, code)
    if origin.foreign:
        return origin
    try:
        checker = _Checker(_built(build, header, session), header.schema)
        size, done = log_size(session), 0
        decoded_by: dict[str, None] = {}
        for raw, line in chain([(first, header)], logged):
            checker.take(raw, line, doubted=bool(doubted))
            doubted.clear()
            if isinstance(line, lines.StatusLine) and line.profile:
                decoded_by[line.profile] = None
            if checker.difference is not None or checker.lost is not None:
                break
            if isinstance(line, lines.PluginLine):
                origin = _with_plugins(origin, [line.plugin])
                if origin.foreign:
                    break
            done += len(raw) + 1
            if progress is not None:
                progress(done / size)
    except LogError as error:
        if not origin.other_code:
            raise
        return replace(origin, foreign=str(error))
    return replace(
        origin, inputs=checker.inputs, derived=checker.derived, complete=checker.complete,
        difference=checker.difference, lost=checker.lost, profiles=_others(decoded_by, profiles),
    )  # fmt: skip


def _others(decoded_by: Iterable[str], here: Mapping[str, str] | None) -> str:
    """Return which profiles that decoded a session are others here; empty for none."""
    told = []
    for name, _, digest in map(lambda text: text.rpartition(" "), decoded_by):
        if here is not None and here.get(name) != digest:
            what = "is not here" if name not in here else f"is another one here ({here[name]})"
            told.append(f"the profile {name!r} ({digest}) that decoded its band {what}")
    return "; ".join(told)


def _origin(header: lines.HeaderLine, code: str) -> Verification:
    """Return how what made a log differs from what is here; nothing is compared yet."""
    origin = Verification(
        0, 0, False,
        versions=_versions_that_differ(header.versions),
        other_code=bool(code) and header.code != code,
        processor=other_processor(header.processor),
    )  # fmt: skip
    return _with_plugins(origin, header.plugins or ())


def _with_plugins(origin: Verification, named: Sequence[lines.PluginItem]) -> Verification:
    plugins = compared(named)
    return replace(
        origin, versions=origin.versions | plugins.versions,
        other_code=origin.other_code or plugins.other_code, foreign=plugins.missing,
    )  # fmt: skip


def _built(
    build: Callable[[lines.HeaderLine], Core], header: lines.HeaderLine, session: Path
) -> Core:
    try:
        return build(header)
    except msgspec.ValidationError as error:
        raise LogError(
            f"{session} has a config that this version does not know: {error}",
            hint="Verify it with the version that its header names.",
        ) from error


def _versions_that_differ(logged: dict[str, str]) -> dict[str, tuple[str, str]]:
    installed = {name: _version(name) for name in logged}
    return {
        name: (number, installed[name])
        for name, number in logged.items()
        if number != installed[name]
    }


def _version(name: str) -> str:
    if name == "python":
        return platform.python_version()
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


class _Checker:
    def __init__(self, core: Core, schema: int) -> None:
        self._core = core
        self._sealed = schema >= 2
        self._today = schema == lines.SCHEMA
        self._expected: deque[DerivedLine] = deque()
        self._windows: dict[tuple[int, int], Window] = {}
        self._next_seq = 0
        self.inputs = 0
        self.derived = 0
        self.complete = False
        self.difference: Difference | None = None
        self.lost: lines.LostLine | None = None

    def take(self, raw: bytes, line: lines.Line, *, doubted: bool) -> None:
        """Check one line of the log; sets `difference` when it is not as regenerated.

        `doubted` are lines that the reader found changed or out of place; all others are sealed.
        """
        if line.seq != self._next_seq:
            self._differ(line, "seq", str(line.seq), str(self._next_seq))
            return
        self._next_seq += 1
        if doubted:
            self.difference = _changed(raw, line, sealed=self._sealed)
            if self.difference is not None:
                return
        if isinstance(line, lines.LostLine):
            self.lost = line
        elif self._expected:
            self._compare(raw, line, self._expected.popleft())
        elif isinstance(line, lines.DERIVED):
            self._differ(line, "", raw.decode(), "nothing")
        elif isinstance(line, lines.INPUTS):
            self._feed(line)
        self.complete = isinstance(line, lines.EndLine)

    def _compare(self, raw: bytes, line: lines.Line, expected: DerivedLine) -> None:
        raw = raw if self._today else encode(line)  # an older form of the same values
        regenerated = encode(expected)
        if raw == regenerated:
            self.derived += 1
            return
        mine, theirs = msgspec.json.decode(regenerated), msgspec.json.decode(raw)
        for name in [*mine, *(key for key in theirs if key not in mine)]:
            logged, ours = theirs.get(name), mine.get(name)
            if logged != ours:
                self._differ(line, name, str(logged), str(ours))
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
        self.difference = Difference(_kind(line), line.seq, field, logged, regenerated)


def _changed(raw: bytes, line: lines.Line, *, sealed: bool) -> Difference | None:
    """Return a difference when a line that is not derived does not fit its checksum."""
    if isinstance(line, lines.DERIVED):
        return None
    found, right = checksums(raw)
    if found == right or not (found or sealed):
        return None
    return Difference(_kind(line), line.seq, "crc", found, right)


def _kind(line: lines.Line) -> str:
    return str(line.__struct_config__.tag)


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
