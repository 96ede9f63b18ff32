"""The time column of a table: which it is, its unit by what the data say, and its start in UTC."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from sensors.errors import RecordingError
from sensors.files.moments import is_moment, moments_of
from sensors.files.text import is_number
from sensors.labels import signal_named, words_of
from sensors.signals import FloatArray, Signal
from sensors.units import seconds_in

__all__ = [
    "DAY_S",
    "LONGEST_BREAK_S",
    "TimeColumn",
    "check_jumps",
    "doubt_of",
    "is_time",
    "pick",
    "serial_start",
    "start_of",
    "unit_of",
    "unix_unit_of",
]

#: How programs call the time, in the languages in which they export.
_WORDS = {
    "time", "times", "timestamp", "timestamps", "stamp", "datetime", "date", "elapsed", "since",
    "unix", "epoch", "zeit", "zeitstempel", "datum", "uhrzeit", "temps", "heure", "horodatage",
    "tiempo", "hora", "fecha", "tempo", "ora", "tijd", "tijdstip", "tid", "czas",
    "mediatime", "localtime",
}  # fmt: skip
#: Unix times are from 2000 to 2100. Polar's own clock, in ns since 2000, stays below until 2030.
_FIRST_UNIX_S, _LAST_UNIX_S = 946_684_800.0, 4_102_444_800.0
_UNITS_S = (1.0, 1e-3, 1e-6, 1e-9)
#: Rates at which signals are sampled, in Hz. Ours, wide.
_RATES_HZ: dict[Signal, tuple[float, float]] = {
    Signal.ECG: (50.0, 20_000.0),
    Signal.PPG: (15.0, 5_000.0),
    Signal.EDA: (0.9, 5_000.0),
    Signal.ACC: (5.0, 5_000.0),
    Signal.RESP: (4.0, 5_000.0),
    Signal.TEMP: (0.9, 5_000.0),
    Signal.HR: (0.05, 10.0),
}
#: Elapsed time over the sum of the intervals: losses make it larger, hardly anything smaller.
_LEAST_RATIO, _MOST_RATIO = 0.2, 50.0
_FEWEST_STEPS = 10  #: of rows, below which a rate or a sum says nothing against the times. Ours
_SELDOM_S = 600.0  #: rows that are further apart are results, no samples. Ours
LONGEST_BREAK_S = 86_400.0  #: within one recording; a longer step is a clock that was set


DAY_S = 86_400.0
#: Dates of spreadsheets from 2000 to 2100, and that of 1970, in days since 1899-12-30.
_FIRST_SERIAL, _LAST_SERIAL, _UNIX_SERIAL = 36_526.0, 73_050.0, 25_569.0
_NUMBER_WITH_UNIT = re.compile(r"^([-+]?[\d.,]*\d) ?(?:s|ms|us|sec|min)$")


@dataclass(frozen=True, slots=True)
class TimeColumn:
    """A column that may be the time."""

    place: int  #: from 0
    header: str  #: as it stands in the file
    unit_s: float | None  #: what its unit is worth in s; None where none is written
    moments: bool = False  #: dates or clock times, not numbers


def is_time(header: str, name: str, unit: str) -> bool:
    """Return whether a header names the time.

    Parameters
    ----------
    header, name, unit
        The whole of it, and its two parts.

    Returns
    -------
    bool
        False where it names a signal and time is not its last word.
    """
    words = words_of(name)
    if not words:
        return seconds_in(unit) is not None
    if seconds_in(header) is not None or words in (["t"], ["t", "end"], ["t", "start"]):
        return True
    named = [word in _WORDS or word.endswith(("time", "timestamp", "zeit")) for word in words]
    if signal_named(name) is None:
        return any(named)
    return named[-1] or named[0]


def pick(
    columns: Sequence[TimeColumn], rows: Sequence[Sequence[str]], decimal_comma: bool
) -> tuple[TimeColumn | None, str]:
    """Choose among columns that may be the time, by what stands in the first rows.

    Parameters
    ----------
    columns
        In the order of the table.
    rows
        The first of them, as text.
    decimal_comma
        Whether numbers have one.

    Returns
    -------
    tuple[TimeColumn | None, str]
        The one in order with the most different times, and why others are not; None where none
        can be read.
    """
    best: tuple[int, TimeColumn] | None = None
    wrong = ""
    for column in columns:
        cells = [row[column.place] for row in rows if column.place < len(row)]
        cells = [_NUMBER_WITH_UNIT.sub(r"\1", cell.strip()) for cell in cells if cell.strip()]
        if decimal_comma:
            plain = [cell.replace(",", ".") for cell in cells]
        else:
            plain = cells
        if cells and sum(map(is_number, plain)) > 0.8 * len(cells):
            values = np.array([float(c) for c in plain if is_number(c)])
            found = column
        elif cells and sum(map(is_moment, cells)) > 0.8 * len(cells):
            values, _ = moments_of(cells)
            found = TimeColumn(column.place, column.header, None, moments=True)
        else:
            wrong = wrong or f"the column {column.header!r} holds no times"
            continue
        values = values[np.isfinite(values)]
        different = len(np.unique(values))
        if (np.diff(values) < 0.0).sum() > 0.1 * len(values):
            wrong = wrong or f"the times of the column {column.header!r} go backwards"
            continue
        if best is None or different > 1.5 * best[0]:
            best = different, found
    return (None, wrong) if best is None else (best[1], wrong)


def unit_of(
    values: FloatArray,
    told_s: float | None,
    rr: FloatArray | None,
    sampled: Collection[Signal],
) -> tuple[float, bool]:
    """Return what the unit of times is worth in s, and whether the one that is written is wrong.

    Parameters
    ----------
    values
        Of the column, finite, shape (n,).
    told_s
        What its header says; None where it says nothing.
    rr
        The intervals that end or begin there, in s, shape (n,); None where there are none.
    sampled
        The other signals of the table.

    Returns
    -------
    tuple[float, bool]
        The unit in which times and data fit; where nothing tells, the one written, or the second.
    """
    forward = np.diff(values)
    count = len(forward)
    forward = forward[forward > 0.0]
    if not len(forward):
        return told_s or 1.0, False
    passed = float(forward[forward <= 1000.0 * np.median(forward)].sum())
    del forward
    if told_s is None and _is_serial_days(values, passed, rr, sampled):
        return DAY_S, False
    fits: list[float] = []
    candidates = list(dict.fromkeys([*([told_s] if told_s else []), *_UNITS_S]))
    for unit_s in candidates:
        if rr is not None:
            known = rr[np.isfinite(rr) & (rr > 0.0)]
            good = _LEAST_RATIO < passed * unit_s / max(float(known.sum()), 1e-9) < _MOST_RATIO
        else:
            rate_hz = count / (passed * unit_s)
            good = all(_RATES_HZ[s][0] <= rate_hz <= _RATES_HZ[s][1] for s in sampled)
        if good and not values[0] * unit_s > _LAST_UNIX_S:
            fits.append(unit_s)
    if told_s is not None and (told_s in fits or rr is None):
        possible = values[0] * told_s <= _LAST_UNIX_S
        if possible or not fits:
            return told_s, False
    unix = [unit_s for unit_s in _UNITS_S if start_of(float(values[0]) * unit_s) is not None]
    for unit_s in [*[u for u in unix if u in fits], *fits, *unix]:
        return unit_s, told_s is not None and told_s != unit_s
    return told_s or 1.0, False


def _is_serial_days(
    values: FloatArray, passed: float, rr: FloatArray | None, sampled: Collection[Signal]
) -> bool:
    """Return whether times are dates as spreadsheets count them, in days since 1899-12-30."""
    if not _FIRST_SERIAL <= values[0] <= _LAST_SERIAL:
        return False
    if rr is not None:
        return passed < _LEAST_RATIO * float(np.nansum(rr))
    return any(len(values) > _RATES_HZ[signal][1] * passed for signal in sampled)


def serial_start(days: float) -> datetime | None:
    """Return the moment of a date as spreadsheets count it, by the recorder's own clock.

    Parameters
    ----------
    days
        Since 1899-12-30.

    Returns
    -------
    datetime | None
        Without a time zone; None where it is none from 2000 to 2100.
    """
    found = start_of((days - _UNIX_SERIAL) * DAY_S)
    return None if found is None else found.replace(tzinfo=None)


def unix_unit_of(header: str, first: float) -> float | None:
    """Return the unit in which a column that is said to be Unix time is one.

    Parameters
    ----------
    header
        Of the column.
    first
        Its first number.

    Returns
    -------
    float | None
        In s; None where the header does not say so, or no unit makes it one.
    """
    if not {"unix", "epoch"} & set(words_of(header)):
        return None
    return next((unit_s for unit_s in _UNITS_S if start_of(first * unit_s)), None)


def doubt_of(times_s: FloatArray, rr_s: FloatArray | None, sampled: Collection[Signal]) -> str:
    """Return why times cannot be those of their rows, however they are read; empty where they can.

    Parameters
    ----------
    times_s
        In s, shape (n,).
    rr_s
        The intervals beside them, in s, shape (n,); None where there are none.
    sampled
        The other signals of the table.

    Returns
    -------
    str
        In words.
    """
    steps_s = np.diff(times_s)
    steps_s = steps_s[steps_s > 0.0]
    if len(steps_s) < _FEWEST_STEPS:
        return ""
    passed_s = float(steps_s[steps_s <= 1000.0 * np.median(steps_s)].sum())
    if rr_s is not None:
        beats_s = float(rr_s[np.isfinite(rr_s) & (rr_s > 0.0)].sum())
        if passed_s > _MOST_RATIO * beats_s > 0.0:
            return f"they claim {passed_s / 60:.0f} minutes for {beats_s / 60:.0f} of heart beats"
        return ""
    rate_hz = len(times_s) / passed_s
    for signal in (Signal.ECG, Signal.PPG):
        if signal in sampled and rate_hz < _RATES_HZ[signal][0] / 10.0:
            return f"they claim {rate_hz:.2g} samples of {signal} a second"
    return ""


def start_of(time_s: float) -> datetime | None:
    """Return the moment that a Unix time stands for.

    Parameters
    ----------
    time_s
        In s.

    Returns
    -------
    datetime | None
        In UTC; None for a time that begins elsewhere, such as at 0.
    """
    if not _FIRST_UNIX_S <= time_s <= _LAST_UNIX_S:
        return None
    return datetime.fromtimestamp(time_s, UTC)


def check_jumps(times_s: FloatArray, name: str, column: str, first_line: int) -> None:
    """Refuse times that go backwards, or whose clock was set while they were written.

    Rows that are far apart are refused as well: they are results of recordings.

    Parameters
    ----------
    times_s
        In s, shape (n,).
    name, column
        The file's and the column's, for the error.
    first_line
        The number of the second row's line, from 1.

    Raises
    ------
    RecordingError
        With the line where it happens.
    """
    steps_s = np.diff(times_s)
    if not len(steps_s):
        return
    row = int(np.argmin(steps_s))
    if steps_s[row] < 0.0:
        raise RecordingError(
            f"the times of {name} go backwards at line {first_line + row}",
            hint="Sort the rows by time, cut the file there, or name another time column.",
        )
    if len(steps_s) > 1 and (apart_s := float(np.median(steps_s))) > _SELDOM_S:
        raise RecordingError(
            f"the rows of {name} are {_long(apart_s)} apart: a table of results, not a recording",
            hint="Give the recording itself, such as the file of its RR intervals.",
        )
    row = int(np.argmax(steps_s))
    if steps_s[row] > LONGEST_BREAK_S:
        raise RecordingError(
            f"the times of {name}, column {column!r}, jump by {_long(float(steps_s[row]))} at line "
            f"{first_line + row}: its clock was set there, or another recording begins",
            hint="Cut the file at that line, or give a rate in place of its times, as --rate 4.",
        )


def _long(seconds: float) -> str:
    days = seconds / 86_400.0
    if days < 1.0:
        return f"{seconds / 60:.0f} minutes"
    return f"{days / 365.25:.1f} years" if days > 700.0 else f"{days:.1f} days"
