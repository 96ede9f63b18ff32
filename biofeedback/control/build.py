"""Which strategies there are, and how a config names one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from biofeedback.control.base import Strategy
from biofeedback.control.breathe import Breathe, BreatheSettings
from biofeedback.control.course import Course, Part
from biofeedback.control.curves import Curves, Palette
from biofeedback.control.fixed import Fixed, FixedSettings
from biofeedback.control.lead import Lead, LeadSettings
from biofeedback.control.mirror import Mirror
from biofeedback.control.steering import Limits, Steering
from synth.params import MusicParams

__all__ = ["Settings", "build"]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The `[control]` table: one strategy is in use, the others' settings wait."""

    strategy: Literal["lead", "mirror", "breathe", "fixed"] = "lead"
    lead: LeadSettings = LeadSettings()
    breathe: BreatheSettings = BreatheSettings()
    fixed: FixedSettings = FixedSettings()
    limits: Limits = Limits()


def build(settings: Settings, palette: Palette, home: MusicParams) -> Steering:
    """Return the chosen strategy within its limits; `home` is where the style is at home."""
    curves = Curves(palette, home, settings.limits.neutral_level)
    return Steering(Course([Part(settings.strategy, _builder(settings))]), curves, settings.limits)


def _builder(settings: Settings) -> Callable[[], Strategy]:
    builders: dict[str, Callable[[], Strategy]] = {
        "lead": lambda: Lead(settings.lead),
        "mirror": Mirror,
        "breathe": lambda: Breathe(settings.breathe),
        "fixed": lambda: Fixed(settings.fixed),
    }
    return builders[settings.strategy]
