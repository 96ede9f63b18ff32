"""The .hrm export of Polar's watches: RR intervals, or heart rate every few seconds."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from sensors.errors import RecordingError
from sensors.files.beats import from_intervals
from sensors.files.channels import Channel
from sensors.files.recording import Recording, assemble, name_of
from sensors.files.text import parse_rows
from sensors.signals import Chunk, Signal

__all__ = ["is_polar_hrm", "read_polar_hrm"]

#: `Interval` in [Params]: 238 marks RR intervals in ms, 204 lap times only, else it is a period
#: in seconds (Polar HRM file format, version 1.4).
_RR_INTERVALS = 238
_LAPS_ONLY = 204


def is_polar_hrm(text: str) -> bool:
    """Return whether the text starts as Polar's export does.

    Parameters
    ----------
    text
        Of the file.

    Returns
    -------
    bool
        By its first words.
    """
    return text.lstrip().startswith("[Params]")


def read_polar_hrm(path: Path, text: str) -> Recording:
    """Read the [HRData] of `text`; the start is in the watch's own time, as the file has it.

    Parameters
    ----------
    path
        For its name.
    text
        Of the file.

    Returns
    -------
    Recording
        RR intervals, or heart rate where the watch kept no intervals.

    Raises
    ------
    RecordingError
        When the file was cut, or holds lap times only.

    Notes
    -----
    Polar HRM file format, version 1.4.
    """
    lines = [line.strip() for line in text.split("\n")]
    interval = _interval(lines, path.name)
    try:
        start = lines.index("[HRData]") + 1
    except ValueError:
        raise RecordingError(
            f"{path.name} has no [HRData]: it was cut or holds only a summary",
            hint="Export the recording again, with its heart rate data.",
        ) from None
    body = lines[start:]
    stop = next((i for i, line in enumerate(body) if line.startswith("[")), len(body))
    # Columns after the first are speed, cadence or altitude.
    columns = body[:stop]
    body = [line.split("\t")[0] for line in columns]
    rows, warnings = parse_rows(body, name=path.name, first_line=start + 1, delimiter=None, width=1)
    source, started = name_of(path), _started(lines)
    more = max((line.count("\t") for line in columns), default=0)
    beside = [
        Channel(f"column {place + 2} of [HRData]", "", False, "speed, cadence or altitude")
        for place in range(more)
    ]
    if interval == _RR_INTERVALS:
        chunk, gaps = from_intervals(rows[:, 0] / 1000.0, source)
        kind = "Polar HRM, RR intervals"
        channels = [Channel("[HRData]", Signal.RR.value, taken=True), *beside]
        return assemble(
            path, kind, [chunk], gaps, started=started, warnings=warnings, channels=channels
        )
    rows[rows == 0.0] = float("nan")  # the watch writes 0 where it lost the heart
    heart_rate = Chunk.regular(Signal.HR, source, 0.0, 1.0 / interval, rows)
    kind = "Polar HRM, heart rate"
    channels = [Channel("[HRData]", Signal.HR.value, taken=True), *beside]
    return assemble(path, kind, [heart_rate], started=started, warnings=warnings, channels=channels)


def _started(lines: list[str]) -> datetime | None:
    """Return what Date=yyyymmdd and StartTime=hh:mm:ss.s of [Params] say."""
    told = dict(line.split("=", 1) for line in lines if line.startswith(("Date=", "StartTime=")))
    try:
        hour, minute, second = told["StartTime"].split(":")
        day = datetime.strptime(told["Date"], "%Y%m%d")
        return day + timedelta(hours=int(hour), minutes=int(minute), seconds=float(second))
    except (KeyError, ValueError, OverflowError):
        return None


def _interval(lines: list[str], name: str) -> int:
    for line in lines:
        key, _, value = line.partition("=")
        # "²" is a digit too, and no number; ASCII alone is what a watch writes.
        if key == "Interval" and value.isascii() and value.isdecimal():
            if 0 < (interval := int(value[:6])) != _LAPS_ONLY:
                return interval
    raise RecordingError(
        f"{name} does not say how its heart rate was sampled",
        hint="[Params] needs Interval=238 for RR intervals, or a period in seconds.",
    )
