"""The export of an Empatica E4: a folder, or a zip of it, with one file for each sensor."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from sensors.errors import RecordingError
from sensors.files.beats import from_timed
from sensors.files.channels import Channel, ChannelOffer
from sensors.files.choosing import choose
from sensors.files.packed import LARGEST_BYTES, PACKED_BYTES, PACKED_RATIO, content, inflate
from sensors.files.recording import Recording, assemble, name_of
from sensors.files.text import as_text, is_number, parse_rows
from sensors.labels import LabelMeaning
from sensors.signals import Chunk, FloatArray, Gap, Signal

__all__ = ["is_e4_file", "is_e4_folder", "is_zip", "of_several_people", "read_e4"]

_Member = tuple[str, Callable[[], bytes]]


@dataclass(frozen=True, slots=True)
class _Stream:
    """One file: where it starts in UTC seconds, its rate (0 for beats), the rows (n, columns)."""

    start_utc_s: float
    rate_hz: float
    rows: FloatArray


#: Which signal each file holds, how many columns it has, and the factor to our unit. The E4 gives
#: acceleration in 1/64 g, everything else in our units.
_FILES: dict[str, tuple[Signal, int, float]] = {
    "EDA": (Signal.EDA, 1, 1.0),
    "IBI": (Signal.RR, 2, 1.0),
    "HR": (Signal.HR, 1, 1.0),
    "BVP": (Signal.PPG, 1, 1.0),
    "TEMP": (Signal.TEMP, 1, 1.0),
    "ACC": (Signal.ACC, 3, 1 / 64),
}
#: All files of a recording begin within seconds; so far apart they are of several. Ours.
_LONGEST_APART_S = 3600.0
#: No E4 was there before 2001, and no interval in ms is so long.
_FIRST_UTC_S = 1e9
_HINT = "An E4 export holds EDA.csv, BVP.csv, IBI.csv, HR.csv, TEMP.csv or ACC.csv."


def is_zip(path: Path) -> bool:
    """Return whether a file is a zip archive, by its content.

    Parameters
    ----------
    path
        A file or a folder.

    Returns
    -------
    bool
        False for a folder, and for what is not there.
    """
    return path.is_file() and zipfile.is_zipfile(path)


def is_e4_folder(path: Path) -> bool:
    """Return whether a folder holds at least one of the E4's files.

    Parameters
    ----------
    path
        A file or a folder.

    Returns
    -------
    bool
        By the names of its files.
    """
    return path.is_dir() and any(_kind(entry.name) in _FILES for entry in path.iterdir())


def is_e4_file(path: Path, text: str) -> bool:
    """Return whether a file is one of an export's, by its name and the UTC seconds it begins with.

    Without this its single column would read as RR intervals.

    Parameters
    ----------
    path
        A file or a folder.
    text
        What is in it.

    Returns
    -------
    bool
        False for a table of intervals of the same name.
    """
    first = text.split("\n", 1)[0].split(",")[0]
    return _kind(path.name) in _FILES and is_number(first) and _FIRST_UTC_S < float(first) < 4e9


def of_several_people(path: Path) -> RecordingError | None:
    """Return the refusal of a folder whose folders are recordings.

    Parameters
    ----------
    path
        A folder that is none itself.

    Returns
    -------
    RecordingError | None
        None where no folder in it is one.
    """
    folders = sorted(f for f in path.iterdir() if is_e4_folder(f))
    return _several(str(path), [str(folder) for folder in folders], "Give") if folders else None


def read_e4(path: Path, columns: Mapping[str, str] | None = None) -> Recording:
    """Read the folder, the zip or the one file at `path`.

    A stream that cannot be read is left out with a warning.

    Parameters
    ----------
    path
        A file or a folder.
    columns
        From a signal to a file, as in ``{"ppg": "BVP"}``; None for all.

    Returns
    -------
    Recording
        With a UTC start; the button's presses are markers.

    Raises
    ------
    RecordingError
        When it holds nothing that can be read, or the recordings of several people.
    """
    streams: dict[str, _Stream] = {}
    tags_utc_s: list[float] = []
    warnings: list[str] = []
    for name, load in _members(path):
        kind = _kind(name)
        try:
            if kind in streams:
                warnings.append(f"a second {kind}, {name}, is left out")
            elif kind in _FILES:
                streams[kind], cut = _parse(name, as_text(load(), name), _FILES[kind][1])
                warnings += cut
            elif kind.startswith("TAGS") and (data := load()).strip():
                tags_utc_s += _tags(as_text(data, name), name)
        except RecordingError as error:
            warnings.append(f"{error}; it is left out")
    if not streams:
        what = f"no samples: {warnings[0]}" if warnings else "no E4 recording"
        raise RecordingError(f"{path.name} holds {what}", hint=_HINT)
    kinds = [kind for kind in _FILES if kind in streams]
    choice = choose([ChannelOffer(kind) for kind in kinds], columns, path.name)
    starts_s = {kind: stream.start_utc_s for kind, stream in streams.items()}
    start_utc_s = min(starts_s.values())
    last = max(starts_s, key=lambda kind: starts_s[kind])
    if starts_s[last] - start_utc_s > _LONGEST_APART_S:
        raise RecordingError(
            f"the files of {path.name} are of several recordings: {last} begins "
            f"{(starts_s[last] - start_utc_s) / 3600:.1f} h after the first",
            hint="Put the files of each recording into a folder of its own.",
        )
    series: list[Chunk] = []
    gaps: list[Gap] = []
    for ((place, how),) in choice.taken.values():
        chunk, breaks = _samples(kinds[place], streams[kinds[place]], how, start_utc_s,
                                 name_of(path))  # fmt: skip
        series.append(chunk)
        gaps += breaks
    return assemble(
        path,
        "Empatica E4 export",
        series,
        gaps,
        started=datetime.fromtimestamp(start_utc_s, UTC),
        markers=[(utc_s - start_utc_s, "button") for utc_s in tags_utc_s if utc_s >= start_utc_s],
        warnings=[*warnings, *choice.warnings],
        channels=[
            *choice.channels,
            *([Channel("tags", "marker", taken=True)] if tags_utc_s else []),
        ],
    )


def _samples(
    kind: str, stream: _Stream, how: LabelMeaning, start_utc_s: float, source: str
) -> tuple[Chunk, list[Gap]]:
    signal, _, scale = _FILES[kind]
    if how.signal is not signal:
        raise RecordingError(
            f"{kind} of an E4 is {signal}, not {how.signal}",
            hint=f"Name it so, as --columns {signal}={kind}.",
        )
    t0_s = stream.start_utc_s - start_utc_s
    if signal is Signal.RR:
        return from_timed(t0_s + stream.rows[:, 0], how.in_our_unit(stream.rows[:, 1]), source)
    values = how.in_our_unit(stream.rows if scale == 1.0 else stream.rows * scale)
    return Chunk.regular(signal, source, t0_s, stream.rate_hz, values), []


def _parse(name: str, text: str, columns: int) -> tuple[_Stream, list[str]]:
    lines = text.split("\n")
    beats = _kind(name) == "IBI"
    header = 1 if beats else 2
    start_utc_s = _header(lines, 0, name)
    rate_hz = 0.0 if beats else _header(lines, 1, name)
    if not (0.0 <= start_utc_s < 4e9) or not (beats or 0.0 < rate_hz <= 10_000.0):
        raise RecordingError(
            f"{name} does not start with a time and a rate",
            hint="Export the recording again from E4 connect.",
        )
    rows, warnings = parse_rows(
        lines[header:], name=name, first_line=header + 1, delimiter=",", width=columns
    )
    if not len(rows):
        raise RecordingError(f"{name} holds no samples")
    if beats:
        rows = rows[np.isfinite(rows[:, 0])]
        rows = rows[np.argsort(rows[:, 0], kind="stable")]
    return _Stream(start_utc_s, rate_hz, rows), warnings


def _header(lines: list[str], index: int, name: str) -> float:
    try:
        value = float(lines[index].split(",")[0])
    except (IndexError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise RecordingError(f"line {index + 1} of {name} is not a header of the E4")
    return value


def _tags(text: str, name: str) -> list[float]:
    rows, _ = parse_rows(text.split("\n"), name=name, first_line=1, delimiter=",", width=1)
    return [float(utc_s) for utc_s in rows[:, 0] if math.isfinite(utc_s)]


def _kind(name: str) -> str:
    """Return EDA for EDA.csv and eda.csv.gz, TAGS_S05 for tags_S05.csv, else an empty text."""
    stem, _, ending = name.upper().partition(".")
    return stem if ending in ("CSV", "CSV.GZ") else ""


def _members(path: Path) -> Iterator[_Member]:
    if is_zip(path):
        return _zip_members(path)
    return _folder_members(path) if path.is_dir() else iter([(path.name, partial(content, path))])


def _folder_members(path: Path) -> Iterator[_Member]:
    for entry in sorted(path.iterdir()):
        if entry.is_file():
            yield entry.name, partial(content, entry)


def _zip_members(path: Path) -> Iterator[_Member]:
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # whatever damage does to the library
        raise _damaged(path.name, error) from error
    with archive:
        members = [
            info
            for info in archive.infolist()
            if info.filename and "__MACOSX" not in info.filename and not info.is_dir()
        ]
        ours = [info for info in members if _kind(PurePosixPath(info.filename).name) in _FILES]
        _refuse_several(path.name, sorted({str(PurePosixPath(i.filename).parent) for i in ours}))
        _refuse_bombs(path, members)
        for info in members:
            yield PurePosixPath(info.filename).name, partial(_unzip, archive, info)


def _refuse_several(name: str, folders: list[str]) -> None:
    """Refuse the recordings of several people, which would become those of one."""
    if len(folders) > 1:
        raise _several(name, folders, "Unpack it and give")


def _several(name: str, folders: list[str], what_to_do: str) -> RecordingError:
    return RecordingError(
        f"{name} holds {len(folders)} recordings: {', '.join(folders)}",
        hint=f"{what_to_do} one of its folders, such as {folders[0]}.",
    )


def _refuse_bombs(path: Path, members: list[zipfile.ZipInfo]) -> None:
    """Refuse, before anything is unpacked, what no recording is packed into."""
    total = sum(info.file_size for info in members)
    ratio = total / max(path.stat().st_size, 1)
    if total > LARGEST_BYTES or (total > PACKED_BYTES and ratio > PACKED_RATIO):
        raise RecordingError(
            f"{path.name} unpacks to {total / 1e6:.0f} MB, {ratio:.0f} times its size",
            hint="Unpack it yourself, and give the folder of one recording.",
        )


def _unzip(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.file_size > LARGEST_BYTES:
        raise RecordingError(f"{info.filename} is larger than 1 GB")
    try:
        data = archive.read(info)
    except Exception as error:  # whatever damage does to the library
        raise _damaged(info.filename, error) from error
    return inflate(data, info.filename)


def _damaged(name: str, error: Exception) -> RecordingError:
    return RecordingError(
        f"{name} is damaged: {str(error)[:80] or 'it was cut'}",
        hint="Copy or download the recording again.",
    )
