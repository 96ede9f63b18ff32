"""How a table in text form is laid out: where it begins, what parts its cells, what heads them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sensors.files.moments import is_moment
from sensors.files.text import MISSING, cells_of, is_number
from sensors.labels import signal_named, words_of
from sensors.units import is_unit, split_unit

__all__ = ["TableLayout", "layout_of"]

_DELIMITERS = ("\t", ";", ",", "|", None)  #: None: white space
_COMMENTS = ("#", "%", "//")
_DECIMAL_COMMA = re.compile(r"[-+]?(\d+|\d{1,3}(\.\d{3})+),\d+(e[-+]?\d+)?", re.IGNORECASE)
_DECIMAL_POINT = re.compile(r"[-+]?\d+\.\d+")
_APART = re.compile(r"\s{2,}|\t")
_WITH_UNIT = re.compile(r"([-+]?[\d.,]*\d(?:e[-+]?\d+)?)\s*([^\W\d_][\w/^²]{0,12}|°[CF])")
_RATE = re.compile(
    r"(?:sampl\w*[ _-]*(?:rate|freq\w*)|rate|abtastrate|fs)\W{1,8}(\d+(?:\.\d+)?)\s*(?:hz|$)|"
    r"(\d+(?:\.\d+)?) hz", re.IGNORECASE,
)  # fmt: skip
_MOST_HEADERS = 4  #: device, name, calibration and unit stand above the columns of some loggers
_SAMPLE = 400  #: lines that tell


@dataclass(frozen=True, slots=True)
class TableLayout:
    """The layout of one file."""

    delimiter: str | None  #: None for white space
    decimal_comma: bool  #: whether numbers have one
    names: tuple[str, ...]  #: of the columns, without units; empty where nothing heads them
    units: tuple[str, ...]  #: of the columns, "" where none is written
    headers: tuple[str, ...]  #: as they stand in the file, which a user may name them by
    first_row: int  #: number of the first line with samples, from 0
    width: int  #: columns
    suffixes: bool  #: units stand behind the numbers themselves
    rate_hz: float | None  #: where a line above the table tells it
    rows: tuple[tuple[str, ...], ...]  #: the first of them, cut into cells


def layout_of(lines: Sequence[str]) -> TableLayout | None:
    """Find the table among the first lines of a file.

    Parameters
    ----------
    lines
        Some hundred of the first, without their ends.

    Returns
    -------
    TableLayout | None
        None where no rows of samples are seen, however they may be parted.
    """
    numbered = [(i, line) for i, line in enumerate(lines) if line.strip()]
    told = next(
        (line for _, line in numbered[:1] if line.strip(' "').lower().startswith("sep=")), ""
    )
    if told:
        numbered = numbered[1:]
    plain = [(i, line) for i, line in numbered if not line.lstrip().startswith(_COMMENTS)]
    if not plain:
        return None
    tail = [line for _, line in plain[-max(len(plain) // 2, 1) :]][-_SAMPLE:]
    if len(tail) > 3:
        tail = tail[:-1]  # the last line may be cut, by the file's end or by ours
    best: tuple[float, int, str | None] | None = None
    choices = (told.strip(' "\n')[4:5] or "\t",) if told else _DELIMITERS
    for delimiter in choices:
        rows = [_cells(line, delimiter) for line in tail]
        width = Counter(map(len, rows)).most_common(1)[0][0]
        if width < 2 and delimiter != ";":  # one column is tried once
            continue
        fit = [row for row in rows if len(row) == width]
        good = sum(is_value(cell) for row in fit for cell in row) / (width * len(rows))
        if delimiter == "," and width == 2 and _one_decimal_column(plain, tail):
            continue
        score = (round(good, 2), width if delimiter is not None else 1, delimiter)
        if best is None or score[:2] > best[:2]:
            best = score
    if best is None or best[0] == 0.0:
        return None
    return _with_header(numbered, plain, best[2])


def _one_decimal_column(lines: Sequence[tuple[int, str]], tail: Sequence[str]) -> bool:
    """Return whether lines such as "0,881" are one column of numbers with a decimal comma."""
    plain = [line.strip() for line in tail]
    if not all(map(_DECIMAL_COMMA.fullmatch, plain)):
        return False
    above = [line for _, line in lines if not _DECIMAL_COMMA.fullmatch(line.strip())]
    if above and above[-1].count(",") == 1:
        return False  # a header of two columns
    for part in zip(*(re.findall(r"\d+", line)[:2] for line in plain), strict=True):
        numbers = [int(digits) for digits in part]
        if all(a <= b for a, b in pairwise(numbers)) and len(set(numbers)) > 3:
            return False  # times beside intervals
    return True


def is_value(cell: str) -> bool:
    """Return whether a cell could hold a sample or its time.

    Parameters
    ----------
    cell
        Text, without the spaces around it.

    Returns
    -------
    bool
        True for a number, also with a decimal comma or a unit behind it, a date, a clock time, and
        for nothing.
    """
    text = cell.strip()
    if text.lower() in MISSING or is_number(text) or _DECIMAL_COMMA.fullmatch(text):
        return True
    found = _WITH_UNIT.fullmatch(text)
    return is_moment(text) or (found is not None and is_unit(found[2]))


def _with_header(
    numbered: list[tuple[int, str]], plain: list[tuple[int, str]], delimiter: str | None
) -> TableLayout | None:
    table = [(i, _cells(line, delimiter)) for i, line in plain]
    width = Counter(len(cells) for _, cells in table[len(table) // 2 :]).most_common(1)[0][0]
    if delimiter is None:  # words of a header stand together, its columns apart
        parts = ((i, [part.strip() for part in _APART.split(line.strip())]) for i, line in plain)
        table = [
            (i, apart) if len(apart) == width != len(cells) else (i, cells)
            for (i, apart), (_, cells) in zip(parts, table, strict=True)
        ]
    later = [cells for _, cells in table[len(table) // 2 :] if len(cells) == width]
    valued = [c for c in range(width) if sum(is_value(r[c]) for r in later) * 2 >= len(later)]
    full = [
        c for c in valued if sum(bool(r[c].strip()) for r in later) > 0.5 * len(later)
    ] or valued
    if not valued:
        return None
    place = next(
        (
            p
            for p, (_, cells) in enumerate(table)
            if len(cells) >= max(full) + 1
            and all(is_value(cells[c]) for c in valued if c < len(cells))
            and any(is_value(cells[c]) and cells[c].strip() for c in full)
        ),
        None,
    )
    if place is None:
        return None
    first_line = table[place][0]
    rows = tuple(tuple(cells) for _, cells in table[place : place + _SAMPLE] if len(cells) >= width)
    above: list[list[str]] = []
    for _, cells in reversed(table[max(0, place - _MOST_HEADERS) : place]):
        filled = [cell for cell in cells if cell]
        if not (width - 1 <= len(cells) <= width + 2 and len(filled) * 2 >= width):
            break
        # Row numbers without a name; not so where a delimiter ends each row.
        lacks_first = len(cells) == width - 1 and width > 2 and any(row[-1] for row in later)
        above.insert(0, ["", *cells] if lacks_first else cells)
    if not above:  # a header may be a comment
        above = [
            cells
            for i, line in numbered
            if i < first_line
            and line.lstrip().startswith(_COMMENTS)
            and len(cells := _cells(line.lstrip(" #%/"), delimiter)) == width
            and (width > 1 or signal_named(cells[0]) is not None)
        ][-1:]
    names, units, headers = _heads(above)
    width = max(width, len(headers))
    if headers:  # columns that nothing heads
        names, headers = ([*row, *[""] * (width - len(row))] for row in (names, headers))
    values = [cell.strip() for row in rows for cell in row]
    decimal_comma = _has_decimal_comma(values)
    found = [[_WITH_UNIT.fullmatch(r[c].strip()) for r in rows if c < len(r)] for c in range(width)]
    behind = [
        next((f[2] for f in column if f is not None and is_unit(f[2])), "") for column in found
    ]
    behind = ["" if any(is_moment(r[c].strip()) for r in rows[:5] if c < len(r)) else b
              for c, b in enumerate(behind)]  # fmt: skip
    comment_units = _unit_in_comments(numbered, first_line) if width == 1 else ""
    units = [*units, *[""] * (width - len(units))][:width]
    units = [unit or b or comment_units for unit, b in zip(units, behind, strict=True)]
    preamble = [line for i, line in numbered if i < first_line]
    rates = [m for line in preamble if (m := _RATE.search(line))]
    return TableLayout(
        delimiter=delimiter,
        decimal_comma=decimal_comma,
        names=tuple(names),
        units=tuple(units),
        headers=tuple(headers),
        first_row=first_line,
        width=width,
        suffixes=any(behind),
        rate_hz=float(rates[0][1] or rates[0][2]) if rates else None,
        rows=rows,
    )


def _has_decimal_comma(values: Sequence[str]) -> bool:
    """Return whether numbers are written with a comma, by what most of them are."""
    bare = [m[1] if (m := _WITH_UNIT.fullmatch(v)) and is_unit(m[2]) else v for v in values]
    commas = sum(_DECIMAL_COMMA.fullmatch(v) is not None for v in bare)
    points = [v for v in bare if _DECIMAL_POINT.fullmatch(v)]
    thousands = sum(v[-4] == "." for v in points if len(v) > 4)  # or three decimals
    return commas > 0 and 2 * commas >= thousands and commas > len(points) - thousands


def _heads(above: list[list[str]]) -> tuple[list[str], list[str], list[str]]:
    """Return name, unit and whole header of each column, of the rows that stand above it."""
    if not above:
        return [], [], []
    marks = [sum(map(_known, cells)) for cells in above]
    titles = next(c for c, m in zip(above[::-1], marks[::-1], strict=True) if m == max(marks))
    unit_row = [""] * len(titles)
    for cells in above:
        written = [cell for cell in cells if cell.strip()]
        units = [cell for cell in written if is_unit(_bare(cell))]
        others = [cell for cell in written if is_unit(_bare(cell)) or not _known(cell)]
        if cells is not titles and units and len(others) == len(written):
            unit_row = [
                "" if _bare(cell).lower() in ("cal", "raw") else _bare(cell) for cell in cells
            ]
    unit_row += [""] * (len(titles) - len(unit_row))
    parts = [split_unit(cell) for cell in titles]
    return (
        [name for name, _ in parts],
        [own or below for (_, own), below in zip(parts, unit_row, strict=False)],
        titles,
    )


def _bare(cell: str) -> str:
    """Return what stands in brackets that are around all of a cell."""
    text = cell.strip()
    return text[1:-1].strip() if text[:1] + text[-1:] in ("()", "[]") else text


def _known(cell: str) -> bool:
    name, _ = split_unit(cell)
    words = words_of(name)
    return signal_named(name) is not None or any("time" in w or "zeit" in w for w in words)


def _unit_in_comments(numbered: list[tuple[int, str]], first_line: int) -> str:
    """Return what a comment above a single column says: "# unit: ms"."""
    for i, line in numbered:
        if i < first_line and line.lstrip().startswith(_COMMENTS):
            words = line.replace(":", " ").replace("=", " ").split()
            for before, after in pairwise(words):
                if before.lower().startswith(("unit", "einheit")) and is_unit(after):
                    return after
    return ""


def _cells(line: str, delimiter: str | None) -> list[str]:
    """Return the cells of a line; empty ones at its end are the delimiter's, not the table's."""
    cells = [cell.strip().strip("\"'").strip() for cell in cells_of(line, delimiter)]
    return cells
