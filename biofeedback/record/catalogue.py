"""The sessions in a folder, each known from the first and the last line of its log."""

from __future__ import annotations

import statistics
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from biofeedback.common.errors import FolderError, KeyMissingError, LogError
from biofeedback.record import index, lines
from biofeedback.record.convert import encode
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
from biofeedback.storage import encryption

__all__ = [
    "TAGS_NAME",
    "CatalogueEntry",
    "LogSummary",
    "catalogue",
    "entries_of",
    "entry",
    "find",
    "read_tags",
    "summary",
    "write_tags",
]


TAGS_NAME = "tags.txt"


def read_tags(folder: Path) -> tuple[str, ...]:
    """Return the tags of a session's folder in order; none when it has no such file."""
    try:
        text = encryption.read(folder / TAGS_NAME).decode()
    except (FileNotFoundError, UnicodeDecodeError):
        return ()
    return tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def write_tags(folder: Path, tags: Iterable[str]) -> tuple[str, ...]:
    """Make these the tags of a session, without doubles and in order; return them."""
    kept = sorted({" ".join(tag.split()) for tag in tags if tag.strip()})
    path = folder / TAGS_NAME
    try:
        if kept:
            encryption.write(path, "".join(f"{tag}\n" for tag in kept).encode())
        else:
            encryption.delete(path)
    except OSError as error:
        raise FolderError(
            f"{path} cannot be written: {error.strerror}", hint="Is the folder yours?"
        ) from error
    return tuple(kept)


_TAIL_BYTES = 1 << 16
_LONGEST_LINE_BYTES = 1 << 24
#: How much of the beginning and the end of a session is averaged.
_EDGE_S = 60.0
_SURE = 0.25  #: confidence from which on an arousal counts; the one at which music follows


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A session as its log's first and last line tell it; `end` is None when it was cut short."""

    folder: Path
    header: lines.HeaderLine
    end: lines.EndLine | None
    duration_s: float

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

    arousal: tuple[float, float] | None
    heart_rate_bpm: tuple[float, float] | None
    tempo_bpm: tuple[float, float] | None
    gaps: dict[str, int]  #: by reason
    gap_s: float
    markers: tuple[tuple[float, str], ...]
    said: tuple[tuple[float, str, str], ...]  #: time in s, "rating", "note" or "adverse", its text
    notes: int


def catalogue(out: Path) -> tuple[list[CatalogueEntry], list[LogError]]:
    """Return the sessions in a folder, oldest first, and why others cannot be read.

    Folders without a session log are no sessions; a folder that does not exist has none. What was
    read is kept in the folder's index, and read again only when a log changed.
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

    Raises `KeyMissingError` when one is closed and there is no key: whose it is cannot be told, and
    nothing may be called complete without it.
    """
    found, problems = catalogue(out)
    for problem in problems:
        if isinstance(problem, KeyMissingError):
            raise problem
    return [entry for entry in found if entry.header.profile == profile], problems


def entry(folder: Path) -> CatalogueEntry:
    """Return one session without reading the middle of its log."""
    return _entry(folder, *_ends(folder))


def _ends(folder: Path) -> tuple[bytes, bytes]:
    """Return the first and the last line of a log; the last is empty when there is none."""
    header = read_header(folder)
    last = _last_line(folder, decoder(header.schema))
    return encode(header), b"" if last is None else encode(last)


def _entry(folder: Path, first: bytes, last: bytes) -> CatalogueEntry:
    decode = decoder(lines.SCHEMA)  # both were written anew
    header, end = decode(first), decode(last) if last else None
    assert isinstance(header, lines.HeaderLine)
    return CatalogueEntry(
        folder,
        header,
        end if isinstance(end, lines.EndLine) else None,
        header.t if end is None else end.t,
    )


def find(out: Path, name: str) -> Path:
    """Return the folder of the session that `name` means: its name, the start of it, or a path."""
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
    """Read a whole log and say what it amounts to."""
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
