"""A session's log as arrays: everything that the report shows, read in one pass."""

from __future__ import annotations

import math
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


@dataclass(slots=True)
class _Gathered:
    header: lines.HeaderLine
    last_s: float = 0.0
    end: lines.EndLine | None = None
    beats: list[lines.BeatLine] = field(default_factory=list)
    responses: list[lines.ScrLine] = field(default_factory=list)
    readings: list[lines.ReadingLine] = field(default_factory=list)
    states: list[lines.StateLine] = field(default_factory=list)
    decisions: list[lines.DecisionLine] = field(default_factory=list)
    bars: list[lines.MusicLine] = field(default_factory=list)
    tempo: list[lines.TempoLine] = field(default_factory=list)
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
                self.readings.append(line)
            case lines.StateLine():
                self.states.append(line)
            case lines.DecisionLine():
                self.decisions.append(line)
            case lines.BeatLine() | lines.ScrLine() if line.wearer:
                pass  # of one of a group: nobody's rhythm if put together
            case lines.BeatLine():
                self.beats.append(line)
            case lines.NoteLine():
                self.notes += 1
            case lines.ScrLine():
                self.responses.append(line)
            case lines.MusicLine():
                self.bars.append(line)
            case lines.TempoLine():
                self.tempo.append(line)
            case lines.CancelLine():
                self.bars = [bar for bar in self.bars if bar.beat < line.from_beat]
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
            beat_times_s=_array([beat.time for beat in self.beats]),
            rr_ms=_array([beat.rr_ms for beat in self.beats]),
            beat_used=np.array([beat.nn for beat in self.beats], dtype=bool),
            response_times_s=_array([response.time for response in self.responses]),
            response_us=_array([response.amplitude_us for response in self.responses]),
            metrics=self._metrics(),
            states=self._states(setup),
            decisions=DecisionSeries(
                times_s=_array([line.t for line in self.decisions]),
                setpoint=_array([line.setpoint for line in self.decisions]),
                tempo_bpm=_array([line.params.tempo_bpm for line in self.decisions]),
                density=_array([line.params.density for line in self.decisions]),
                keys=tuple(line.params.key for line in self.decisions),
                why=tuple(line.why for line in self.decisions),
            ),
            keys=self._keys(),
            tempo=tuple((line.time, line.bpm) for line in self.tempo),
            notes=self.notes,
            gaps=tuple(self.gaps),
            statuses=tuple(self.statuses),
            commands=tuple(self.commands),
            clock_steps=tuple(self.clock_steps),
            losses=tuple(self.losses),
        )

    def _metrics(self) -> dict[str, MetricSeries]:
        times_s: dict[str, list[float]] = {}
        items: dict[str, list[lines.ReadingItem]] = {}
        for line in self.readings:
            for item in line.readings:
                times_s.setdefault(item.name, []).append(line.t)
                items.setdefault(item.name, []).append(item)
        return {
            name: MetricSeries(
                unit=found[-1].unit,
                times_s=_array(times_s[name]),
                values=_array([item.value for item in found]),
                quality=_array([item.quality for item in found]),
            )
            for name, found in items.items()
        }

    def _states(self, setup: LoggedConfig) -> StateSeries:
        confidence = _array([line.confidence for line in self.states])
        return StateSeries(
            times_s=_array([line.t for line in self.states]),
            arousal=_array([line.arousal for line in self.states]),
            low=_array([line.low for line in self.states]),
            high=_array([line.high for line in self.states]),
            confidence=confidence,
            tracking=np.array([line.phase == "tracking" for line in self.states], dtype=bool),
            followed=_followed(confidence, setup),
        )

    def _keys(self) -> tuple[tuple[float, str], ...]:
        if not self.tempo:
            return ()
        tempo_map = TempoMap(
            tuple(TempoSegment(line.time, line.beat, line.bpm) for line in self.tempo)
        )
        keys: list[tuple[float, str]] = []
        for bar in self.bars:
            if not keys or keys[-1][1] != bar.key:
                keys.append((tempo_map.time_at(bar.beat), bar.key))
        return tuple(keys)


def _followed(confidence: FloatArray, setup: LoggedConfig) -> BoolArray:
    """Return where the estimate was sure enough, with the hysteresis of the session's limits."""
    limits = setup.control.limits
    followed = np.zeros(len(confidence), dtype=bool)
    following = False
    for place, value in enumerate(confidence):
        threshold = limits.hold_below_confidence if following else limits.follow_above_confidence
        followed[place] = following = bool(value >= threshold)
    return followed


def _array(values: list[float] | list[float | None]) -> FloatArray:
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)
