"""A session's log as arrays: everything that the report shows, read in one pass."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from biofeedback.control.direction import DirectionEvidence
from biofeedback.record import lines
from biofeedback.record.logged_config import LoggedConfig
from biofeedback.record.neutral import neutral
from biofeedback.record.reader import find_log, log_size, read
from biofeedback.record.score import segment_of
from biofeedback.report.columns import ReadingColumns, Rows
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
    #: what the session, and those before it, have shown at the end; None where it is not tested
    direction: DirectionEvidence | None = None


@dataclass(frozen=True, slots=True)
class SessionData:
    """One session. Times are session seconds; an empty log beyond its header gives empty arrays.

    `keys` are (time_s, name) where the music took on a key, `tempo` (time_s, bpm) where it changed
    speed. `said` is for which share of the estimates each note on the body stood. `end` is None
    when the session was cut short.
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
    said: dict[str, float]
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
    size, done, duration_s = log_size(session), 0, 0.0
    gathered: _Gathered | None = None
    for number, (raw, line) in enumerate(neutral(read(session))):
        if gathered is None:
            assert isinstance(line, lines.HeaderLine)
            gathered = _Gathered(line)
        gathered.take(line)
        duration_s = line.t
        done += len(raw) + 1
        if number % 2000 == 0:
            progress(done / size)
    assert gathered is not None
    progress(1.0)
    return gathered.story(path.parent, duration_s)


class _Words:
    """Texts of which many are alike, each held once."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self.texts: list[str] = []

    def add(self, text: str) -> None:
        self.texts.append(self._known.setdefault(text, text))


class _Gathered:
    """What a log's lines say, in columns."""

    def __init__(self, header: lines.HeaderLine) -> None:
        self._header = header
        self._end: lines.EndLine | None = None
        self._beats = Rows("time", "rr_ms", "nn")
        self._responses = Rows("time", "amplitude_us")
        self._readings = ReadingColumns()
        self._states = Rows("t", "arousal", "low", "high", "confidence", "tracking")
        self._decisions = Rows("t", "setpoint", "tempo_bpm", "density")
        self._decided_keys, self._why = _Words(), _Words()
        self._direction: DirectionEvidence | None = None
        self._bars: list[tuple[float, str]] = []
        self._tempo: list[TempoSegment] = []
        self._notes = 0
        self._said: Counter[str] = Counter()
        self._gaps: list[lines.GapLine] = []
        self._statuses: list[lines.StatusLine] = []
        self._commands: list[lines.CommandLine] = []
        self._clock_steps: list[lines.ClockLine] = []
        self._losses: list[lines.LostLine] = []
        self._by_kind: dict[type, Callable[[Any], None]] = {
            lines.BeatLine: self._beat,
            lines.ScrLine: self._response,
            lines.ReadingLine: self._readings.add,
            lines.StateLine: self._state,
            lines.DecisionLine: self._decision,
            lines.MusicLine: self._music,
            lines.NoteLine: self._note,
            lines.TempoLine: self._tempo_change,
            lines.CancelLine: self._cancel,
            lines.GapLine: self._gaps.append,
            lines.StatusLine: self._statuses.append,
            lines.CommandLine: self._commands.append,
            lines.ClockLine: self._clock_steps.append,
            lines.LostLine: self._losses.append,
            lines.EndLine: self._ended,
        }

    def take(self, line: lines.Line) -> None:
        """Take a line in, of any kind."""
        take = self._by_kind.get(type(line))
        if take is not None:
            take(line)

    def _beat(self, line: lines.BeatLine) -> None:
        if not line.wearer:  # of one of a group: nobody's rhythm if put together
            self._beats.add([line.time, line.rr_ms, line.nn])

    def _response(self, line: lines.ScrLine) -> None:
        if not line.wearer:
            self._responses.add([line.time, line.amplitude_us])

    def _state(self, line: lines.StateLine) -> None:
        self._states.add(
            [line.t, line.arousal, line.low, line.high, line.confidence, line.phase == "tracking"]
        )
        self._said.update(line.notes)

    def _decision(self, line: lines.DecisionLine) -> None:
        params, setpoint = line.params, line.setpoint
        self._decisions.add(
            [line.t, math.nan if setpoint is None else setpoint, params.tempo_bpm, params.density]
        )
        self._decided_keys.add(params.key)
        self._why.add(line.why)
        if "direction_lowered" in line.numbers:
            self._direction = DirectionEvidence.of(line.numbers)

    def _music(self, line: lines.MusicLine) -> None:
        if not self._bars or self._bars[-1][1] != line.key:
            self._bars.append((line.beat, line.key))

    def _note(self, line: lines.NoteLine) -> None:
        self._notes += 1

    def _tempo_change(self, line: lines.TempoLine) -> None:
        self._tempo.append(segment_of(line))

    def _cancel(self, line: lines.CancelLine) -> None:
        self._bars = [bar for bar in self._bars if bar[0] < line.from_beat]

    def _ended(self, line: lines.EndLine) -> None:
        self._end = line

    def story(self, folder: Path, duration_s: float) -> SessionData:
        setup = msgspec.json.decode(self._header.config, type=LoggedConfig)
        return SessionData(
            folder=folder,
            header=self._header,
            setup=setup,
            duration_s=duration_s,
            end=self._end,
            beat_times_s=self._beats["time"],
            rr_ms=self._beats["rr_ms"],
            beat_used=self._beats["nn"] > 0.0,
            response_times_s=self._responses["time"],
            response_us=self._responses["amplitude_us"],
            metrics={
                name: MetricSeries(*columns) for name, columns in self._readings.by_name().items()
            },
            states=self._state_series(setup),
            decisions=DecisionSeries(
                times_s=self._decisions["t"],
                setpoint=self._decisions["setpoint"],
                tempo_bpm=self._decisions["tempo_bpm"],
                density=self._decisions["density"],
                keys=tuple(self._decided_keys.texts),
                why=tuple(self._why.texts),
                direction=self._direction,
            ),
            keys=self._keys(),
            tempo=tuple((segment.time_s, segment.bpm) for segment in self._tempo),
            notes=self._notes,
            said={note: n / len(self._states["t"]) for note, n in self._said.items()},
            gaps=tuple(self._gaps),
            statuses=tuple(self._statuses),
            commands=tuple(self._commands),
            clock_steps=tuple(self._clock_steps),
            losses=tuple(self._losses),
        )

    def _state_series(self, setup: LoggedConfig) -> StateSeries:
        found = self._states
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
        if not self._tempo:
            return ()
        tempo_map = TempoMap(tuple(self._tempo))
        return tuple((tempo_map.time_at(beat), key) for beat, key in self._bars)


def _followed(confidence: FloatArray, setup: LoggedConfig) -> BoolArray:
    """Return where the estimate was sure enough, with the hysteresis of the session's limits."""
    limits = setup.control.limits
    followed = np.zeros(len(confidence), dtype=bool)
    following = False
    for place, value in enumerate(confidence.tolist()):
        threshold = limits.hold_below_confidence if following else limits.follow_above_confidence
        followed[place] = following = value >= threshold
    return followed
