"""A session's log as arrays: everything that the report shows, read in one pass."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from biofeedback.record import lines
from biofeedback.record.logged_config import LoggedConfig
from biofeedback.record.neutral import neutral
from biofeedback.record.reader import find_log, log_size, read
from sensors.signals import FloatArray
from synth.tempo_map import TempoMap, TempoSegment

__all__ = [
    "DecisionSeries",
    "MetricSeries",
    "SessionData",
    "StateSeries",
    "read_story",
]

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class MetricSeries:
    """One metric, once a second; all arrays have shape (n,), `values` is NaN where unknown."""

    unit: str
    times_s: FloatArray
    values: FloatArray
    quality: FloatArray


@dataclass(frozen=True, slots=True)
class StateSeries:
    """The arousal estimate at each tick; `followed`: sure enough for the music to follow it."""

    times_s: FloatArray
    arousal: FloatArray
    low: FloatArray
    high: FloatArray
    confidence: FloatArray
    tracking: BoolArray
    followed: BoolArray


@dataclass(frozen=True, slots=True)
class DecisionSeries:
    """What the music was to do at each tick; `setpoint` is NaN where there was none."""

    times_s: FloatArray
    setpoint: FloatArray
    tempo_bpm: FloatArray
    density: FloatArray
    keys: tuple[str, ...]
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SessionData:
    """One session. Times are session seconds; an empty log beyond its header gives empty arrays.

    `keys` are (time_s, name) where the music took on a key, `tempo` (time_s, bpm) where it changed
    speed. `end` is None when the session was cut short.
    """

    folder: Path
    header: lines.HeaderLine
    setup: LoggedConfig
    duration_s: float
    end: lines.EndLine | None
    beat_times_s: FloatArray
    rr_ms: FloatArray
    beat_used: BoolArray
    response_times_s: FloatArray
    response_us: FloatArray
    metrics: dict[str, MetricSeries]
    states: StateSeries
    decisions: DecisionSeries
    keys: tuple[tuple[float, str], ...]
    tempo: tuple[tuple[float, float], ...]
    notes: int
    gaps: tuple[lines.GapLine, ...]
    statuses: tuple[lines.StatusLine, ...]
    commands: tuple[lines.CommandLine, ...]
    clock_steps: tuple[lines.ClockLine, ...]
    losses: tuple[lines.LostLine, ...]

    @property
    def replayed(self) -> bool:
        """Whether every body in the session came from a recording, and so heard nothing."""
        return self.header.replayed

    @property
    def sources(self) -> tuple[str, ...]:
        """The sensors that spoke up, in order."""
        return tuple(dict.fromkeys(line.source for line in self.statuses))


def read_story(session: Path, progress: Callable[[float], None]) -> SessionData:
    """Read the log of `session` (folder or log); `progress` is told the share that is read."""
    path = find_log(session)
    size, done = log_size(session), 0
    gathered: _Gathered | None = None
    for number, (raw, line) in enumerate(neutral(read(session))):
        if gathered is None:
            assert isinstance(line, lines.HeaderLine)
            gathered = _Gathered(line)
        gathered.take(line)
        done += len(raw) + 1
        if number % 2000 == 0:
            progress(done / size)
    assert gathered is not None
    progress(1.0)
    return gathered.story(path.parent)


class _Columns:
    """Numbers by name, eight bytes each: a day's log has 10 million."""

    def __init__(self, *names: str) -> None:
        self._columns = {name: array("d") for name in names}

    def add(self, *values: float | None) -> None:
        for column, value in zip(self._columns.values(), values, strict=True):
            column.append(math.nan if value is None else value)

    def __getitem__(self, name: str) -> FloatArray:
        return np.asarray(self._columns[name])  # the same memory


