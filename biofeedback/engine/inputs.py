"""What moves the core besides samples: ticks, bar requests, commands, worker results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from biofeedback.metrics.windowed import WindowResult
from sensors.base import SensorStatus
from sensors.signals import Chunk, Gap

__all__ = ["TICK_S", "BarRequest", "Command", "CommandName", "ExternalClock", "Input", "Tick"]

#: Distance of the strategy's ticks; tick k stands for time k * TICK_S however late it comes.
TICK_S = 0.5

CommandName = Literal[
    "marker", "hold", "resume", "stop", "panic", "volume",
    "override", "release", "rating", "note", "adverse", "guess", "ask",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tick:
    """The moment `index` * TICK_S of session time."""

    index: int

    @property
    def time_s(self) -> float:
        """Session time that this tick stands for."""
        return self.index * TICK_S


@dataclass(frozen=True, slots=True)
class BarRequest:
    """Time to compose bar `index`, which begins at `beat`."""

    index: int
    beat: float


@dataclass(frozen=True, slots=True)
class Command:
    """Something that a person asked for: who, what, and a value where it has one.

    `who` is "key", "cli", "session", "recording", "midi:PORT", "osc:HOST", "lsl:NAME",
    "web:ROLE:NAME", "mqtt:USER" or "mqtt:USER:NAME". `value` is the text of a marker, note or
    adverse event; the arm of a trial that was guessed, or "skip"; the volume from 0 to 1 in
    decimal; of a rating "relaxation=7" or "valence=2"; of an ask "before", "during" or "after"; of
    an override "NAME=VALUE" or "NAME=VALUE for SECONDS"; of a stop the seconds left for the last
    bar, "" for no limit; of a release the NAME that is free again, or "" for all; of a resume
    "hold" where a hold alone ends, "" where a person goes on, after a stop rule as well. `time_s`
    is when it happened, where its sender's clock says that; else it counts as it comes.
    """

    who: str
    what: CommandName
    value: str = ""
    time_s: float | None = None


@dataclass(frozen=True, slots=True)
class ExternalClock:
    """Where the clock of another device stands: at `beat` at `time_s`, moving at `bpm`.

    "stopped" until the device says start or continue; "lost" when its ticks stay away, and the
    music goes on by itself.
    """

    time_s: float
    beat: float
    bpm: float
    state: Literal["running", "stopped", "lost"] = "running"


Input = Chunk | Gap | SensorStatus | Tick | BarRequest | Command | WindowResult | ExternalClock
