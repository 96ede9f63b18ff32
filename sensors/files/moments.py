"""Dates and clock times, in the ways in which programs write them down, as seconds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from sensors.signals import FloatArray

__all__ = ["Moments", "in_utc", "is_moment", "moments_of"]

_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})(?:[.,:](\d{1,9}))?\s*([AaPp]\.?[Mm]\.?)?")
_DATE = re.compile(r"(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})\.?")
_MONTH_NAME = re.compile(
    r"(?:(?P<day>\d{1,2})\.?[ -])?(?P<month>[A-Za-zä]{3,9})\.?[ -](?:(?P<day2>\d{1,2}),? )?"
    r"(?P<year>\d{4})\b,?"
)
#: Their first three letters, in English and German.
_MONTHS = {
    **{name: 1 + i for i, name in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul",
                                             "aug", "sep", "oct", "nov", "dec"))},
    "mär": 3, "mai": 5, "okt": 10, "dez": 12,
}  # fmt: skip
_FIRST_YEAR, _LAST_YEAR = 1970, 2200
_TWO_PARTS = re.compile(r"\s*[\"']?(\d{1,2}):\d{1,2}([.,]\d{1,9})?[\"']?\s*")
_LAST_HOUR = 23  #: two parts that begin beyond are minutes and seconds
_DAY_S = 86_400.0


class Moments:
    """Reads one column of moments: each as seconds since midnight of the first day in it."""

    def __init__(self) -> None:
        self.first: datetime | None = None  #: aware where the column tells a time zone
        self.dated = False  #: whether days are told, or only the clock
        self.without_seconds = False  #: whether two parts were taken for hours and minutes
        self._minutes: bool | None = None
        self._day_first: bool | None = None
        self._origin: datetime | None = None
        self._last_s = -np.inf
        self._days_s = 0.0

    def seconds(self, cells: Sequence[str]) -> FloatArray:
        """Return the times of more cells, in order.

        Parameters
        ----------
        cells
            One a row.

        Returns
        -------
        FloatArray
            Seconds since the first of them, which may go backwards; NaN for what is no moment. A
            clock without days goes on behind midnight.
        """
        if self._day_first is None:
            self._day_first = _day_first(cells)
        if self._minutes is None and (parts := [m for m in map(_TWO_PARTS.fullmatch, cells) if m]):
            self._minutes = any(m[2] or int(m[1]) > _LAST_HOUR for m in parts)
            self.without_seconds = not self._minutes
        found = np.full(len(cells), np.nan)
        for i, cell in enumerate(cells):
            if (moment := _moment(cell, self._day_first, bool(self._minutes))) is None:
                continue
            if isinstance(moment, timedelta):
                second = moment.total_seconds()
                if self._last_s - second > _DAY_S / 2:  # midnight
                    self._days_s += _DAY_S
                    self._last_s = second
                self._last_s = max(self._last_s, second)
                if self.first is None and self._origin is None:
                    self._days_s = 0.0
                found[i] = second + self._days_s
                continue
            if self._origin is None:
                self._origin, self.dated = moment, True
                certain = self._day_first is not None or "/" not in cell
                self.first = moment if certain else None
            if (moment.tzinfo is None) == (self._origin.tzinfo is None):
                found[i] = (moment - self._origin).total_seconds()
        return found


def is_moment(cell: str) -> bool:
    """Return whether a cell is a date, a clock time, or both.

    Parameters
    ----------
    cell
        Text.

    Returns
    -------
    bool
        False for a number, even for 20200913.
    """
    return _moment(cell, None) is not None


def moments_of(cells: Sequence[str]) -> tuple[FloatArray, datetime | None]:
    """Return the seconds of cells since the first, and that one where it has a date.

    Parameters
    ----------
    cells
        One a row.

    Returns
    -------
    tuple[FloatArray, datetime | None]
        The start in UTC where a time zone is told, else naive; None where the order of day and
        month is not told either.
    """
    column = Moments()
    seconds = column.seconds(cells)
    first = column.first
    return seconds, in_utc(first)


def in_utc(first: datetime | None) -> datetime | None:
    """Return a start in UTC where its time zone is told.

    Parameters
    ----------
    first
        Naive, aware or None.

    Returns
    -------
    datetime | None
        None where UTC would be before the year 1 or after 9999.
    """
    if first is None or first.tzinfo is None:
        return first
    try:
        return first.astimezone(UTC)
    except OverflowError:
        return None


def _moment(
    cell: str, day_first: bool | None, minutes: bool = False
) -> datetime | timedelta | None:
    """Return a date with its time, or the time since midnight."""
    text = _with_numbers(cell.strip().strip("\"'"))
    if len(text) > 14 and text[8] == "T" and text[:8].isdecimal():  # 20250309T070503.25
        text = f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[9:11]}:{text[11:13]}:{text[13:]}"
    if len(text) < 4 or not text[0].isdecimal() or not (":" in text or "-" in text or "/" in text
                                                      or text.count(".") > 1):  # fmt: skip
        return None
    try:
        moment = datetime.fromisoformat(text.replace("/", "-") if text[4:5] == "/" else text)
    except ValueError:
        pass
    else:
        return moment
    if (clock := _clock(text, minutes=minutes)) is not None:
        return clock
    day, _, rest = text.replace("T", " ", 1).partition(" ")
    if (found := _day(day.rstrip(","), day_first)) is None:
        return None
    if not rest.strip():
        return datetime.combine(found, time())
    zone = UTC if rest.rstrip().upper().endswith(("Z", "UTC", "GMT")) else None
    rest = re.sub(r"\s*(?:Z|UTC|GMT)$", "", rest.strip(), flags=re.IGNORECASE)
    since = _clock(rest, minutes=False)
    return None if since is None else datetime.combine(found, time(), zone) + since


def _with_numbers(text: str) -> str:
    """Write "9 Mar 2025 07:05" and "Mar 9, 2025 07:05" with the number of the month."""
    found = _MONTH_NAME.match(text)
    if found is None:
        return text
    number = _MONTHS.get(found["month"].lower()[:3])
    day = found["day"] or found["day2"]
    if number is None or day is None:
        return text
    return f"{found['year']}-{number:02}-{int(day):02}{text[found.end() :]}"


def _clock(text: str, *, minutes: bool) -> timedelta | None:
    """Return the time since midnight; two parts are HH:MM, or MM:SS where a column shows that."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    hours, middle, seconds, fraction, half = found.groups()
    if hours is None and not fraction and (half or not minutes) and int(middle) <= _LAST_HOUR:
        hours, middle, seconds = middle, seconds, "0"
    if int(middle) > 59 or int(seconds) > 59:
        return None
    hour = int(hours or 0)
    if half:
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    part = int(fraction) / 10 ** len(fraction) if fraction else 0.0
    return timedelta(hours=hour, minutes=int(middle), seconds=int(seconds) + part)


def _day(text: str, day_first: bool | None) -> date | None:
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    first, sign, second, third = int(found[1]), found[2], int(found[3]), int(found[4])
    if len(found[1]) == 4:
        year, month, day = first, second, third
    else:
        year = third + 2000 if len(found[4]) <= 2 else third
        american = sign == "/" and day_first is not True
        month, day = (first, second) if american else (second, first)
        if month > 12:
            month, day = day, month
    try:
        return date(year, month, day) if _FIRST_YEAR <= year <= _LAST_YEAR else None
    except ValueError:
        return None


def _day_first(cells: Sequence[str]) -> bool | None:
    """Return whether the day stands before the month, where a slash leaves it open."""
    found = [_DATE.match(cell.strip().strip("\"'")) for cell in cells]
    pairs = [(int(f[1]), int(f[3])) for f in found if f and f[2] == "/" and len(f[1]) < 4]
    if any(first > 12 for first, _ in pairs):
        return True
    return False if any(second > 12 for _, second in pairs) else None
