"""The cells of a table, block by block: numbers, moments as seconds, words as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from sensors.errors import RecordingError
from sensors.files.layout import TableLayout
from sensors.files.moments import Moments
from sensors.files.text import MISSING, cells_of, is_number
from sensors.signals import FloatArray

__all__ = ["Block", "ParsedCells", "Words", "parse_cells"]

#: The number of its first line, from 0, and lines without their ends.
Block = tuple[int, list[str]]
#: No measurement is larger, and no time in ns; it is damage, and would overflow.
_LARGEST = 1e19
_THOUSANDS = re.compile(r"(?<=\d)\.(?=\d{3}(?:\D|$))")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


@dataclass(slots=True)
class Words:
    """One text, in one row or in several that follow each other."""

    row: int  #: the first of them, from 0
    text: str
    rows: int = 1  #: how many


@dataclass(slots=True)
class ParsedCells:
    """What was read of the columns that were asked for."""

    numbers: dict[int, FloatArray] = field(default_factory=dict)  #: by column, shape (n,)
    moments: dict[int, Moments] = field(default_factory=dict)  #: of columns of moments
    words: dict[int, list[Words]] = field(default_factory=dict)  #: what stands in cells of text
    warnings: list[str] = field(default_factory=list)  #: plain sentences


def parse_cells(
    blocks: Iterable[Block],
    layout: TableLayout,
    name: str,
    *,
    numbers: Sequence[int],
    moments: Sequence[int] = (),
    words: Sequence[int] = (),
) -> ParsedCells:
    """Read some columns of a table.

    Parameters
    ----------
    blocks
        The lines of the file, in order.
    layout
        Of the table.
    name
        The file's, for errors.
    numbers, moments, words
        Columns to read, from 0; all rows of the first two, what is not empty of the last.

    Returns
    -------
    ParsedCells
        NaN where a number is missing or beyond all sense.

    Raises
    ------
    RecordingError
        For a line that does not fit, with its number; a last line that was cut is left out with a
        warning.
    """
    result = ParsedCells(
        moments={place: Moments() for place in moments}, words={place: [] for place in words}
    )
    parts: dict[int, list[FloatArray]] = {place: [] for place in [*numbers, *moments]}
    rows = 0
    for block, last in _with_last(blocks):
        numbered = [
            (number, line)
            for number, line in enumerate(block[1], block[0])
            if number >= layout.first_row and line.strip() and line.lstrip()[0] != "#"
        ]
        lines = [line for _, line in numbered]
        table = _fast(lines, layout, numbers)
        cells: list[list[str]] | None = None
        if table is None:
            cells, table = _slow(numbered, layout, name, numbers, last, result.warnings)
        if cells is None and (moments or words):
            cells = [cells_of(line, layout.delimiter) for line in lines]
        for column, place in enumerate(numbers):
            parts[place].append(np.ascontiguousarray(table[:, column]))
        for place in moments:
            texts = [row[place] if place < len(row) else "" for row in cells or []]
            parts[place].append(result.moments[place].seconds(texts))
        for place in words:
            for row, line_cells in enumerate(cells or [], rows):
                if place < len(line_cells) and (text := line_cells[place].strip(" \"'")):
                    _append(result.words[place], row, text)
        rows += len(table) if numbers else len(cells or [])
    for place in list(parts):
        result.numbers[place] = np.concatenate(parts.pop(place) or [np.empty(0)])
    return result


def _append(words: list[Words], row: int, text: str) -> None:
    last = words[-1] if words else None
    if last is not None and last.text == text and last.row + last.rows == row:
        last.rows += 1
    else:
        words.append(Words(row, text))


def _with_last(blocks: Iterable[Block]) -> Iterator[tuple[Block, bool]]:
    """Yield each block, and whether it is the last."""
    held: Block | None = None
    for block in blocks:
        if held is not None:
            yield held, False
        held = block
    if held is not None:
        yield held, True


def _fast(lines: list[str], layout: TableLayout, places: Sequence[int]) -> FloatArray | None:
    """Return the numbers of lines that are as they should be, else None."""
    if not lines or not places:
        return np.empty((len(lines), len(places)))
    if layout.suffixes or (layout.decimal_comma and layout.delimiter == ","):
        return None
    if layout.decimal_comma and any(map(_THOUSANDS.search, lines)):
        return None
    if layout.decimal_comma:
        lines = [line.replace(",", ".") for line in lines]
    try:
        rows = np.loadtxt(lines, delimiter=layout.delimiter, usecols=places, ndmin=2)
    except ValueError:
        return None  # the slow way knows which line is wrong
    return _sane(rows) if rows.shape == (len(lines), len(places)) else None


def _slow(
    numbered: list[tuple[int, str]],
    layout: TableLayout,
    name: str,
    places: Sequence[int],
    last: bool,
    warnings: list[str],
) -> tuple[list[list[str]], FloatArray]:
    kept: list[list[str]] = []
    table: list[list[float]] = []
    for number, line in numbered:
        cells = cells_of(line.split("#")[0] if '"' not in line else line, layout.delimiter)
        values, wrong = _numbers(cells, layout, places)
        if not wrong:
            kept.append(cells)
            table.append(values)
        elif last and number == numbered[-1][0]:
            warnings.append(f"line {number + 1} of {name}, the last, was cut and is left out")
        else:
            raise RecordingError(
                f"line {number + 1} of {name}: {wrong}",
                hint="Remove or mend that line, or export the recording again.",
            )
    return kept, _sane(np.array(table, dtype=np.float64).reshape(-1, len(places)))


def _numbers(
    cells: list[str], layout: TableLayout, places: Sequence[int]
) -> tuple[list[float], str]:
    """Return the numbers of a row, or what is wrong with it."""
    filled = len(cells)
    while filled > layout.width and not cells[filled - 1].strip():
        filled -= 1
    if filled > layout.width or any(place >= filled for place in places):
        return [], f"{filled} columns, not {layout.width}"
    values = []
    for place in places:
        text = cells[place].strip(" \t\"'")
        if layout.decimal_comma:
            text = _THOUSANDS.sub("", text).replace(",", ".")
        if text.lower() in MISSING:
            values.append(np.nan)
        elif is_number(text):
            values.append(float(text))
        elif layout.suffixes and (found := _NUMBER.match(text)):
            values.append(float(found[0]))
        else:
            return [], f"{text[:30]!r} is not a number"
    return values, ""


def _sane(rows: FloatArray) -> FloatArray:
    rows[np.abs(rows) > _LARGEST] = np.nan
    return rows
