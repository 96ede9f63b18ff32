"""Limits that keep the music musical: clamp, slew, dead band, and who obeys them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated

import msgspec

from biofeedback.control.base import ControlTarget, Wishes
from biofeedback.control.pace import FASTEST_BPM, BreathBeats
from synth.params import TEMPO_RANGE_BPM

__all__ = ["DeadBand", "LimitedMusic", "Limits", "MusicLimiter", "Slew", "clamp"]

_SAME_PACE = 0.02  #: breaths a minute that a pace moves by at least

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

    def pass_on(self, value: float, width: float | None = None) -> float:
        """Return the input if it moved by `width`, else the last output; None is the band's own."""
        if abs(value - self.value) >= (self._width if width is None else min(width, self._width)):
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
    `paces` says that there is a pace to breathe at.
    """

    level: float
    tempo_bpm: float
    wanted_bpm: float
    asked_bpm: float
    goal_level: float
    goal_bpm: float
    gliding_bpm: float
    hurries: bool
    breath_beats: int = 8  #: of a breath
    paces: bool = False


class MusicLimiter:
    """Moves level and tempo towards what is wanted, no faster than the limits allow.

    `tempo_of` returns the tempo in bpm that belongs to a level.
    """

    def __init__(
        self, limits: Limits, tempo_of: Callable[[float], float], *, falls: bool = False
    ) -> None:
        neutral_bpm = tempo_of(limits.neutral_level)
        if falls:
            neutral_bpm = min(neutral_bpm, FASTEST_BPM)
        self._breath = BreathBeats()
        self._tempo_of = tempo_of
        self._level = Slew(limits.neutral_level, limits.level_slew_per_s)
        self._tempo = Slew(neutral_bpm, limits.tempo_slew_bpm_per_s)
        self._sent_tempo = DeadBand(neutral_bpm, limits.tempo_dead_band_bpm)
        self.level = limits.neutral_level
        self.tempo_bpm = neutral_bpm  #: before small moves are left out

    @property
    def pace_per_minute(self) -> float | None:
        """The pace to breathe at that the music has now; None without one."""
        return self.tempo_bpm / self._breath.beats if self._breath.paces else None

    def step(
        self, target: ControlTarget, wishes: Wishes, dt_s: float, *, falls: bool = False
    ) -> LimitedMusic:
        """Let `dt_s` seconds pass; a wish takes the place of what the strategy wants.

        Where the programme `falls`, no strategy makes the tempo rise.
        """
        target = self._paced(target)
        goal = clamp(target.level if wishes.level is None else wishes.level, 0.0, 1.0)
        self.level = level = self._level.toward(goal, dt_s)
        curve_bpm = self._tempo_of(level)
        wanted_bpm = curve_bpm if target.tempo_bpm is None else target.tempo_bpm
        if falls and target.pace_per_minute is None:
            wanted_bpm = min(wanted_bpm, self._tempo.value, FASTEST_BPM)
        bpm = _bounded(wanted_bpm if wishes.tempo_bpm is None else wishes.tempo_bpm, wishes)
        most_bpm = TEMPO_RANGE_BPM[1] if target.most_bpm is None else target.most_bpm
        gliding_bpm = self._tempo.toward(clamp(min(bpm, most_bpm), *TEMPO_RANGE_BPM), dt_s)
        self.tempo_bpm = gliding_bpm
        hurries = gliding_bpm > most_bpm  # on its way down to where it may be
        pace = target.pace_per_minute
        if pace is not None:
            self._breath.arrive(gliding_bpm, min(bpm, most_bpm) / self._breath.beats)
            hurries = hurries or not self._breath.there
        there = _bounded(gliding_bpm, wishes) == gliding_bpm  # else it glides there yet
        finest = None if pace is None else _SAME_PACE * self._breath.beats
        if pace is not None and gliding_bpm == min(bpm, most_bpm):
            finest = 0.0
        tempo_bpm = self._sent_tempo.pass_on(gliding_bpm, finest)
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
            breath_beats=self._breath.beats,
            paces=pace is not None,
        )

    def _paced(self, target: ControlTarget) -> ControlTarget:
        """Give a pace its tempo: with other beats a breath, the same breath goes on."""
        pace, most = target.pace_per_minute, target.most_per_minute
        if pace is None:
            self._breath.stop()
            return target
        pace = pace if most is None else min(pace, most)
        before = self._breath.beats
        if self._breath.choose(pace, self._tempo.value):
            self._tempo.value *= self._breath.beats / before
            self._sent_tempo.value = self._tempo.value
        beats = self._breath.beats
        most_bpm = FASTEST_BPM if most is None else min(FASTEST_BPM, beats * most)
        return replace(target, tempo_bpm=beats * pace, most_bpm=most_bpm)


def _bounded(bpm: float, wishes: Wishes) -> float:
    """Return a tempo within a person's bounds; the upper one counts for more."""
    return min(max(bpm, wishes.tempo_least_bpm), wishes.tempo_most_bpm)
