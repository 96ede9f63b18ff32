"""A table of samples in text form, whoever wrote it: CSV and its kin, with or without a header."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sensors.errors import RecordingError
from sensors.files.beats import are_ticks, from_intervals, placed
from sensors.files.cells import Block, ParsedCells, parse_cells
from sensors.files.channels import ChannelChoice
from sensors.files.choosing import choose, misfit
from sensors.files.frames import share_times, spread
from sensors.files.headless import headed
from sensors.files.layout import TableLayout
from sensors.files.moments import in_utc
from sensors.files.people import person_places, refuse_several_people
from sensors.files.recording import Recording, assemble, name_of, on_grid
from sensors.files.rr_text import rr_seconds
from sensors.files.series import PackedSeries, Series
from sensors.files.table_columns import (
    marker_places,
    nothing_known,
    offers_of,
    start_elsewhere,
    time_candidates,
    told_of,
)
from sensors.files.times import (
    DAY_S,
    TimeColumn,
    check_jumps,
    doubt_of,
    pick,
    serial_start,
    start_of,
    unit_of,
    unix_unit_of,
)
from sensors.signals import FloatArray, Gap, Signal
from sensors.timing.beat_timeline import PLAUSIBLE_RR_S

__all__ = ["is_table", "read_table"]

_TICKS = 1.024  #: of a strap, in a ms
_SELDOM = 0.5  #: share of rows below which a column is of a slower signal (our choice)
_NO_MARKER = {"", "0", "0.0", "nan", "none", "null", "-", "false"}


def is_table(layout: TableLayout) -> bool:
    """Return whether a layout is one of named columns, or of time and intervals side by side.

    Parameters
    ----------
    layout
        Of the file.

    Returns
    -------
    bool
        False for a single column, unless its header names a signal other than RR.
    """
    if layout.width > 1:
        return True
    return bool(layout.names) and any(
        columns for signal, columns in choose(offers_of(layout), None, "").taken.items()
    )


def read_table(
    path: Path,
    layout: TableLayout,
    blocks: Iterable[Block],
    *,
    columns: Mapping[str, str] | None,
    rate_hz: float | None,
    kind: str = "CSV table",
) -> Recording:
    """Read the known columns of a table, or those that `columns` maps.

    The unit of the time is told by its header and by what fits the data; since 1970 it gives the
    UTC start. Without a time column, RR intervals follow each other.

    Parameters
    ----------
    path
        For its name.
    layout
        Of the table.
    blocks
        The lines of the file.
    columns
        From "time", "marker" or a signal to the name in the header, which may have another unit
        behind it, as in "Lead II [uV]"; None where usual names tell.
    rate_hz
        Samples a second of signals other than RR, where there is no time column, or where it is
        not to be believed.
    kind
        The format, in words.

    Returns
    -------
    Recording
        A chunk for each signal.

    Raises
    ------
    RecordingError
        When a line does not fit, times go backwards or jump, a column or a rate is missing.
    SettingsError
        When the map names a signal that there is none of.
    """
    name = path.name
    layout = headed(layout, columns, name)
    offers = offers_of(layout)
    candidates = time_candidates(layout, columns, offers, name)
    time, why = pick(candidates, layout.rows, layout.decimal_comma)
    marks = marker_places(layout, columns, offers, name)
    apart = {column.place for column in candidates} | set(marks)
    usable = [
        replace(offer, why_not="it is the time, or markers") if place in apart else offer
        for place, offer in enumerate(offers)
    ]
    choice = choose(usable if columns is None else offers, columns, name)
    if not choice.taken:
        raise nothing_known(layout, choice, name)
    rate_hz = rate_hz or (layout.rate_hz if time is None else None)
    if rate_hz is not None:
        time = None
    numbers = sorted({p for found in choice.taken.values() for p, _ in found})
    dates = [time.place] if time is not None and time.moments else []
    if time is not None and not time.moments and time.place not in numbers:
        numbers.append(time.place)
    people = person_places(layout, columns)
    parsed = parse_cells(
        blocks, layout, name, numbers=numbers, moments=dates, words=[*marks, *people]
    )
    told = {p: [(one.text, one.rows) for one in parsed.words.pop(p, [])] for p in people}
    refuse_several_people(layout, told, len(parsed.numbers[numbers[0]]), name)
    warnings = [*parsed.warnings]
    if time is None and why and rate_hz is None:
        warnings.append(why)
    kept: NDArray[np.bool_] = np.ones(len(parsed.numbers[numbers[0]]), dtype=bool)
    times_s, started = None, None
    if time is not None:
        times_s, started, kept, more = _times(time, parsed, choice, layout, name)
        warnings += more
        started = started or start_elsewhere(candidates, layout, time)
        signals = list(choice.taken)
        rr_s = None
        if signals == [Signal.RR]:
            rr_place, how = choice.taken[Signal.RR][0]
            rr_s = rr_seconds(_of_rows(parsed.numbers[rr_place], kept), name, how.factor)
        if doubt := doubt_of(times_s, rr_s, signals):
            if rr_s is None:
                raise RecordingError(
                    f"the times of {name}, column {time.header!r}, are none of its rows: {doubt}",
                    hint="Give the rate in place of its times, as --rate 130, or name another "
                    "column, as --columns time=NAME.",
                )
            warnings.append(
                f"the times of the column {time.header!r} are not believed: {doubt}, so the "
                "intervals follow each other"
            )
            times_s = None
    series: list[Series] = []
    gaps: list[Gap] = []
    last_use = {place: signal for signal, found in choice.taken.items() for place, _ in found}
    for signal, found in choice.taken.items():
        rows = [_of_rows(parsed.numbers[place], kept) for place, _ in found]
        for place in [place for place, _ in found if last_use[place] is signal]:
            parsed.numbers.pop(place, None)  # a column may be as large as all that is kept of it
        place = found[0][0]
        chunk: Series
        if signal is Signal.RR:
            rr_s = rr_seconds(rows[0], name, found[0][1].factor)
            if not offers[place].unit and times_s is not None and are_ticks(times_s, rr_s):
                rr_s = rr_s / _TICKS
                warnings.append(
                    "the RR intervals are read as multiples of 1/1024 s, as straps count: so they "
                    "fit the times beside them"
                )
            _refuse_no_hearts(rr_s, layout.headers or ("",), name)
            if times_s is None:
                chunk, gaps = from_intervals(rr_s, name_of(path))
            else:
                chunk, gaps = placed(times_s, rr_s, name_of(path))
        else:
            columns_of = [how.in_our_unit(rows.pop(0)) for _, how in found]
            values = columns_of[0][:, None] if len(found) == 1 else np.column_stack(columns_of)
            del columns_of
            if signal is Signal.HR:  # where a device lost the heart, it writes 0 or -1
                values = np.where(values > 0.0, values, np.nan)
            if wrong := misfit(signal, offers[place], columns, values):
                choice.leave_out(signal, wrong)
                continue
            chunk = _samples(signal, values, times_s, rate_hz, path)
        series.append(chunk)
    if not series:
        raise nothing_known(layout, choice, name)
    return assemble(
        path,
        kind,
        series,
        gaps,
        started=started,
        markers=_markers(parsed, kept, times_s, rate_hz),
        warnings=[*warnings, *choice.warnings],
        channels=told_of(choice.channels, candidates, time, marks),
    )


def _times(
    time: TimeColumn,
    parsed: ParsedCells,
    choice: ChannelChoice,
    layout: TableLayout,
    name: str,
) -> tuple[FloatArray, datetime | None, NDArray[np.bool_], list[str]]:
    """Return the times of the rows that have one, the start if known, which rows, and warnings."""
    values = parsed.numbers[time.place]
    if all(time.place != place for found in choice.taken.values() for place, _ in found):
        parsed.numbers.pop(time.place)
    kept = np.isfinite(values)
    values = _of_rows(values, kept)
    if not len(values):
        raise RecordingError(
            f"{name} has no times in its column {time.header!r}",
            hint="Name the column that holds the time, as --columns time=NAME.",
        )
    warnings: list[str] = []
    started: datetime | None = None
    if time.moments:
        moments = parsed.moments[time.place]
        first = moments.first
        times_s = values - values[0] if not moments.dated else values
        started = in_utc(first)
        if moments.without_seconds:
            warnings.append(
                f"the times of the column {time.header!r} are read as hours and minutes; if they "
                "are minutes and seconds, write them as 0:07:05"
            )
    else:
        rr_s = None
        if Signal.RR in choice.taken:
            place, meaning = choice.taken[Signal.RR][0]
            rr_s = rr_seconds(_of_rows(parsed.numbers[place], kept), name, meaning.factor)
        sampled = [signal for signal in choice.taken if signal is not Signal.RR]
        told_s = unix_unit_of(time.header, float(values[0])) or time.unit_s
        unit_s, wrong = unit_of(values, told_s, rr_s, sampled)
        if wrong:
            warnings.append(
                f"the times of the column {time.header!r} are not in the unit that it names: with "
                f"that they do not fit the data, and are read as multiples of {unit_s:g} s"
            )
        started = start_of(float(values[0]) * unit_s)
        if unit_s == DAY_S and time.unit_s is None:
            started = serial_start(float(values[0]))
        offset = values[0] if started is not None or values[0] < 0.0 else 0.0
        times_s = (values - offset) * unit_s if unit_s != 1e-3 else (values - offset) / 1000.0
        if values[0] * unit_s > 1e8 and started is None:  # a clock of its own: only steps count
            times_s = times_s - times_s[0]
    check_jumps(times_s, name, time.header, layout.first_row + 2)
    return times_s, started, kept, warnings


def _of_rows(values: FloatArray, kept: NDArray[np.bool_]) -> FloatArray:
    return values if kept.all() else values[kept]


def _refuse_no_hearts(rr_s: FloatArray, headers: Sequence[str], name: str) -> None:
    known = rr_s[np.isfinite(rr_s) & (rr_s > 0.0)]
    low, high = PLAUSIBLE_RR_S
    if len(known) > 3 and np.mean((known >= low) & (known <= high)) < 0.3:
        raise RecordingError(
            f"the RR intervals of {name} are none: most of them fit no heart in ms or in s",
            hint=f'Say their unit, as --columns "rr={headers[0]} [1/1024 s]", or another column.',
        )


def _samples(
    signal: Signal,
    values: FloatArray,
    times_s: FloatArray | None,
    rate_hz: float | None,
    path: Path,
) -> Series:
    source = name_of(path)
    full: NDArray[np.bool_] = np.asarray(np.isfinite(values).any(axis=1))
    if times_s is None:
        if rate_hz is None:
            raise RecordingError(
                f"{path.name} has no time column for its {signal}",
                hint="Say the rate in Hz, as --rate 100, or name it, as --columns time=NAME.",
            )
        if np.count_nonzero(full) >= _SELDOM * len(full):
            return PackedSeries(signal, source, 0.0, rate_hz, values)
        times_s = np.arange(len(values)) / rate_hz
    if full.any() and full.mean() < _SELDOM:  # columns of slower signals are filled now and then
        times_s, values = times_s[full], values[full]
    return on_grid(signal, source, spread(times_s) if share_times(times_s) else times_s, values)


def _markers(
    parsed: ParsedCells,
    kept: NDArray[np.bool_],
    times_s: FloatArray | None,
    rate_hz: float | None,
) -> list[tuple[float, str]]:
    """Return where a column of markers says something new."""
    if not any(parsed.words.values()):
        return []
    rows_s = np.full(len(kept), np.nan)
    if times_s is not None:
        rows_s[kept] = times_s
    elif rate_hz is not None:
        rows_s = np.arange(len(kept)) / rate_hz
    found = []
    for words in parsed.words.values():
        if len({one.text for one in words}) == 1 and sum(o.rows for o in words) > 0.9 * len(kept):
            continue  # the same in each row: it names the file's kind or person
        found += [
            (float(rows_s[one.row]), one.text)
            for one in words
            if one.text.lower() not in _NO_MARKER and np.isfinite(rows_s[one.row])
        ]
    return found
