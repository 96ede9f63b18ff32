"""A column of ISO 8601 date-times as seconds since its first."""

from __future__ import annotations

from datetime import UTC, datetime

from sensors.files.text import is_number

__all__ = ["in_seconds"]


def in_seconds(lines: list[str], place: int, delimiter: str) -> tuple[list[str], datetime | None]:
    """Return rows whose date-times are seconds since the first of them, and that one.

    Parameters
    ----------
    lines
        Rows of a table.
    place
        The column's number, from 0.
    delimiter
        Between the columns.

    Returns
    -------
    tuple[list[str], datetime | None]
        The rows as they are, and None, where the first has no date-time in that column. The start
        is in UTC where the file tells a time zone, else naive. A cell of a later row that is none
        stays as it is.
    """
    first = _date_time(next((line for line in lines if line.strip()), ""), place, delimiter)
    if first is None:
        return lines, None
    rows = []
    for line in lines:
        time = _date_time(line, place, delimiter)
        if time is None or (time.tzinfo is None) != (first.tzinfo is None):
            rows.append(line)
            continue
        cells = line.split(delimiter)
        cells[place] = repr((time - first).total_seconds())
        rows.append(delimiter.join(cells))
    return rows, first if first.tzinfo is None else first.astimezone(UTC)


def _date_time(line: str, place: int, delimiter: str) -> datetime | None:
    cells = line.split(delimiter, place + 1)
    if len(cells) <= place or is_number(cells[place]):  # 20200913 could be both
        return None
    try:
        return datetime.fromisoformat(cells[place].strip().strip("\"'"))
    except ValueError:
        return None
