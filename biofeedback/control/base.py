"""What a strategy gives: an intention for the music, with its reason."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from biofeedback.metrics.base import Reading
from biofeedback.state.estimator import State, SubjectState
from synth.params import MusicParams

__all__ = ["ControlInput", "ControlTarget", "Decision", "Strategy", "Wishes"]


@dataclass(frozen=True, slots=True)
class ControlInput:
    """What is known at a tick, `dt_s` seconds after the last one.

    `target` is the arousal that a person asked to be led to, in place of the strategy's own;
    `rated` holds what they said since the last tick, by scale, 0 to 10; `found` what strategies
    have learned about them. `events` names what has happened since the last tick, "beat" or
    "scr"; `phrase_start` says that a phrase of the music has begun. `bodies` has the wearers of
    a group, by name.
    """

    state: State
    dt_s: float
    readings: Mapping[str, Reading] = field(default_factory=dict)
    target: float | None = None
    rated: Mapping[str, float] = field(default_factory=dict)
    found: Mapping[str, float] = field(default_factory=dict)
    events: frozenset[str] = frozenset()
    phrase_start: bool = False
    bodies: Mapping[str, SubjectState] = field(default_factory=dict)

    def trusted(self, name: str, least_quality: float = 0.3) -> float | None:
        """Return the value of a reading that can be trusted, None for any other."""
        reading = self.readings.get(name)
        if reading is None or reading.value is None or reading.quality < least_quality:
            return None
        return reading.value


@dataclass(frozen=True, slots=True)
class ControlTarget:
    """What a strategy wants before limits apply.

    `level` is the activation of the music, 0 calmest to 1 most driven; the curves turn it into
    tempo, key, density and colour. `setpoint` is where arousal should be now, None where the
    strategy has no such wish. `tempo_bpm` and `swell` override the curves where they are given;
    `most_bpm` is a tempo that nobody may exceed. `pace_per_minute` is a pace to breathe at, in
    place of a tempo, and `most_per_minute` one that nobody may exceed. `cause` names the reading or
    the branch that it follows from; `numbers` are logged with the decision, `found` is remembered
    for later phases and sessions; `params` override the curves by the names of the music's
    parameters.
    """

    level: float
    setpoint: float | None
    why: str
    tempo_bpm: float | None = None
    swell: float = 0.0
    most_bpm: float | None = None
    pace_per_minute: float | None = None
    most_per_minute: float | None = None
    silent: bool = False
    cause: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)
    found: Mapping[str, float] = field(default_factory=dict)
    params: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person asks of the music in place of the strategy; None for nothing.

    `glides` says that a parameter is on its way to what was asked for, or back; `why` who asked
    for what and until when, in one sentence, "" for nobody.
    """

    target: float | None = None
    level: float | None = None
    tempo_bpm: float | None = None
    tempo_least_bpm: float = -math.inf
    tempo_most_bpm: float = math.inf
    volume_most: float | None = None
    glides: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The music's parameters from now on, and why, in one plain sentence and in numbers.

    `cause` names the reading or the branch that this follows from, `phase` the part of the
    programme, "" for one without parts.
    """

    time_s: float
    strategy: str
    setpoint: float | None
    params: MusicParams
    why: str
    numbers: dict[str, float]
    cause: str = ""
    phase: str = ""


class Strategy(Protocol):
    """Turns the state of a body into what the music should do.

    A strategy that `follows_body` is not asked while the body is out of sight. `finished` says
    that it has nothing left to reach; most strategies never are.
    """

    follows_body: bool
    finished: bool

    def aim(self, moment: ControlInput) -> ControlTarget:
        """Take in what is known now, and say what is wanted."""
