"""Tables without a header: what their columns are, as far as the numbers tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from sensors.errors import RecordingError
from sensors.files.layout import TableLayout
from sensors.timing.beat_timeline import PLAUSIBLE_RR_S

__all__ = ["headed"]


def headed(layout: TableLayout, columns: Mapping[str, str] | None, name: str) -> TableLayout:
    """Name the columns of a table that has no header, as far as its numbers tell.

    Parameters
    ----------
    layout
        Of the table.
    columns
        What the user mapped; None for nothing.
    name
        The file's, for errors.

    Returns
    -------
    TableLayout
        With a name for each column.

    Raises
    ------
    RecordingError
        When nothing tells what they are.
    """
    if layout.names:
        return layout
    numbers = tuple(str(place + 1) for place in range(layout.width))
    if columns is None:
        found = _pair_of_beats(layout)
        if found is None and (alone := _only_intervals(layout)) is not None:
            names = tuple("rr" if p == alone else n for p, n in enumerate(numbers))
            return replace(layout, names=names, headers=names)
        if found is None:
            raise RecordingError(
                f"{name} has {layout.width} columns and no header",
                hint="Name them by their numbers, as --columns time=1,eda=2, or write a header.",
            )
        names = tuple("time" if p == found[0] else "rr" if p == found[1] else n
                      for p, n in enumerate(numbers))  # fmt: skip
        return replace(layout, names=names, headers=names)
    return replace(layout, names=numbers, headers=numbers)


def _pair_of_beats(layout: TableLayout) -> tuple[int, int] | None:
    """Return which of two or more columns without names are the times and the RR intervals."""
    rows = [row for row in layout.rows if len(row) == layout.width]
    table = np.array([[_plain(cell, layout) for cell in row] for row in rows], dtype=np.float64)
    if len(table) < 3:
        return None
    for time in range(layout.width):
        for rr in range(layout.width):
            if rr == time or not np.isfinite(table[:, [time, rr]]).all():
                continue
            rr_s = np.where(table[:, rr] > 10.0, table[:, rr] / 1000.0, table[:, rr])
            low, high = PLAUSIBLE_RR_S
            if np.mean((rr_s >= low) & (rr_s <= high)) < 0.8:
                continue
            steps = np.diff(table[:, time])
            for unit_s in (1.0, 1e-3):
                near = np.minimum(
                    np.abs(steps * unit_s - rr_s[1:]), np.abs(steps * unit_s - rr_s[:-1])
                )
                if (steps >= 0.0).all() and np.median(near) < 0.3 * float(np.median(rr_s)):
                    return time, rr
    return None


def _only_intervals(layout: TableLayout) -> int | None:
    """Return the only column of numbers, where these are intervals: others are notes, or empty."""
    rows = [row for row in layout.rows if len(row) == layout.width]
    table = np.array([[_plain(cell, layout) for cell in row] for row in rows], dtype=np.float64)
    if len(table) < 3:
        return None
    filled = np.flatnonzero(np.isfinite(table).mean(axis=0) > 0.5)
    if len(filled) != 1:
        return None
    rr = table[:, filled[0]]
    rr_s = np.where(rr > 10.0, rr / 1000.0, rr)
    low, high = PLAUSIBLE_RR_S
    return int(filled[0]) if np.mean((rr_s >= low) & (rr_s <= high)) > 0.8 else None


def _plain(cell: str, layout: TableLayout) -> float:
    try:
        return float(cell.replace(",", ".") if layout.decimal_comma else cell)
    except ValueError:
        return np.nan
