"""The text of a recording, and the numbers in it, however the file ends."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence

import numpy as np

from sensors.errors import RecordingError
from sensors.signals import FloatArray

__all__ = [
    "MISSING",
    "as_text",
    "cells_of",
    "is_number",
    "no_text",
    "nothing_in",
    "parse_rows",
]

#: No measurement and no time in any unit we read is larger; it is damage, and would overflow.
_LARGEST_NUMBER = 1e16
#: What stands in a cell without a number.
MISSING = {"", "nan", "na", "n/a", "#n/a", "none", "null", "nil", "-", "--", ".", "*", "?"}
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\f\x1a"))


def no_text(name: str) -> RecordingError:
    """Return the error of a file that is none of the formats of bytes, and not a text either.

    Parameters
    ----------
    name
        The file's.

    Returns
    -------
    RecordingError
        With what is readable.
    """
    return RecordingError(
        f"{name} is not a recording in text form",
        hint="Readable are E4 exports, Polar .hrm, Kubios reports, RR text, CSV, EDF and XDF.",
    )


def nothing_in(name: str) -> RecordingError:
    """Return the error of an empty file.

    Parameters
    ----------
    name
        The file's.

    Returns
    -------
    RecordingError
        With what the user may do.
    """
    return RecordingError(f"{name} is empty", hint="Export the recording again.")


def as_text(data: bytes, name: str) -> str:
    """Decode a recording; raise `RecordingError` when it is empty or not a text at all.

    Parameters
    ----------
    data
        The file, unpacked.
    name
        The file's, for the error.

    Returns
    -------
    str
        UTF-16 with a mark, UTF-8, or Latin-1.

    Raises
    ------
    RecordingError
        When it is empty or not a text at all.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", errors="replace")
    elif data.translate(None, _CONTROL) != data:
        raise no_text(name)
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
    if not text.strip("\ufeff\x1a \t\r\n\f"):
        raise nothing_in(name)
    return text


def parse_rows(
    lines: list[str],
    *,
    name: str,
    first_line: int,
    delimiter: str | None,
    width: int,
    picked: Sequence[int] | None = None,
) -> tuple[FloatArray, list[str]]:
    """Return the numbers of `lines`, shape (n, columns), with warnings.

    Parameters
    ----------
    lines
        Without their ends; what follows "#" may be a comment.
    name
        The file's, for the error.
    first_line
        The number of the first of them, for errors.
    delimiter
        Between cells; None for white space.
    width
        Cells of a line.
    picked
        The cells to read, in this order; None for all.

    Returns
    -------
    tuple[FloatArray, list[str]]
        Shape (n, columns); NaN for an empty or "NaN" cell, and for a number beyond all sense.

    Raises
    ------
    RecordingError
        For a line that does not fit, with its number; a last line that was cut is left out with
        a warning.
    """
    columns = range(width) if picked is None else picked
    if not any(line.split("#")[0].strip() for line in lines):
        return np.empty((0, len(columns))), []
    try:
        rows = np.loadtxt(lines, delimiter=delimiter, usecols=picked, ndmin=2)
        if rows.shape[1] == len(columns):
            return _sane(rows), []
    except ValueError:
        pass  # the slow way below knows which line is wrong
    numbered = [(first_line + i, line) for i, line in enumerate(lines) if line.strip()]
    table: list[list[float]] = []
    warnings = []
    for number, line in numbered:
        cells = line.strip("\r\n").replace('"', "").split(delimiter)
        if not (wrong := _what_is_wrong(cells, width, columns)):
            table.append([_number(cells[i]) for i in columns])
        elif number == numbered[-1][0]:
            warnings.append(f"line {number} of {name}, the last, was cut and is left out")
        else:
            raise RecordingError(
                f"line {number} of {name}: {wrong}",
                hint="Remove or mend that line, or export the recording again.",
            )
    return _sane(np.array(table, dtype=np.float64).reshape(-1, len(columns))), warnings


def cells_of(line: str, delimiter: str | None) -> list[str]:
    """Cut a line into its cells; a delimiter in quotes cuts nothing.

    Parameters
    ----------
    line
        Without its end.
    delimiter
        Between cells; None for white space.

    Returns
    -------
    list[str]
        Without quotes; white space within the line's ends is kept.
    """
    line = line.strip("\r\n")
    if delimiter is not None and '"' in line:
        return next(csv.reader([line], delimiter=delimiter), [])
    return line.split(delimiter)


def is_number(cell: str) -> bool:
    """Return whether a cell reads as a number.

    Parameters
    ----------
    cell
        Text.

    Returns
    -------
    bool
        True also for "nan" and "inf".
    """
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _what_is_wrong(cells: list[str], width: int, columns: Sequence[int]) -> str:
    if len(cells) != width:
        return f"{len(cells)} columns, not {width}"
    read = [cells[i].strip() for i in columns]
    strangers = [cell for cell in read if cell.lower() not in MISSING and not is_number(cell)]
    return f"{strangers[0][:30]!r} is not a number" if strangers else ""


def _sane(rows: FloatArray) -> FloatArray:
    rows[np.abs(rows) > _LARGEST_NUMBER] = math.nan
    return rows


def _number(cell: str) -> float:
    return math.nan if cell.strip().lower() in MISSING else float(cell)
