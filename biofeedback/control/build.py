"""Which strategies there are, and how a config names one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from msgspec import structs

from biofeedback.control.base import Strategy
from biofeedback.control.breathe import Breathe, BreatheSettings
from biofeedback.control.curves import Curves, Palette
from biofeedback.control.fixed import Fixed, FixedSettings, Silence
from biofeedback.control.lead import Lead, LeadSettings
from biofeedback.control.limits import Limits
from biofeedback.control.mapping import Mapping, MappingSettings
from biofeedback.control.mirror import Mirror
from biofeedback.control.music_controller import MusicController
from biofeedback.control.phases import Phase, StrategyName
from biofeedback.control.programme_runner import ProgrammeRunner, StrategySlot
from biofeedback.control.resonance import Resonance, ResonanceSettings
from biofeedback.control.safety import GroupSafety, Safety, SafetySettings
from biofeedback.control.yoked import Yoked, YokedSettings
from synth.params import MusicParams

__all__ = ["ControlSettings", "build", "own_settings"]


class ControlSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The `[control]` table: one strategy is in use, the others' settings wait.

    A programme with phases names the strategy of each.
    """

    strategy: StrategyName = "lead"
    lead: LeadSettings = LeadSettings()
    breathe: BreatheSettings = BreatheSettings()
    resonance: ResonanceSettings = ResonanceSettings()
    fixed: FixedSettings = FixedSettings()
    map: MappingSettings = MappingSettings()
    yoked: YokedSettings = YokedSettings()
    limits: Limits = Limits()
    safety: SafetySettings = SafetySettings()


def build(
    settings: ControlSettings,
    palette: Palette,
    home: MusicParams,
    phases: Sequence[Phase] = (),
    wearers: Sequence[str] = (),
) -> MusicController:
    """Return the chosen strategy, or the phases in turn, within limits.

    `home` is where the style is at home, `wearers` are those of a group.
    """
    curves = Curves(palette, home, settings.limits.neutral_level)
    parts = [_part(phase, settings) for phase in phases]
    parts = parts or [StrategySlot(settings.strategy, _builder(settings.strategy, settings))]
    one = Safety(settings.safety)
    safety = GroupSafety(settings.safety, wearers) if wearers else one
    return MusicController(ProgrammeRunner(parts), curves, settings.limits, safety)


def own_settings(phase: Phase, settings: ControlSettings) -> Phase:
    """Return a phase that says all about its strategy, from `[control]` where it says nothing."""
    match phase.strategy:
        case "lead":
            return structs.replace(phase, lead=phase.lead or settings.lead)
        case "breathe":
            return structs.replace(phase, breathe=phase.breathe or settings.breathe)
        case "resonance":
            return structs.replace(phase, resonance=phase.resonance or settings.resonance)
        case "fixed":
            return structs.replace(phase, fixed=phase.fixed or settings.fixed)
        case "yoked":
            return structs.replace(phase, yoked=phase.yoked or settings.yoked)
        case _:
            return phase


def _part(phase: Phase, settings: ControlSettings) -> StrategySlot:
    own = structs.replace(
        settings,
        lead=phase.lead or settings.lead,
        breathe=phase.breathe or settings.breathe,
        resonance=phase.resonance or settings.resonance,
        fixed=phase.fixed or settings.fixed,
        yoked=phase.yoked or settings.yoked,
    )
    return StrategySlot(phase.strategy, _builder(phase.strategy, own), phase)


def _builder(name: StrategyName, settings: ControlSettings) -> Callable[[], Strategy]:
    builders: dict[StrategyName, Callable[[], Strategy]] = {
        "lead": lambda: Lead(settings.lead),
        "mirror": Mirror,
        "breathe": lambda: Breathe(settings.breathe),
        "resonance": lambda: Resonance(settings.resonance),
        "fixed": lambda: Fixed(settings.fixed),
        "silence": Silence,
        "map": lambda: Mapping(settings.map),
        "yoked": lambda: Yoked(settings.yoked),
    }
    return builders[name]
