"""The report that Kubios HRV saves as text or CSV: its table of RR intervals."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np

from sensors.errors import RecordingError
from sensors.files.beats import from_timed
from sensors.files.channels import ChannelOffer, none_known
from sensors.files.choosing import choose
from sensors.files.recording import Recording, assemble, name_of
from sensors.files.rr_text import rr_seconds
from sensors.files.text import is_number
from sensors.signals import Signal
from sensors.units import seconds_in

__all__ = ["is_kubios", "read_kubios"]

_FIRST_LINES = 5


def is_kubios(text: str) -> bool:
    """Return whether the text starts as a report of Kubios HRV does.

    Parameters
    ----------
    text
        Of the file.

    Returns
    -------
    bool
        By its first five lines.
    """
    return any("kubios" in line.lower() for line in text.split("\n", _FIRST_LINES)[:_FIRST_LINES])


def read_kubios(path: Path, text: str, columns: Mapping[str, str] | None = None) -> Recording:
    """Read the columns "Time" and "RR interval" of one sample that was analysed, else the first.

    Each interval stands at its own time, counted from the sample's start: noise that was cut out
    leaves a gap. The date in the report is local, so the recording has no UTC.

    Parameters
    ----------
    path
        For its name.
    text
        Of the file.
    columns
        Another sample than the first, as in ``{"rr": "sample 2"}``.

    Returns
    -------
    Recording
        RR intervals and their gaps.

    Raises
    ------
    RecordingError
        When the table is missing, or its times go backwards.
    """
    lines = text.split("\n")
    delimiter, head, places = _header(lines, path.name)
    offers = [ChannelOffer(f"sample {i + 1}", name="rr") for i in range(len(places))]
    choice = choose(offers, columns, path.name)
    if Signal.RR not in choice.taken:
        raise none_known(choice, path.name)
    first = places[choice.taken[Signal.RR][0][0]]
    units = lines[head + 1].split(delimiter) if head + 1 < len(lines) else []
    unit_s = seconds_in(units[first + 1].strip(" ()[]")) if len(units) > first + 1 else None
    rows: list[tuple[float, float]] = []
    for line in lines[head + 1 :]:
        cells = [cell.strip().replace(",", ".") for cell in line.split(delimiter)]
        pair = cells[first : first + 2]
        if len(pair) == 2 and all(map(is_number, pair)):
            rows.append((float(pair[0]), float(pair[1])))
        elif rows:
            break
    table = np.array(rows, dtype=np.float64).reshape(-1, 2)
    table = table[np.isfinite(table).all(axis=1)]
    rr_s = rr_seconds(table[:, 1], path.name, unit_s)
    times_s = table[:, 0]
    if (np.diff(times_s) < 0.0).any():
        raise RecordingError(
            f"the times of {path.name} go backwards", hint="Save the report again in Kubios HRV."
        )
    times_s = times_s - times_s[0] + max(rr_s[0], 0.0)
    chunk, gaps = from_timed(times_s, rr_s, name_of(path))
    return assemble(
        path, "Kubios HRV report", [chunk], gaps, warnings=choice.warnings, channels=choice.channels
    )


def _header(lines: list[str], name: str) -> tuple[str, int, list[int]]:
    """Return the delimiter, the line with the columns' names, and where each pair begins."""
    for number, line in enumerate(lines):
        for delimiter in "\t;,":
            cells = [cell.strip().lower() for cell in line.split(delimiter)]
            pairs = pairwise(cells)
            places = [
                i
                for i, (time, rr) in enumerate(pairs)
                if time.startswith("time") and rr.startswith("rr")
            ]
            if places:
                return delimiter, number, places
    raise RecordingError(
        f"the Kubios report {name} holds no RR intervals",
        hint="Save the report as text or CSV with its RR interval data.",
    )
