"""RR intervals as plain text: one a line, in milliseconds or seconds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from sensors.errors import RecordingError
from sensors.files.beats import from_intervals
from sensors.files.cells import Block, parse_cells
from sensors.files.channels import Channel
from sensors.files.layout import TableLayout
from sensors.files.recording import Recording, assemble, name_of
from sensors.files.text import is_number
from sensors.signals import FloatArray, Signal
from sensors.timing.beat_timeline import PLAUSIBLE_RR_S
from sensors.units import conversion

__all__ = ["below_each_other", "read_rr_text", "rr_seconds"]

#: A first number beyond is a date in Unix seconds.
_UNIX_S = 1e9
_LONGEST_LIST = 10_000_000  #: characters
_LONG_LINE = 20  #: numbers; a row of a table is no list of intervals
_RR_LONGEST = 10.0  #: no heart beats every 10 s: a larger number is in ms
#: Share of plausible intervals below which a column holds something else (our choice).
_LEAST_PLAUSIBLE = 0.5


def read_rr_text(path: Path, layout: TableLayout, blocks: Iterable[Block]) -> Recording:
    """Read a column of intervals; the unit is told by the file or found from the median.

    Parameters
    ----------
    path
        For its name.
    layout
        Of the column.
    blocks
        The lines of the file.

    Returns
    -------
    Recording
        RR intervals and their gaps.

    Raises
    ------
    RecordingError
        When a line is no number, or the numbers are no intervals.
    """
    parsed = parse_cells(blocks, layout, path.name, numbers=[0])
    rows = parsed.numbers[0]
    unit = conversion(Signal.RR, layout.units[0]) if layout.units[0] else None
    rr_s = rr_seconds(rows, path.name, None if unit is None else unit.factor)
    _refuse_other_numbers(rows, rr_s, path.name)
    chunk, gaps = from_intervals(rr_s, name_of(path))
    label = layout.headers[0] if layout.headers else "its only column"
    return assemble(
        path,
        "RR text",
        [chunk],
        gaps,
        warnings=parsed.warnings,
        channels=[Channel(label, Signal.RR.value, taken=True)],
    )


def below_each_other(text: str) -> str:
    """Write the numbers of a single long line, such as "[812, 797, ...]", below each other.

    Parameters
    ----------
    text
        Of a file.

    Returns
    -------
    str
        The same where it has more lines, or words.
    """
    if (
        len(text) > _LONGEST_LIST
        or "\n" in (line := text.strip())
        or not line[:1]
        or line[0] not in "[(-.0123456789"
    ):
        return text
    parts = re.split(r"[\s,;]+", line.strip("[]() "))
    return "\n".join(parts) if len(parts) > _LONG_LINE and all(map(is_number, parts)) else text


def _refuse_other_numbers(rows: FloatArray, rr_s: FloatArray, name: str) -> None:
    """Raise when a single column is something else, such as skin conductance or temperature."""
    if len(rows) and rows[0] > _UNIX_S:
        raise RecordingError(
            f"{name} begins with a date, as a file of an E4 export does",
            hint="Give the export's folder, or the name it had: EDA.csv, BVP.csv, IBI.csv, ...",
        )
    shortest_s, longest_s = PLAUSIBLE_RR_S
    known = rr_s[np.isfinite(rr_s)]
    hearts = float(((known >= shortest_s) & (known <= longest_s)).mean())
    if hearts < _LEAST_PLAUSIBLE and len(known) > 2 and (np.diff(known) > 0.0).all():
        raise RecordingError(
            f"{name} is a column of numbers that only rise, as the times of beats do",
            hint="Save the intervals between them, in ms or s, one a line.",
        )
    if hearts < _LEAST_PLAUSIBLE:
        raise RecordingError(
            f"{name} is a column of numbers that are no RR intervals: {1 - hearts:.0%} of them fit "
            "no heart",
            hint="For another signal write its name above the column, as in eda, and say --rate.",
        )


def rr_seconds(rr: FloatArray, name: str, factor: float | None = None) -> FloatArray:
    """Return intervals in seconds; without a unit the median tells: no heart beats every 10 s.

    Parameters
    ----------
    rr
        Intervals, shape (n,).
    name
        The file's, for the error.
    factor
        What their unit is worth in s; where they are no intervals in it, their median tells too.

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
    shortest_s, longest_s = PLAUSIBLE_RR_S
    if factor is not None and shortest_s <= factor * median <= longest_s:
        return rr / 1000.0 if factor == 1e-3 else rr * factor
    return rr / 1000.0 if median > _RR_LONGEST else rr
