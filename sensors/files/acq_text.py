"""The text that AcqKnowledge saves: names and units of channels stand above each other, not a row.

After BIOPAC's AcqKnowledge manual ("Save as Text", with header and horizontal scale values): the
file's name, the time of a sample, the number of channels, two lines a channel, then the columns
"CH1", "CH2" with the number of their samples, and the samples.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sensors.files.layout import TableLayout
from sensors.files.text import cells_of, is_number
from sensors.units import split_unit

__all__ = ["acq_layout_of"]

_SAMPLE = re.compile(r"\s*([\d.]+)\s*(msec|sec|usec|microsec|min)\w*/sample", re.IGNORECASE)
_CHANNELS = re.compile(r"\s*(\d{1,6}) channels?\s*", re.IGNORECASE)
_COLUMN = re.compile(r"CH\d+", re.IGNORECASE)
_WORTH_S = {"sec": 1.0, "msec": 1e-3, "usec": 1e-6, "microsec": 1e-6, "min": 60.0}
_FIRST_LINES, _MOST_CHANNELS, _ROWS = 8, 100, 400


def acq_layout_of(lines: Sequence[str]) -> TableLayout | None:
    """Return how a text of AcqKnowledge is laid out.

    Parameters
    ----------
    lines
        Some hundred of the first, without their ends.

    Returns
    -------
    TableLayout | None
        None for any other text.
    """
    heads = [(i, m) for i, line in enumerate(lines[:_FIRST_LINES]) if (m := _SAMPLE.match(line))]
    counts = [
        (i, m) for i, line in enumerate(lines[:_FIRST_LINES]) if (m := _CHANNELS.fullmatch(line))
    ]
    if not heads or not counts or not 0 < int(counts[0][1][1]) <= _MOST_CHANNELS:
        return None
    above, count = counts[0][0] + 1, int(counts[0][1][1])
    period_s = _number(heads[0][1][1]) * _WORTH_S[heads[0][1][2].lower()]
    head = above + 2 * count
    if len(lines) < head + 3 or not period_s > 0.0:
        return None
    delimiter = next((d for d in ("\t", ",", ";") if d in lines[head]), None)
    columns = [cell.strip() for cell in cells_of(lines[head], delimiter)]
    while columns and not columns[-1]:
        columns.pop()
    places = [place for place, column in enumerate(columns) if _COLUMN.fullmatch(column)]
    if len(places) != count:
        return None
    told = [(lines[above + 2 * i].strip(), lines[above + 2 * i + 1].strip()) for i in range(count)]
    headers, units = list(columns), [""] * len(columns)
    for place, (name, unit) in zip(places, told, strict=True):
        headers[place], units[place] = name or columns[place], unit
    for place, column in enumerate(columns):
        if place not in places:  # the horizontal scale, by its unit
            headers[place] = f"time ({column})" if column else "time"
    first_row = next(
        (i for i in range(head + 1, min(head + 3, len(lines))) if not _are_counts(lines, i, head)),
        head + 2,
    )
    rows = [
        cells_of(line, delimiter) for line in lines[first_row : first_row + _ROWS] if line.strip()
    ]
    values = [cell.strip() for row in rows for cell in row]
    names = [split_unit(header)[0] for header in headers]
    units = [unit or split_unit(header)[1] for unit, header in zip(units, headers, strict=True)]
    return TableLayout(
        delimiter=delimiter,
        decimal_comma=delimiter != "," and any(re.fullmatch(r"[-+]?\d+,\d+", v) for v in values),
        names=tuple(names),
        units=tuple(units),
        headers=tuple(headers),
        first_row=first_row,
        width=len(columns),
        suffixes=False,
        rate_hz=1.0 / period_s,
        rows=tuple(tuple(cell.strip() for cell in row) for row in rows),
    )


def _are_counts(lines: Sequence[str], row: int, head: int) -> bool:
    """Return whether a row is that of the numbers of samples, which stands under the columns."""
    if row != head + 1:
        return False
    filled = [cell.strip() for cell in re.split(r"[\t,;]", lines[row]) if cell.strip()]
    behind = [cell.strip() for cell in re.split(r"[\t,;]", lines[row + 1]) if cell.strip()]
    return (
        len(filled) != len(behind) or all(cell.isdecimal() and float(cell) > 1 for cell in filled)
    ) and all(map(is_number, filled))


def _number(text: str) -> float:
    return float(text) if is_number(text) else 0.0
