"""A log's lines one by one: what each says, or what is wrong with it.

Here and nowhere else it is checked that a line is whole, unchanged, in its place and makes sense:
whoever reads a log need not look again. What a kind of line may say stands in its types, and in
`meaning` what types can't.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from biofeedback.common.errors import LogError
from biofeedback.record.line import checksums, encode, intact
from biofeedback.record.lines import DERIVED, SCHEMA, HeaderLine, Line, LostLine
from biofeedback.record.meaning import nonsense
from biofeedback.record.older import decoder

__all__ = ["LineScanner", "ScannedLine", "sound"]

_DERIVED, _MARKS = frozenset(DERIVED), frozenset((HeaderLine, LostLine))
_CLOSE_S = 2.0  #: ticks come twice a second
#: Between two lines of a session that runs lie milliseconds; but a computer may sleep meanwhile.
_LONGEST_SLEEP_S = 7 * 86400.0
#: Before the last line, which no other one confirms.
_LONGEST_PAUSE_S = 3600.0


class ScannedLine(msgspec.Struct, frozen=True):
    """One line: what it says or what is wrong with it, and where it stands."""

    raw: bytes  #: without its line break
    line: Line | None  #: None where it says nothing that makes sense
    problem: str = ""  #: "" for a line as it should be
    whole: bool = True  #: nothing is wrong with it but, maybe, its place
    part: Path = Path()  #: of the log; empty where nothing had to be looked at closely
    number: int = 0  #: in its part, from 1; 0 for the part as a whole

    @property
    def told(self) -> str:
        """Where it stands, and what is wrong with it."""
        place = f"{self.part}, line {self.number}:" if self.number else str(self.part)
        return f"{place} {self.problem}"


class LineScanner:
    """Takes a log's lines in order, those of all its parts."""

    def __init__(self) -> None:
        self.header: HeaderLine | None = None
        self._header_raw = b""
        self._decode: Callable[[bytes], Line] = decoder(SCHEMA)
        self._seq = 0
        self._anew = False  #: the last line was the header, written again
        self._held: ScannedLine | None = None  #: long after the one before it: the next one tells
        self._time_s = 0.0  #: of the last line that was handed out
        self._after_hole = False

    def sound(self, raw: bytes) -> Line | None:
        """Take the next line in if it is as most are.

        Parameters
        ----------
        raw
            Without its line break.

        Returns
        -------
        Line | None
            What it says; None for one that `take` is to look at closely.
        """
        if self._held is not None or self.header is None:
            return None
        try:
            line = self._decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        kind = type(line)
        if line.seq != self._seq or kind in _MARKS or not 0.0 <= line.t - self._time_s <= _CLOSE_S:
            return None
        if (kind not in _DERIVED and not intact(raw)) or nonsense(line):
            return None
        self._seq, self._time_s = line.seq + 1, line.t
        self._anew = self._after_hole = False
        return line

    def take(self, part: Path, number: int, raw: bytes) -> tuple[ScannedLine, ...]:
        """Take in the next line that is not sound; return it, mostly, else none or two.

        Parameters
        ----------
        part
            Where it stands.
        number
            Which one it is there, from 1.
        raw
            Without its line break.

        Returns
        -------
        tuple[ScannedLine, ...]
            None for a header that was written again when a file had been taken away. A line that
            lies long after the one before it comes with the next one, which confirms it or not.

        Raises
        ------
        LogError
            For a log of a newer schema, of which this code can say nothing.
        """
        found = self._scanned(part, number, raw)
        if found is None:
            return ()
        before = () if self._held is None else (self._in_time(self._held, found.line),)
        self._held = None
        if found.line is not None and found.line.t - self._time_s > _CLOSE_S:
            self._held = found
            return before
        return (*before, self._in_time(found, found.line))

    def end(self) -> tuple[ScannedLine, ...]:
        """Return the last line, where it was not yet.

        Returns
        -------
        tuple[ScannedLine, ...]
            Nothing confirms its time, so it may lie at most an hour after the one before.
        """
        held, self._held = self._held, None
        return () if held is None else (self._in_time(held, None),)

    def _scanned(self, part: Path, number: int, raw: bytes) -> ScannedLine | None:
        try:
            line = self._decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return self._bad(part, number, raw, str(error))
        except RecursionError:
            return self._bad(part, number, raw, "it is nested too deeply")
        if isinstance(line, HeaderLine):
            if self.header is None:
                self._begin(part, line, raw)
            elif number == 1 and raw == self._header_raw:
                self._anew = True
                return None
            else:
                return self._bad(part, number, raw, "a second header")
        elif self.header is None:
            return self._bad(part, number, raw, "it does not begin with a header")
        anew, self._anew = self._anew, False
        if anew and isinstance(line, LostLine):  # of the lines that it stands for some are here
            if line.last < self._seq:
                return None
            line = msgspec.structs.replace(line, seq=self._seq, first=self._seq)
            raw = encode(line)
        assert self.header is not None
        changed = _changed(raw, line, self.header.schema)
        if not changed and (reason := nonsense(line)):
            return self._bad(part, number, raw, reason)
        problem = self._misplaced(line) or changed
        self._seq = (line.last if isinstance(line, LostLine) else line.seq) + 1
        return ScannedLine(raw, line, problem, not changed, part, number)

    def _bad(self, part: Path, number: int, raw: bytes, problem: str) -> ScannedLine:
        self._seq += 1
        return ScannedLine(raw, None, problem, False, part, number)

    def _begin(self, part: Path, line: HeaderLine, raw: bytes) -> None:
        if line.schema > SCHEMA:
            raise LogError(
                f"{part} has schema {line.schema}, this version reads up to {SCHEMA}",
                hint="Update biofeedback: pip install --upgrade biofeedback",
            )
        self.header, self._header_raw, self._decode = line, raw, decoder(line.schema)

    def _misplaced(self, line: Line) -> str:
        if line.seq == self._seq:
            return ""
        return f"number {self._seq} should stand here, not {line.seq}: lines are missing or added"

    def _in_time(self, found: ScannedLine, then: Line | None) -> ScannedLine:
        """Return a line, with a problem when its time does not fit those around it."""
        line = found.line
        if line is None:
            return found
        before_s, reason = self._time_s, ""
        if line.t < before_s:
            reason = f"its time, {line.t:g} s, lies before that of the line above"
        elif then is not None and before_s <= then.t < line.t:
            reason = f"its time, {line.t:g} s, lies after that of the line below"
        elif line.t - before_s > self._longest_s(line, is_last=then is None):
            reason = f"its time, {line.t:g} s, lies long after that of the line above"
        else:
            self._time_s = line.t
            self._after_hole = isinstance(line, LostLine)
        if not reason:
            return found
        return msgspec.structs.replace(found, problem=found.problem or reason, whole=False)

    def _longest_s(self, line: Line, *, is_last: bool) -> float:
        """Return how long after the one before a line may have come to be."""
        holed = self._after_hole or isinstance(line, LostLine)
        return _LONGEST_PAUSE_S if is_last and not holed else _LONGEST_SLEEP_S


def sound(raw: bytes, schema: int) -> Line | None:
    """Return what a line says that is read by itself; None when it is damaged.

    Parameters
    ----------
    raw
        Without its line break.
    schema
        Of its log.

    Returns
    -------
    Line | None
        Whether it is in its place, nobody can tell here.
    """
    try:
        line = decoder(schema)(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return None if nonsense(line) or _changed(raw, line, schema) else line


def _changed(raw: bytes, line: Line, schema: int) -> str:
    if isinstance(line, DERIVED):
        return ""
    found, right = checksums(raw)
    if found == right or not (found or schema >= 2):
        return ""
    return "changed since it was written, as its checksum shows"
