"""What a line of the log must say to make sense, beyond what its types hold it to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from biofeedback.common.errors import CommandError
from biofeedback.engine.command_validation import check
from biofeedback.engine.inputs import TICK_S, Command
from biofeedback.metrics.windowed import WindowResult
from biofeedback.record import lines
from biofeedback.record.logged_config import LoggedConfig, stored_baselines
from sensors.signals import UNITS

__all__ = ["nonsense"]

#: How far ahead of its line a time may lie: a beat of the music is planned, a clock may be off.
_AHEAD_S = 600.0
#: How long before its line: a band hands over what it kept.
_BEHIND_S = 86400.0
#: Commands whose value must be understood; texts may be of any kind.
_UNDERSTOOD = {"volume", "stop", "override", "release", "resume", "rating"}


def nonsense(line: lines.Line) -> str:
    """Return why a line makes no sense, in a few words; "" when it does.

    Parameters
    ----------
    line
        Of the log, of any kind.

    Returns
    -------
    str
        A part of a sentence that begins with the name of a field.
    """
    judge = _JUDGES.get(type(line))
    return judge(line) if judge is not None else ""


def _header(line: lines.HeaderLine) -> str:
    try:
        started = datetime.fromisoformat(line.started_utc)
    except ValueError:
        return f"started_utc, {line.started_utc!r}, is no time"
    if started.tzinfo is None:
        return f"started_utc, {line.started_utc!r}, has no time zone"
    try:
        config = msgspec.json.decode(line.config, type=LoggedConfig)
    except (msgspec.DecodeError, RecursionError) as error:
        return f"config: {error}"
    try:
        known = stored_baselines(line.baseline, of_a_group=config.group is not None)
        for baseline in known.values():
            datetime.fromisoformat(baseline.learned_utc or line.started_utc)
    except (ValueError, RecursionError) as error:
        return f"baseline: {error}"
    if not all(name.strip() for name in line.versions):
        return "versions: not all of them have a name"
    return ""


def _chunk(line: lines.ChunkLine) -> str:
    count = len(line.values)
    if line.unit != UNITS[line.signal]:
        return f"unit, {line.unit!r}, is not that of {line.signal}"
    if list in set(map(type, line.values)):
        widths = set(map(_width, line.values))
        if len(widths) > 1 or not 0 < max(widths) <= _MOST_CHANNELS:
            return "values: not equally many for each sample"
    if line.t0 is not None and line.rate_hz is not None:
        first_s, last_s = line.t0, line.t0 + (count - 1) / line.rate_hz
    elif line.times is not None and len(line.times) == count:
        first_s, last_s = min(line.times, default=line.t), max(line.times, default=line.t)
    else:
        return "times: not one for each sample"
    if line.device_times is not None and len(line.device_times) != count:
        return "device_times: not one for each sample"
    return _near(line.t, first_s, last_s)


_MOST_CHANNELS = 256


def _width(row: object) -> int:
    return len(row) if isinstance(row, list) else 0


def _gap(line: lines.GapLine) -> str:
    return "end lies before start" if line.end < line.start else _near(line.t, line.end)


def _tick(line: lines.TickLine) -> str:
    return _near(line.t, line.index * TICK_S)


def _command(line: lines.CommandLine) -> str:
    if line.what not in _UNDERSTOOD:
        return ""
    try:
        check(Command(line.who, line.what, line.value))
    except CommandError as error:
        return str(error)
    return ""


def _worker(line: lines.WorkerLine) -> str:
    try:
        msgspec.json.decode(line.result, type=WindowResult)
    except (msgspec.DecodeError, RecursionError) as error:
        return f"result: {error}"
    return _range(line.from_seq, line.to_seq)


def _clock(line: lines.ClockLine) -> str:
    try:
        datetime.fromisoformat(line.utc)
    except ValueError:
        return f"utc, {line.utc!r}, is no time"
    return ""


def _beat(line: lines.BeatLine) -> str:
    return _near(line.t, line.time)


def _response(line: lines.ScrLine) -> str:
    return _near(line.t, line.time, line.peak)


def _reading(line: lines.ReadingLine) -> str:
    return _near(line.t, *[item.time_s for item in line.readings])


def _window(line: lines.WindowLine) -> str:
    return _near(line.t, line.end) or _range(line.from_seq, line.to_seq)


def _tempo(line: lines.TempoLine) -> str:
    return _near(line.t, line.time)


def _several(line: lines.LostLine | lines.SkipLine) -> str:
    return _range(line.first, line.last)


def _near(t: float, *times_s: float) -> str:
    """Return that a time lies far from its line's, which may be a day after what it tells of."""
    first_s, last_s = t - _BEHIND_S, t + _AHEAD_S
    if not times_s or (first_s <= min(times_s) and max(times_s) <= last_s):
        return ""
    for time_s in times_s:
        if not first_s <= time_s <= last_s:
            return f"a time in it, {time_s:g} s, lies far from its own, {t:g} s"
    return ""


def _range(first: int, last: int) -> str:
    return "" if first <= last else f"{first} to {last} goes backwards"


_JUDGES: dict[type, Callable[[Any], str]] = {
    lines.HeaderLine: _header,
    lines.ChunkLine: _chunk,
    lines.GapLine: _gap,
    lines.TickLine: _tick,
    lines.CommandLine: _command,
    lines.WorkerLine: _worker,
    lines.ClockLine: _clock,
    lines.LostLine: _several,
    lines.SkipLine: _several,
    lines.BeatLine: _beat,
    lines.ScrLine: _response,
    lines.ReadingLine: _reading,
    lines.WindowLine: _window,
    lines.TempoLine: _tempo,
}
