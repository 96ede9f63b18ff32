"""From a strategy's aim to a decision: limits, and what happens when the body is out of sight."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import msgspec

from biofeedback.control.base import Aim, Decision, Strategy
from biofeedback.control.curves import Curves
from biofeedback.control.limits import DeadBand, Slew, clamp
from biofeedback.state.estimator import State
from synth.params import TEMPO_RANGE_BPM

__all__ = ["Limits", "Steering"]

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Speed = Annotated[float, msgspec.Meta(gt=0.0, le=100.0)]


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


class Steering:
    """Runs a strategy within limits; the one place where an intention becomes parameters."""

    def __init__(self, name: str, strategy: Strategy, curves: Curves, limits: Limits) -> None:
        self._name = name
        self._strategy = strategy
        self._limits = limits
        self._level = Slew(limits.neutral_level, limits.level_slew_per_s)
        self._curves = curves
        tempo_bpm = curves.tempo_bpm(limits.neutral_level)
        self._tempo = Slew(tempo_bpm, limits.tempo_slew_bpm_per_s)
        self._sent_tempo = DeadBand(tempo_bpm, limits.tempo_dead_band_bpm)
        self._setpoint: float | None = None
        self._blind_s = 0.0
        self._following = False
        self._seen = False
        self._swell = 0.0

    def step(self, state: State, dt_s: float, *, held: bool = False) -> Decision:
        """Decide for the next `dt_s` seconds; `held` means that the listener asked to stay."""
        limits = self._limits
        threshold = (
            limits.hold_below_confidence if self._following else limits.follow_above_confidence
        )
        self._following = state.confidence >= threshold or not self._strategy.follows_body
        if held:
            return self._decide(
                state, self._stay("You asked the music to hold; it stays as it is.")
            )
        if self._following:
            self._seen = True
            self._blind_s = 0.0
            aim = self._strategy.aim(state, dt_s)
            self._setpoint = aim.setpoint
            self._level.toward(clamp(aim.level, 0.0, 1.0), dt_s)
            return self._decide(state, aim, dt_s)
        self._blind_s += dt_s
        if self._blind_s <= limits.hold_s:
            return self._decide(state, self._stay(self._blind_why(state)))
        step = limits.glide_per_s * dt_s
        self._level.value += clamp(limits.neutral_level - self._level.value, -step, step)
        why = (
            "The body has been out of sight for a while, so the music glides to neutral."
            if self._seen
            else "Nothing has been heard of the body yet; the music stays neutral."
        )
        return self._decide(state, Aim(self._level.value, self._setpoint, why), dt_s)

    def _blind_why(self, state: State) -> str:
        if state.phase == "rest":
            return "Getting to know your resting state; the music stays gentle."
        return "The signal is too weak to follow, so the music holds as it is."

    def _stay(self, why: str) -> Aim:
        return Aim(self._level.value, self._setpoint, why, self._tempo.value, self._swell)

    def _decide(self, state: State, aim: Aim, dt_s: float = 0.0) -> Decision:
        level = self._level.value
        wanted_bpm = self._curves.tempo_bpm(level) if aim.tempo_bpm is None else aim.tempo_bpm
        tempo_bpm = self._sent_tempo.pass_on(
            self._tempo.toward(clamp(wanted_bpm, *TEMPO_RANGE_BPM), dt_s)
        )
        self._swell = aim.swell
        params = replace(self._curves.params(level, tempo_bpm), swell=aim.swell)
        numbers = {
            "arousal": state.arousal,
            "low": state.low,
            "high": state.high,
            "confidence": state.confidence,
            "level": level,
            "wanted_level": aim.level,
            "wanted_tempo_bpm": wanted_bpm,
        }
        return Decision(state.time_s, self._name, aim.setpoint, params, aim.why, numbers)
