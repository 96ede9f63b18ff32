"""The phases of a programme as a person writes them in TOML, and when each is over."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from biofeedback.control.base import ControlInput
from biofeedback.control.breathe import BreatheSettings
from biofeedback.control.fixed import FixedSettings
from biofeedback.control.lead import LeadSettings
from biofeedback.control.resonance import ResonanceSettings
from biofeedback.control.yoked import YokedSettings

__all__ = ["PHASED", "Phase", "PhaseEnd", "PhaseWatch", "check", "length_minutes"]

Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Seconds = Annotated[float, Meta(ge=0.0, le=3600.0)]

#: Strategies whose settings a phase may have for itself.
PHASED = ("lead", "breathe", "fixed", "resonance", "yoked")
#: Strategies that can never reach an end of their own.
_ENDLESS = ("mirror", "fixed", "silence", "map", "yoked")
_CONFIDENT = 0.25


class PhaseEnd(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What ends a phase: whichever comes first."""

    minutes: Annotated[float, Meta(gt=0.0, le=480.0)] | None = None
    arousal_below: Annotated[float, Meta(gt=0.0, le=1.0)] | None = None
    for_s: Seconds = 20.0  #: so long without a break, for `arousal_below`
    baseline_known: bool = False
    relaxation_at_least: Annotated[float, Meta(ge=0.0, le=10.0)] | None = None
    finished: bool = False  #: the strategy has reached what it was there for


class Phase(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One `[[phase]]` table; a strategy's settings default to those of `[control]`."""

    name: Annotated[str, Meta(min_length=1, max_length=40)]
    strategy: str
    until: PhaseEnd = PhaseEnd()
    loudness: Share = 1.0  #: share of the usual loudness
    fade_s: Annotated[float, Meta(gt=0.0, le=3600.0)] = 30.0  #: from silence to all of it
    falls: bool = False  #: the tempo stays at 80 at most, and neither it nor the onsets rise
    lead: LeadSettings | None = None
    breathe: BreatheSettings | None = None
    fixed: FixedSettings | None = None
    resonance: ResonanceSettings | None = None
    yoked: YokedSettings | None = None


class PhaseWatch:
    """Watches one phase for its end."""

    def __init__(self, until: PhaseEnd) -> None:
        self._until = until
        self._below_s = 0.0
        self.elapsed_s = 0.0

    @property
    def left_s(self) -> float | None:
        """How long the phase lasts at most from now on; None without a bound."""
        minutes = self._until.minutes
        return None if minutes is None else max(0.0, 60.0 * minutes - self.elapsed_s)

    def is_over(self, moment: ControlInput, *, finished: bool) -> bool:
        """Take in a moment; return whether one of the conditions holds."""
        until, state = self._until, moment.state
        self.elapsed_s += moment.dt_s
        below = until.arousal_below is not None and state.arousal < until.arousal_below
        trusted = state.phase == "tracking" and state.confidence >= _CONFIDENT
        self._below_s = self._below_s + moment.dt_s if below and trusted else 0.0
        relaxed = moment.rated.get("relaxation", -1.0)
        return (
            (until.minutes is not None and self.elapsed_s >= 60.0 * until.minutes)
            or (below and trusted and self._below_s >= until.for_s)
            or (until.baseline_known and state.phase == "tracking")
            or (until.relaxation_at_least is not None and relaxed >= until.relaxation_at_least)
            or (until.finished and finished)
        )


def check(phases: Sequence[Phase]) -> None:
    """Raise ValueError that names the phase and the key when a programme cannot be performed."""
    names: set[str] = set()
    for place, phase in enumerate(phases, 1):
        where, until = f"phase {phase.name!r}", phase.until
        if phase.name in names:
            raise ValueError(f"{where}: name: there are two phases of this name")
        names.add(phase.name)
        if until.minutes is None and place < len(phases):
            raise ValueError(f"{where}: until.minutes: it may never end, so nothing can follow it")
        if until.finished and phase.strategy in _ENDLESS:
            raise ValueError(f"{where}: until.finished: {phase.strategy!r} never finishes")
        if until.arousal_below is not None and until.minutes is not None:
            if until.for_s > 60.0 * until.minutes:
                raise ValueError(f"{where}: until.for_s: it is longer than the phase")
        for name in PHASED:
            if getattr(phase, name) is not None and phase.strategy != name:
                raise ValueError(f"{where}: {name}: its strategy is {phase.strategy!r}")


def length_minutes(phases: Sequence[Phase]) -> float | None:
    """Return how long a programme lasts at most; None when it goes on until it is stopped."""
    minutes = [phase.until.minutes for phase in phases]
    known = [m for m in minutes if m is not None]
    return math.fsum(known) if phases and len(known) == len(minutes) else None