class _Words:
    """Texts of which many are alike, each held once."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self.texts: list[str] = []

    def add(self, text: str) -> None:
        self.texts.append(self._known.setdefault(text, text))


@dataclass(slots=True)
class _Gathered:
    header: lines.HeaderLine
    last_s: float = 0.0
    end: lines.EndLine | None = None
    beats: _Columns = field(default_factory=lambda: _Columns("time", "rr_ms", "nn"))
    responses: _Columns = field(default_factory=lambda: _Columns("time", "amplitude_us"))
    readings: dict[str, _Columns] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    states: _Columns = field(
        default_factory=lambda: _Columns("t", "arousal", "low", "high", "confidence", "tracking")
    )
    decisions: _Columns = field(
        default_factory=lambda: _Columns("t", "setpoint", "tempo_bpm", "density")
    )
    decided_keys: _Words = field(default_factory=_Words)
    why: _Words = field(default_factory=_Words)
    bars: list[tuple[float, str]] = field(default_factory=list)
    tempo: list[TempoSegment] = field(default_factory=list)
    gaps: list[lines.GapLine] = field(default_factory=list)
    statuses: list[lines.StatusLine] = field(default_factory=list)
    commands: list[lines.CommandLine] = field(default_factory=list)
    clock_steps: list[lines.ClockLine] = field(default_factory=list)
    losses: list[lines.LostLine] = field(default_factory=list)
    notes: int = 0

    def take(self, line: lines.Line) -> None:
        self.last_s = max(self.last_s, line.t)
        match line:
            case lines.ReadingLine():
                for item in line.readings:
                    column = self.readings.get(item.name)
                    if column is None:
                        column = self.readings[item.name] = _Columns("t", "value", "quality")
                    column.add(line.t, item.value, item.quality)
                    self.units[item.name] = item.unit
            case lines.StateLine():
                self.states.add(
                    line.t, line.arousal, line.low, line.high, line.confidence,
                    line.phase == "tracking",
                )  # fmt: skip
            case lines.DecisionLine():
                self.decisions.add(
                    line.t, line.setpoint, line.params.tempo_bpm, line.params.density
                )
                self.decided_keys.add(line.params.key)
                self.why.add(line.why)
            case lines.BeatLine() | lines.ScrLine() if line.wearer:
                pass  # of one of a group: nobody's rhythm if put together
            case lines.BeatLine():
                self.beats.add(line.time, line.rr_ms, line.nn)
            case lines.NoteLine():
                self.notes += 1
            case lines.ScrLine():
                self.responses.add(line.time, line.amplitude_us)
            case lines.MusicLine():
                if not self.bars or self.bars[-1][1] != line.key:
                    self.bars.append((line.beat, line.key))
            case lines.TempoLine():
                self.tempo.append(TempoSegment(line.time, line.beat, line.bpm))
            case lines.CancelLine():
                self.bars = [bar for bar in self.bars if bar[0] < line.from_beat]
            case lines.GapLine():
                self.gaps.append(line)
            case lines.StatusLine():
                self.statuses.append(line)
            case lines.CommandLine():
                self.commands.append(line)
            case lines.ClockLine():
                self.clock_steps.append(line)
            case lines.LostLine():
                self.losses.append(line)
            case lines.EndLine():
                self.end = line
            case _:
                pass

    def story(self, folder: Path) -> SessionData:
        setup = msgspec.json.decode(self.header.config, type=LoggedConfig)
        return SessionData(
            folder=folder,
            header=self.header,
            setup=setup,
            duration_s=self.last_s,
            end=self.end,
            beat_times_s=self.beats["time"],
            rr_ms=self.beats["rr_ms"],
            beat_used=self.beats["nn"] > 0.0,
            response_times_s=self.responses["time"],
            response_us=self.responses["amplitude_us"],
            metrics=self._metrics(),
            states=self._states(setup),
            decisions=DecisionSeries(
                times_s=self.decisions["t"],
                setpoint=self.decisions["setpoint"],
                tempo_bpm=self.decisions["tempo_bpm"],
                density=self.decisions["density"],
                keys=tuple(self.decided_keys.texts),
                why=tuple(self.why.texts),
            ),
            keys=self._keys(),
            tempo=tuple((segment.time_s, segment.bpm) for segment in self.tempo),
            notes=self.notes,
            gaps=tuple(self.gaps),
            statuses=tuple(self.statuses),
            commands=tuple(self.commands),
            clock_steps=tuple(self.clock_steps),
            losses=tuple(self.losses),
        )

    def _metrics(self) -> dict[str, MetricSeries]:
        return {
            name: MetricSeries(self.units[name], columns["t"], columns["value"], columns["quality"])
            for name, columns in self.readings.items()
        }

    def _states(self, setup: LoggedConfig) -> StateSeries:
        found = self.states
        return StateSeries(
            times_s=found["t"],
            arousal=found["arousal"],
            low=found["low"],
            high=found["high"],
            confidence=found["confidence"],
            tracking=found["tracking"] > 0.0,
            followed=_followed(found["confidence"], setup),
        )

    def _keys(self) -> tuple[tuple[float, str], ...]:
        if not self.tempo:
            return ()
        tempo_map = TempoMap(tuple(self.tempo))
        return tuple((tempo_map.time_at(beat), key) for beat, key in self.bars)


def _followed(confidence: FloatArray, setup: LoggedConfig) -> BoolArray:
    """Return where the estimate was sure enough, with the hysteresis of the session's limits."""
    limits = setup.control.limits
    followed = np.zeros(len(confidence), dtype=bool)
    following = False
    for place, value in enumerate(confidence):
        threshold = limits.hold_below_confidence if following else limits.follow_above_confidence
        followed[place] = following = bool(value >= threshold)
    return followed
