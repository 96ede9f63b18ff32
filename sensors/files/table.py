"""A table of samples: CSV with a header, whose columns a map names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sensors.errors import RecordingError, SettingsError
from sensors.files.beats import from_intervals, from_timed
from sensors.files.iso_times import in_seconds
from sensors.files.recording import Recording, assemble, name_of, on_grid
from sensors.files.rr_text import rr_seconds, unit_in_name
from sensors.files.text import is_number, parse_rows
from sensors.labels import NAMES
from sensors.signals import Chunk, FloatArray, Gap, Signal

__all__ = ["is_table", "read_table"]

#: Names under which programs export what we know, in lower case and without their unit.
_USUAL_NAMES: dict[str, str] = {
    **{name: signal.value for name, signal in NAMES.items()},
    **dict.fromkeys(("time", "t", "times", "timestamp", "t end"), "time"),
    **dict.fromkeys(("datetime", "date time", "phone timestamp"), "time"),
}
_UNIT_WORDS = {
    "ms", "s", "sec", "seconds", "us", "µs", "usiemens", "bpm", "mv", "g", "au", "degc",
}  # fmt: skip
_EPOCH_S = 1e8  # session times never get here: three years; UTC seconds passed it in 1973


def is_table(text: str) -> bool:
    """Return whether the first line is a header of several named columns, or one known name.

    Parameters
    ----------
    text
        Of the file.

    Returns
    -------
    bool
        By its first line that is not empty.
    """
    header = next((line for line in text.split("\n") if line.strip()), "")
    cells = _split(header, _delimiter(header))
    if all(is_number(cell) for cell in cells):
        return False
    return len(cells) > 1 or _usual(cells[0]) in _USUAL_NAMES


def read_table(
    path: Path, text: str, *, columns: Mapping[str, str] | None, rate_hz: float | None
) -> Recording:
    """Read the columns that `columns` maps from "time" or a signal to the name in the header.

    A time column is in seconds, or ms where its name ends so; since 1970 it gives the UTC start.
    Date-times are ISO 8601. Without a time column, RR intervals follow each other.

    Parameters
    ----------
    path
        For its name.
    text
        Of the file.
    columns
        From "time" or a signal to the name in the header; None where usual names tell.
    rate_hz
        Samples a second of signals other than RR, where there is no time column.

    Returns
    -------
    Recording
        A chunk for each signal.

    Raises
    ------
    RecordingError
        When a line does not fit, times go backwards, a column or a rate is missing.
    SettingsError
        When the map names a signal that there is none of.
    """
    lines = text.split("\n")
    first = next(i for i, line in enumerate(lines) if line.strip())
    delimiter = _delimiter(lines[first])
    header = _split(lines[first], delimiter)
    chosen = _choose(header, columns, path.name)
    body = [line.replace(",", ".") for line in lines] if delimiter == ";" else lines
    picked = [header.index(cell) for cells in chosen.values() for cell in cells]
    body, first_time = body[first + 1 :], None
    if "time" in chosen:
        body, first_time = in_seconds(body, header.index(chosen["time"][0]), delimiter)
    numbers, warnings = parse_rows(
        body,
        name=path.name,
        first_line=first + 2,
        delimiter=delimiter,
        width=len(header),
        picked=picked,
    )
    ends = np.cumsum([len(cells) for cells in chosen.values()])
    rows = dict(zip(chosen, np.split(numbers, ends[:-1], axis=1), strict=True))
    times_s: FloatArray | None = None
    started: datetime | None = None
    if "time" in rows:
        times_s, started, kept = _times(rows.pop("time")[:, 0], chosen["time"][0], path.name)
        started = first_time or started
        rows = {key: values[kept] for key, values in rows.items()}
    series: list[Chunk] = []
    gaps: list[Gap] = []
    for key, values in rows.items():
        if key == "rr":
            chunk, gaps = _beats(values[:, 0], times_s, chosen["rr"][0], path)
        else:
            chunk = _samples(Signal(key), values, times_s, rate_hz, path)
        series.append(chunk)
    return assemble(path, "CSV table", series, gaps, started=started, warnings=warnings)


def _choose(
    header: list[str], columns: Mapping[str, str] | None, name: str
) -> dict[str, list[str]]:
    """Return which column holds the time and each signal, in the order of our signals.

    Only acceleration has several.
    """
    keys = ["time", *(signal.value for signal in Signal)]
    if columns is None:
        known = [(_USUAL_NAMES.get(_usual(cell)), cell) for cell in header]
        usual = {key: [cell for meant, cell in known if meant == key] for key in keys}
        chosen = {
            key: cells if key == "acc" else cells[:1] for key, cells in usual.items() if cells
        }
    else:
        if unknown := sorted(set(columns) - set(keys)):
            raise SettingsError(
                f"there is no signal {unknown[0]!r}", hint=f"A map may name: {', '.join(keys)}."
            )
        chosen = {key: [columns[key]] for key in keys if key in columns}
        if absent := [cell for (cell,) in chosen.values() if cell not in header]:
            raise RecordingError(
                f"{name} has no column {absent[0]!r}", hint=f"It has: {', '.join(header)}."
            )
    if not set(chosen) - {"time"}:
        raise RecordingError(
            f"{name} has no column with a known name",
            hint=f"Name them, as in --columns rr={header[0]}. It has: {', '.join(header)}.",
        )
    return chosen


def _times(
    values: FloatArray, column: str, name: str
) -> tuple[FloatArray, datetime | None, NDArray[np.bool_]]:
    """Return the times of the rows that have one, the UTC start if known, and which rows."""
    known = np.isfinite(values)
    times_s = values[known] / 1000.0 if unit_in_name(column) == "ms" else values[known]
    if not len(times_s):
        raise RecordingError(
            f"{name} has no times in its column {column!r}",
            hint="Name the column that holds the time in seconds or ms.",
        )
    if times_s[0] > _EPOCH_S * 1000.0:
        times_s = times_s / 1000.0
    if (np.diff(times_s) < 0.0).any():
        row = int(np.flatnonzero(np.diff(times_s) < 0.0)[0]) + 2
        raise RecordingError(
            f"the times of {name} go backwards in row {row}",
            hint="Sort the rows by time, or name another time column.",
        )
    start_s = float(times_s[0])
    utc = datetime.fromtimestamp(start_s, UTC) if _EPOCH_S < start_s < 4e9 else None
    # The first sample of a file that starts at 0.8 s into its own time keeps that time.
    return times_s - start_s if utc or start_s < 0.0 else times_s, utc, known


def _beats(
    values: FloatArray, times_s: FloatArray | None, column: str, path: Path
) -> tuple[Chunk, list[Gap]]:
    rr_s = rr_seconds(values, path.name, unit_in_name(column))
    if times_s is None:
        return from_intervals(rr_s, name_of(path))
    known = np.isfinite(rr_s)
    times_s, rr_s = times_s[known], rr_s[known]
    steps_s = np.diff(times_s)
    ends_there = np.abs(steps_s - rr_s[1:]).sum() <= np.abs(steps_s - rr_s[:-1]).sum()
    # Some programs write down when an interval began; ours stands at the beat that ends it.
    return from_timed(times_s if ends_there else times_s + rr_s, rr_s, name_of(path))


def _samples(
    signal: Signal,
    values: FloatArray,
    times_s: FloatArray | None,
    rate_hz: float | None,
    path: Path,
) -> Chunk:
    source = name_of(path)
    if times_s is None:
        if rate_hz is None:
            raise RecordingError(
                f"{path.name} has no time column for its {signal}",
                hint="Say the rate in Hz, as --rate 100, or name it, as --columns time=NAME.",
            )
        return Chunk.regular(signal, source, 0.0, rate_hz, values)
    return on_grid(signal, source, times_s, values)


def _delimiter(header: str) -> str:
    return max("\t;,", key=header.count)


def _split(header: str, delimiter: str) -> list[str]:
    return [cell.strip().strip("\"'") for cell in header.split(delimiter)]


def _usual(cell: str) -> str:
    words = "".join(c if c.isalnum() else " " for c in cell.lower()).split()
    if len(words) > 1 and words[-1] in _UNIT_WORDS:
        words = words[:-1]
    return " ".join(words)
