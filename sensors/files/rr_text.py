"""RR intervals as plain text: one a line, in milliseconds or seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from sensors.errors import RecordingError
from sensors.files.beats import from_intervals
from sensors.files.recording import Recording, assemble, name_of
from sensors.files.text import is_number, parse_rows
from sensors.signals import FloatArray
from sensors.timing.beat_timeline import PLAUSIBLE_RR_S

__all__ = ["RRUnit", "is_rr_text", "read_rr_text", "rr_seconds", "unit_in_name"]

RRUnit = Literal["ms", "s"]

#: A first number beyond is a date in Unix seconds.
_UNIX_S = 1e9
#: Share of plausible intervals below which a column holds something else (our choice).
_LEAST_PLAUSIBLE = 0.5


def is_rr_text(text: str) -> bool:
    """Return whether the first lines are single numbers, after at most one line of words.

    Parameters
    ----------
    text
        Of the file.

    Returns
    -------
    bool
        By its first 40 lines.
    """
    lines = [line for line in (raw.strip() for raw in text.split("\n", 40)[:40]) if line]
    lines = [line for line in lines if not line.startswith("#")]
    if lines and not is_number(lines[0]):
        lines = lines[1:]
    return bool(lines) and is_number(lines[0]) and all(len(line.split()) == 1 for line in lines[:5])


def read_rr_text(path: Path, text: str, unit: RRUnit | None = None) -> Recording:
    """Read intervals from `text`; the unit is told by the header or found from the median.

    Parameters
    ----------
    path
        For its name.
    text
        Of the file.
    unit
        Of the numbers; None where the file or its median tells.

    Returns
    -------
    Recording
        RR intervals and their gaps.

    Raises
    ------
    RecordingError
        When a line is no number, or the numbers are no intervals.
    """
    lines = text.split("\n")
    body = [line.split("#")[0] for line in lines]
    first = next((i for i, line in enumerate(body) if line.strip()), 0)
    if body and not is_number(body[first].strip()):
        unit = unit or unit_in_name(body[first])
        first += 1
    rows, warnings = parse_rows(
        body[first:], name=path.name, first_line=first + 1, delimiter=None, width=1
    )
    rr_s = rr_seconds(rows[:, 0], path.name, unit)
    _refuse_other_numbers(rows[:, 0], rr_s, path.name)
    chunk, gaps = from_intervals(rr_s, name_of(path))
    return assemble(path, "RR text", [chunk], gaps, warnings=warnings)


def _refuse_other_numbers(rows: FloatArray, rr_s: FloatArray, name: str) -> None:
    """Raise when a single column is something else, such as skin conductance or temperature."""
    if rows[0] > _UNIX_S:
        raise RecordingError(
            f"{name} begins with a date, as a file of an E4 export does",
            hint="Give the export's folder, or the name it had: EDA.csv, BVP.csv, IBI.csv, ...",
        )
    shortest_s, longest_s = PLAUSIBLE_RR_S
    known = rr_s[np.isfinite(rr_s)]
    hearts = float(((known >= shortest_s) & (known <= longest_s)).mean())
    if hearts < _LEAST_PLAUSIBLE:
        raise RecordingError(
            f"{name} is a column of numbers that are no RR intervals: {1 - hearts:.0%} of them fit "
            "no heart",
            hint="For another signal write its name above the column, as in eda, and say --rate.",
        )


def rr_seconds(rr: FloatArray, name: str, unit: RRUnit | None = None) -> FloatArray:
    """Return intervals in seconds; without a unit the median tells: no heart beats every 10 s.

    Parameters
    ----------
    rr
        Intervals, shape (n,).
    name
        The file's, for the error.
    unit
        Theirs; None to tell it from their median.

    Returns
    -------
    FloatArray
        In s, shape (n,).

    Raises
    ------
    RecordingError
        When none is positive.
    """
    positive = rr[np.isfinite(rr) & (rr > 0.0)]
    if not len(positive):
        raise RecordingError(
            f"{name} holds no RR intervals", hint="Expected are positive numbers in ms or s."
        )
    median = float(np.median(positive))
    if unit is None:
        unit = "ms" if median > 10.0 else "s"
    return rr / 1000.0 if unit == "ms" else rr


def unit_in_name(name: str) -> RRUnit | None:
    """Return the unit that a column's name ends with, as in RR_ms, "rr [s]" or "RR (ms)".

    Parameters
    ----------
    name
        A column's header.

    Returns
    -------
    RRUnit | None
        None where it names none.
    """
    words = "".join(c if c.isalnum() else " " for c in name.lower()).split()
    last = words[-1] if words else ""
    return "ms" if last == "ms" else "s" if last in ("s", "sec", "seconds") else None
