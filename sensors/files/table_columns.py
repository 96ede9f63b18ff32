"""What the columns of a table are by their headers: signals, times, markers, or unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from sensors.errors import RecordingError
from sensors.files.channels import Channel, ChannelChoice, ChannelOffer
from sensors.files.choosing import place_of
from sensors.files.layout import TableLayout, is_value
from sensors.files.moments import is_moment, moments_of
from sensors.files.times import TimeColumn, is_time, start_of
from sensors.labels import words_of
from sensors.signals import Signal
from sensors.units import conversion, seconds_in

__all__ = [
    "marker_places",
    "nothing_known",
    "offers_of",
    "start_elsewhere",
    "time_candidates",
    "told_of",
]

_MARKERS = {
    "marker", "markers", "event", "events", "annotation", "annotations", "label", "labels", "note",
    "notes", "comment", "comments", "trigger", "triggers", "tag", "tags", "mark", "stim",
    "stimulus",
    "condition", "phase", "kommentar", "ereignis", "bemerkung", "evento", "evenement", "marqueur",
    "marke", "lap", "marcador",
}  # fmt: skip


def offers_of(layout: TableLayout) -> list[ChannelOffer]:
    """Return the columns as channels among which to choose.

    Parameters
    ----------
    layout
        Of the table.

    Returns
    -------
    list[ChannelOffer]
        One for each column.
    """
    return [
        ChannelOffer(header or f"column {place + 1}", unit=layout.units[place], name=name)
        for place, (header, name) in enumerate(zip(layout.headers, layout.names, strict=True))
    ]


def time_candidates(
    layout: TableLayout,
    columns: Mapping[str, str] | None,
    offers: Sequence[ChannelOffer],
    name: str,
) -> list[TimeColumn]:
    """Return the columns that may be the time.

    Parameters
    ----------
    layout
        Of the table.
    columns
        What the user mapped; None for nothing.
    offers
        Its columns.
    name
        The file's, for errors.

    Returns
    -------
    list[TimeColumn]
        The one that the user named, or all whose header says so.

    Raises
    ------
    RecordingError
        When the one that was named is not there.
    """
    if columns is not None and "time" in columns:
        place, unit = place_of(columns["time"], offers, name)
        return [TimeColumn(place, offers[place].label, seconds_in(unit))]
    named = [
        TimeColumn(place, offer.label, seconds_in(offer.unit))
        for place, offer in enumerate(offers)
        if is_time(offer.label, layout.names[place], offer.unit)
    ]
    return named or [
        TimeColumn(place, offer.label, None)  # whatever its name: dates or clock times stand there
        for place, offer in enumerate(offers)
        if layout.rows and all(place < len(r) and is_moment(r[place]) for r in layout.rows)
    ]


def marker_places(
    layout: TableLayout,
    columns: Mapping[str, str] | None,
    offers: Sequence[ChannelOffer],
    name: str,
) -> list[int]:
    """Return the columns whose texts are markers.

    Parameters
    ----------
    layout
        Of the table.
    columns
        What the user mapped; None for nothing.
    offers
        Its columns.
    name
        The file's, for errors.

    Returns
    -------
    list[int]
        Their places.

    Raises
    ------
    RecordingError
        When the one that was named is not there.
    """
    if columns is not None and "marker" in columns:
        return [place_of(columns["marker"], offers, name)[0]]
    return [
        place
        for place, column in enumerate(layout.names)
        if _MARKERS.intersection(words_of(column))
    ]


def start_elsewhere(
    candidates: Sequence[TimeColumn], layout: TableLayout, used: TimeColumn
) -> datetime | None:
    """Return when the first row was, by another column than the one that gives its times.

    Parameters
    ----------
    candidates
        Columns that may be the time.
    layout
        Of the table.
    used
        The one that gives the times.

    Returns
    -------
    datetime | None
        None where none tells a day.
    """
    row = layout.rows[0] if layout.rows else ()
    cells = {c.place: row[c.place] for c in candidates if c.place < len(row)}
    for place, cell in cells.items():
        if place == used.place and not used.moments:
            continue
        seconds, first = moments_of([cell])
        if first is not None and (first.hour or first.minute or first.second):
            return first
        if first is not None:  # the day alone: the clock stands beside it
            clocks = [moments_of([other])[0][0] for p, other in cells.items() if p != place]
            for clock_s in clocks:
                if 0.0 < clock_s < 86_400.0:
                    return first + timedelta(seconds=float(clock_s))
        if np.isnan(seconds[0]) and (found := _unix(cell)) is not None:
            return found
    return None


def _unix(cell: str) -> datetime | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return next((s for u in (1.0, 1e-3, 1e-6, 1e-9) if (s := start_of(value * u))), None)


def nothing_known(layout: TableLayout, choice: ChannelChoice, name: str) -> RecordingError:
    """Return the error of a table without a column that can be read, with the reasons.

    Parameters
    ----------
    layout
        Of the table.
    choice
        What was looked at.
    name
        The file's, for errors.

    Returns
    -------
    RecordingError
        With what would take one of them.
    """
    reasons = [f"{c.label!r}: {c.why}" for c in choice.channels if c.role and c.why]
    headers = ", ".join(header for header in layout.headers if header)
    if reasons:
        columns = next((c.columns for c in choice.channels if c.columns), "")
        return RecordingError(
            f"{name} has no column that can be read, {'; '.join(reasons)[:200]}",
            hint=f'Say more, as --columns "{columns}". It has: {headers}.',
        )
    likely = next((f"{s}={h}" for h, u in zip(layout.headers, layout.units, strict=True)
                   if h and u and (s := _signal_of_unit(u))), "")  # fmt: skip
    words = {h for p, h in enumerate(layout.headers)
             if not any(p < len(row) and is_value(row[p]) for row in layout.rows)}  # fmt: skip
    others = (h for h, n, u in zip(layout.headers, layout.names, layout.units, strict=True)
              if h and not is_value(h) and not is_time(h, n, u) and h not in words)  # fmt: skip
    likely = likely or f"rr={next(others, 'NAME')}"
    return RecordingError(
        f"{name} has no column with a known name",
        hint=f'Name them, as in --columns "{likely}". It has: {headers}.',
    )


def _signal_of_unit(unit: str) -> Signal | None:
    """Return the one signal that has such a unit; None where several or none have."""
    exact = (Signal.RR, Signal.ECG, Signal.EDA, Signal.HR, Signal.TEMP)
    found = [signal for signal in exact if conversion(signal, unit) is not None]
    return found[0] if len(found) == 1 else None


def told_of(
    channels: Sequence[Channel],
    candidates: Sequence[TimeColumn],
    time: TimeColumn | None,
    marks: Sequence[int],
) -> list[Channel]:
    """Return what became of every column, the time and the markers among them.

    Parameters
    ----------
    channels
        What became of the signals.
    candidates
        Columns that may be the time.
    time
        The column that gives the times; None for none.
    marks
        Places of columns of markers.

    Returns
    -------
    list[Channel]
        In the order of the table.
    """
    told = list(channels)
    for column in candidates:
        if told[column.place].taken:
            continue
        taken = time is not None and column.place == time.place
        why = "" if taken else "another column is taken as the time"
        if time is None:
            why = "a rate is taken in place of times"
        told[column.place] = Channel(
            column.header, "time", taken, why, "" if taken else f"time={column.header}"
        )
    for place in marks:
        told[place] = Channel(told[place].label, "marker", taken=True)
    return told
