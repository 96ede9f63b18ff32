"""The sessions in a folder, each known from the first and the last line of its log."""

from __future__ import annotations

import statistics
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from biofeedback.common.errors import KeyMissingError, LogError
from biofeedback.record import index, lines
from biofeedback.record.line import encode
from biofeedback.record.neutral import neutral_header
from biofeedback.record.older import decoder
from biofeedback.record.reader import (
    LOG_NAME,
    find_log,
    is_session,
    log_parts,
    log_state,
    read,
    read_header,
    whole_lines,
)
from biofeedback.record.tags import read_tags
from biofeedback.storage import encryption

__all__ = [
    "CatalogueEntry",
    "LogSummary",
    "catalogue",
    "entries_of",
    "entry",
    "find",
    "summary",
]


_TAIL_BYTES = 1 << 16
_LONGEST_LINE_BYTES = 1 << 24
#: How much of the beginning and the end of a session is averaged.
_EDGE_S = 60.0
_SURE = 0.25  #: confidence from which on an arousal counts; the one at which music follows


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A session as its log's first and last line tell it; `end` is None when it was cut short."""

    folder: Path  #: the session's
    header: lines.HeaderLine  #: first line of its log
    end: lines.EndLine | None
    duration_s: float  #: to the last line that can be read

    @property
    def tags(self) -> tuple[str, ...]:
        """Words that a person gave it."""
        return read_tags(self.folder)

    @property
    def programme(self) -> str:
        """The short title of its programme, or the name of its strategy."""
        config = msgspec.json.decode(self.header.config)
        title = str(config.get("title", "")).partition(":")[0]
        return title or str(config["control"]["strategy"])


@dataclass(frozen=True, slots=True)
class LogSummary:
    """What a whole log amounts to: pairs are the first and the last minute that is known.

    Arousal counts where it was tracked with confidence, heart rate where it was measured.
    """

    arousal: tuple[float, float] | None  #: 0 to 1
    heart_rate_bpm: tuple[float, float] | None  #: as read
    tempo_bpm: tuple[float, float] | None  #: of the music
    gaps: dict[str, int]  #: by reason
    gap_s: float  #: all gaps together
    markers: tuple[tuple[float, str], ...]  #: time in s and text
    said: tuple[tuple[float, str, str], ...]  #: time in s, "rating", "note" or "adverse", its text
    notes: int  #: that were played


def catalogue(out: Path) -> tuple[list[CatalogueEntry], list[LogError]]:
    """Return the sessions in a folder, oldest first, and why others cannot be read.

    Folders without a session log are no sessions. What was read is kept in the folder's index, and
    read again only when a log changed.

    Parameters
    ----------
    out
        The folder of sessions; one that does not exist has none.

    Returns
    -------
    tuple[list[CatalogueEntry], list[LogError]]
        The sessions, and an error for each that cannot be read.
    """
    found: list[CatalogueEntry] = []
    problems: list[LogError] = []
    known, rows = index.load(out), {}
    for folder in _folders(out):
        try:
            state = log_state(folder)
            row = known.get(folder.name)
            if row is None or row[:2] != state:
                row = (*state, *_ends(folder))
            if find_log(folder).suffix != encryption.SUFFIX:  # what is closed is not kept open here
                rows[folder.name] = row
            found.append(_entry(folder, *row[2:]))
        except LogError as error:
            problems.append(error)
    if rows != known:
        index.store(out, rows)
    found.sort(key=lambda e: (e.header.started_utc, e.folder.name))
    return found, problems


def entries_of(out: Path, profile: str | None) -> tuple[list[CatalogueEntry], list[LogError]]:
    """Return a person's sessions (None: those of nobody), and why others cannot be read.

    Parameters
    ----------
    out
        The folder of sessions.
    profile
        The person's; None for sessions of nobody.

    Returns
    -------
    tuple[list[CatalogueEntry], list[LogError]]
        Oldest first, and an error for each that cannot be read.

    Raises
    ------
    KeyMissingError
        When one is closed and there is no key: whose it is cannot be told, and nothing may be
        called complete without it.
    """
    found, problems = catalogue(out)
    for problem in problems:
        if isinstance(problem, KeyMissingError):
            raise problem
    return [entry for entry in found if entry.header.profile == profile], problems


def entry(folder: Path) -> CatalogueEntry:
    """Return one session without reading the middle of its log.

    Parameters
    ----------
    folder
        A session's.

    Returns
    -------
    CatalogueEntry
        With the index left alone.

    Raises
    ------
    LogError
        When its log cannot be read.
    """
    return _entry(folder, *_ends(folder))


