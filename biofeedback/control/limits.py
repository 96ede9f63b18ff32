"""Limits that keep the music musical: clamp, slew, dead band, and who obeys them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import msgspec

from biofeedback.control.base import ControlTarget, Wishes
from synth.params import TEMPO_RANGE_BPM

__all__ = ["DeadBand", "LimitedMusic", "Limits", "MusicLimiter", "Slew", "clamp"]

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Speed = Annotated[float, msgspec.Meta(gt=0.0, le=100.0)]


def clamp(value: float, low: float, high: float) -> float:
    """Return `value`, moved into [low, high]."""
    return max(low, min(high, value))


class Slew:
    """Follows a target at a bounded speed, in units per second."""

    def __init__(self, value: float, per_s: float) -> None:
        self.value = value
        self._per_s = per_s

    def toward(self, target: float, dt_s: float) -> float:
        """Move towards `target` for `dt_s` seconds; return where that leads."""
        step = self._per_s * dt_s
        self.value += clamp(target - self.value, -step, step)
        return self.value


class DeadBand:
    """Repeats its last output until the input has moved away from it by `width` or more."""

    def __init__(self, value: float, width: float) -> None:
        self.value = value
        self._width = width

    def pass_on(self, value: float) -> float:
        """Return the input if it moved far enough, else the last output."""
        if abs(value - self.value) >= self._width:
            self.value = value
        return self.value


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How fast the music may move, and when it stops following the body."""

    tempo_slew_bpm_per_s: Speed = 1.0  #: about 2 % a beat at 55 bpm: a glide, not a jump
    tempo_dead_band_bpm: Annotated[float, msgspec.Meta(ge=0.0, le=10.0)] = 0.5
    level_slew_per_s: Speed = 0.05  #: from calmest to most driven in 20 s at the fastest
    hold_below_confidence: Share = 0.25  #: under this the music holds as it is
    follow_above_confidence: Share = 0.35  #: over this it follows again
    hold_s: Annotated[float, msgspec.Meta(ge=0.0, le=3600.0)] = 15.0  #: then it glides to neutral
    neutral_level: Share = 0.3
    glide_per_s: Speed = 0.01


@dataclass(frozen=True, slots=True)
class LimitedMusic:
    """Level and tempo as they may be now, and what they are on their way to.

    `wanted_bpm` is the strategy's, `asked_bpm` what it or a person wants within a person's bounds;
    `goal_level` and `goal_bpm` are where both would end; `gliding_bpm` is the tempo before small
    moves are left out, and `hurries` says that it is above the most that anybody may play.
    """

    level: float
    tempo_bpm: float
    wanted_bpm: float
    asked_bpm: float
    goal_level: float
    goal_bpm: float
    gliding_bpm: float
    hurries: bool


class MusicLimiter:
    """Moves level and tempo towards what is wanted, no faster than the limits allow.

    `tempo_of` returns the tempo in bpm that belongs to a level.
    """

    def __init__(self, limits: Limits, tempo_of: Callable[[float], float]) -> None:
        neutral_bpm = tempo_of(limits.neutral_level)
        self._tempo_of = tempo_of
        self._level = Slew(limits.neutral_level, limits.level_slew_per_s)
        self._tempo = Slew(neutral_bpm, limits.tempo_slew_bpm_per_s)
        self._sent_tempo = DeadBand(neutral_bpm, limits.tempo_dead_band_bpm)
        self.level = limits.neutral_level
        self.tempo_bpm = neutral_bpm  #: before small moves are left out

    def step(self, target: ControlTarget, wishes: Wishes, dt_s: float) -> LimitedMusic:
        """Let `dt_s` seconds pass; a wish takes the place of what the strategy wants."""
        goal = clamp(target.level if wishes.level is None else wishes.level, 0.0, 1.0)
        self.level = level = self._level.toward(goal, dt_s)
        curve_bpm = self._tempo_of(level)
        wanted_bpm = curve_bpm if target.tempo_bpm is None else target.tempo_bpm
        bpm = _bounded(wanted_bpm if wishes.tempo_bpm is None else wishes.tempo_bpm, wishes)
        most_bpm = TEMPO_RANGE_BPM[1] if target.most_bpm is None else target.most_bpm
        gliding_bpm = self._tempo.toward(clamp(min(bpm, most_bpm), *TEMPO_RANGE_BPM), dt_s)
        self.tempo_bpm = gliding_bpm
        hurries = gliding_bpm > most_bpm  # on its way down to where it may be
        there = _bounded(gliding_bpm, wishes) == gliding_bpm  # else it glides there yet
        tempo_bpm = self._sent_tempo.pass_on(gliding_bpm)
        tempo_bpm = _bounded(tempo_bpm, wishes) if there else tempo_bpm
        return LimitedMusic(
            level=level,
            tempo_bpm=tempo_bpm if hurries else min(tempo_bpm, most_bpm),
            wanted_bpm=wanted_bpm,
            asked_bpm=bpm,
            goal_level=goal,
            goal_bpm=min(self._tempo_of(goal) if bpm == curve_bpm else bpm, most_bpm),
            gliding_bpm=gliding_bpm,
            hurries=hurries,
        )


def _bounded(bpm: float, wishes: Wishes) -> float:
    """Return a tempo within a person's bounds; the upper one counts for more."""
    return min(max(bpm, wishes.tempo_least_bpm), wishes.tempo_most_bpm)