def _ends(folder: Path) -> tuple[bytes, bytes]:
    """Return the first and the last line of a log; the last is empty when there is none."""
    header = neutral_header(read_header(folder))
    last = _last_line(folder, decoder(header.schema))
    return encode(header), b"" if last is None else encode(last)


def _entry(folder: Path, first: bytes, last: bytes) -> CatalogueEntry:
    decode = decoder(lines.SCHEMA)  # both were written anew
    header, end = decode(first), decode(last) if last else None
    assert isinstance(header, lines.HeaderLine)
    return CatalogueEntry(
        folder,
        neutral_header(header),  # a row may be older than that
        end if isinstance(end, lines.EndLine) else None,
        header.t if end is None else end.t,
    )


def find(out: Path, name: str) -> Path:
    """Return the folder of the session that `name` means: its name, the start of it, or a path.

    Parameters
    ----------
    out
        The folder of sessions.
    name
        Its name, the start of it, or a path.

    Returns
    -------
    Path
        A folder that holds a log.

    Raises
    ------
    LogError
        When none fits, or several begin so.
    """
    for folder in (out / name, Path(name)):
        if folder.is_dir() and is_session(folder):
            return folder
    begun = [folder for folder in _folders(out) if name and folder.name.startswith(name)]
    if len(begun) == 1:
        return begun[0]
    if begun:
        raise LogError(
            f"{name!r} could be {', '.join(folder.name for folder in begun)}",
            hint="Give more of its name.",
        )
    raise LogError(f"no session {name!r} in {out}", hint="`biofeedback sessions list` shows them.")


def summary(folder: Path) -> LogSummary:
    """Read a whole log and say what it amounts to.

    Parameters
    ----------
    folder
        A session's.

    Returns
    -------
    LogSummary
        None in it for what was never known.

    Raises
    ------
    LogError
        When the log cannot be read.
    """
    arousal: list[tuple[float, float]] = []
    heart: list[tuple[float, float]] = []
    tempo: list[tuple[float, float]] = []
    markers: list[tuple[float, str]] = []
    said: list[tuple[float, str, str]] = []
    gaps: Counter[str] = Counter()
    gap_s, notes = 0.0, 0
    for _, line in read(folder):
        match line:
            case lines.StateLine(phase="tracking") if line.confidence >= _SURE:
                arousal.append((line.t, line.arousal))
            case lines.ReadingLine():
                heart += [
                    (line.t, reading.value)
                    for reading in line.readings
                    if reading.name == "heart_rate" and reading.value is not None
                ]
            case lines.DecisionLine():
                tempo.append((line.t, line.params.tempo_bpm))
            case lines.GapLine():
                gaps[line.reason] += 1
                gap_s += line.end - line.start
            case lines.CommandLine(what="marker"):
                markers.append((line.at, line.value))
            case lines.CommandLine(what="rating" | "note" | "adverse"):
                said.append((line.at, line.what, line.value))
            case lines.NoteLine():
                notes += 1
            case _:
                pass
    return LogSummary(
        _edges(arousal),
        _edges(heart),
        _edges(tempo),
        dict(gaps),
        gap_s,
        tuple(sorted(markers)),
        tuple(sorted(said)),
        notes,
    )


def _folders(out: Path) -> list[Path]:
    return sorted({log.parent for log in out.glob(f"*/{LOG_NAME}*") if is_session(log)})


def _edges(values: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    """Return the medians of the first and of the last minute of (time_s, value); None if empty."""
    if not values:
        return None
    begin_s, end_s = values[0][0], values[-1][0]
    first = statistics.median(value for t, value in values if t <= begin_s + _EDGE_S)
    last = statistics.median(value for t, value in values if t >= end_s - _EDGE_S)
    return first, last


def _last_line(session: Path, decode: Callable[[bytes], lines.Line]) -> lines.Line | None:
    """Return the last whole line that can be read; None when only the tail of one is left."""
    for part in reversed(log_parts(session)):
        for raw in _lines_from_the_end(part):
            try:
                return decode(raw)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue  # a disk that was full, or a crash; `read` names the place
    return None


def _lines_from_the_end(log: Path) -> Iterator[bytes]:
    if log.suffix != ".jsonl":
        yield from reversed(deque(whole_lines(log), maxlen=1))
        return
    size = log.stat().st_size
    with log.open("rb") as file:
        length = min(size, _TAIL_BYTES)
        while True:
            file.seek(size - length)
            whole = file.read(length).split(b"\n")[:-1]  # what follows the last break is a piece
            if length < size:
                whole = whole[1:]
            if whole or length >= min(size, _LONGEST_LINE_BYTES):
                break
            length = min(size, 2 * length)
    yield from reversed(whole)
