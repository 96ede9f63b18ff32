"""Which strategies there are, and how a config names one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from msgspec import UNSET, UnsetType, structs

from biofeedback.common import plugins
from biofeedback.common.errors import ConfigError
from biofeedback.common.plugins import PluginTables, Registry
from biofeedback.control.base import Strategy
from biofeedback.control.breathe import BreatheSettings
from biofeedback.control.curves import Curves, Palette
from biofeedback.control.direction import DirectionEvidence, DirectionSettings, DirectionTest
from biofeedback.control.fixed import FixedSettings
from biofeedback.control.lead import LeadSettings
from biofeedback.control.limits import Limits
from biofeedback.control.mapping import MappingSettings
from biofeedback.control.music_controller import MusicController
from biofeedback.control.phases import PHASED, Phase
from biofeedback.control.programme_runner import ProgrammeRunner, StrategySlot
from biofeedback.control.resonance import ResonanceSettings
from biofeedback.control.safety import GroupSafety, Safety, SafetySettings
from biofeedback.control.yoked import YokedSettings
from synth.params import MusicParams

__all__ = ["STRATEGIES", "ControlSettings", "build", "check", "own_settings", "strategy_builder"]

#: Built-in strategies take their own table of the config, where they have one; added ones take the
#: keys of `[control.plugins.NAME]` by name.
STRATEGIES: Registry[Callable[..., Strategy]] = Registry(
    "strategy",
    {
        "lead": "biofeedback.control.lead:Lead",
        "mirror": "biofeedback.control.mirror:Mirror",
        "breathe": "biofeedback.control.breathe:Breathe",
        "resonance": "biofeedback.control.resonance:Resonance",
        "fixed": "biofeedback.control.fixed:Fixed",
        "silence": "biofeedback.control.fixed:Silence",
        "map": "biofeedback.control.mapping:Mapping",
        "yoked": "biofeedback.control.yoked:Yoked",
    },
)


class ControlSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The `[control]` table: one strategy is in use, the others' settings wait.

    A programme with phases names the strategy of each.
    """

    strategy: str = "lead"
    lead: LeadSettings = LeadSettings()
    breathe: BreatheSettings = BreatheSettings()
    resonance: ResonanceSettings = ResonanceSettings()
    fixed: FixedSettings = FixedSettings()
    map: MappingSettings = MappingSettings()
    yoked: YokedSettings = YokedSettings()
    direction: DirectionSettings = DirectionSettings()
    limits: Limits = Limits()
    safety: SafetySettings = SafetySettings()
    plugins: PluginTables | UnsetType = UNSET  #: settings of strategies that packages add


def build(
    settings: ControlSettings,
    palette: Palette,
    home: MusicParams,
    phases: Sequence[Phase] = (),
    wearers: Sequence[str] = (),
    seed: int = 0,
) -> MusicController:
    """Return the chosen strategy, or the phases in turn, within limits.

    `home` is where the style is at home, `wearers` are those of a group; from the `seed` chance
    draws the steps that test the direction, in phases one after the other.
    """
    curves = Curves(palette, home, settings.limits.neutral_level)
    direction = None if wearers else _direction(settings, seed)
    parts = [_part(phase, settings, direction) for phase in phases]
    parts = parts or [
        StrategySlot(settings.strategy, strategy_builder(settings.strategy, settings, direction))
    ]
    # What is tested by chance is not guessed at from a plan that only goes down.
    rules = (
        settings.safety if direction is None else structs.replace(settings.safety, paradox=False)
    )
    safety = GroupSafety(rules, wearers) if wearers else Safety(rules)
    return MusicController(ProgrammeRunner(parts), curves, settings.limits, safety)


def check(settings: ControlSettings, phases: Sequence[Phase] = ()) -> None:
    """Raise ConfigError when a strategy is unknown, and whatever an added one has to object."""
    names = {f"phase {phase.name!r}: strategy": phase.strategy for phase in phases}
    for where, name in {"control.strategy": settings.strategy, **names}.items():
        plugin = STRATEGIES.find(name)
        if plugin is None:
            raise ConfigError(f"{where}: there is no strategy {name!r}", hint=STRATEGIES.hint(name))
        if plugin.package:
            strategy_builder(name, settings)()
    for name in settings.plugins or ():
        if name not in STRATEGIES.names or name in STRATEGIES.built_in:
            raise ConfigError(
                f"control.plugins.{name}: no package adds a strategy of this name",
                hint=STRATEGIES.hint(name),
            )


def own_settings(phase: Phase, settings: ControlSettings) -> Phase:
    """Return a phase that says all about its strategy, from `[control]` where it says nothing."""
    name = phase.strategy
    if name not in PHASED or getattr(phase, name) is not None:
        return phase
    return structs.replace(phase, **{name: getattr(settings, name)})


def _direction(settings: ControlSettings, seed: int) -> DirectionTest | None:
    known = settings.direction
    if not known.test:
        return None
    evidence = DirectionEvidence(known.known_pairs, known.known_sum, known.known_squares)
    return DirectionTest(seed, evidence, settings.fixed.level)


def _part(phase: Phase, settings: ControlSettings, direction: DirectionTest | None) -> StrategySlot:
    own = {name: table for name in PHASED if (table := getattr(phase, name)) is not None}
    build_one = strategy_builder(phase.strategy, structs.replace(settings, **own), direction)
    return StrategySlot(phase.strategy, build_one, phase)


def strategy_builder(
    name: str, settings: ControlSettings, direction: DirectionTest | None = None
) -> Callable[[], Strategy]:
    """Return what makes a strategy anew each time; raise `PluginError` when that fails."""
    make = STRATEGIES.load(name)
    if name not in STRATEGIES.built_in:
        table = (settings.plugins or {}).get(name, {})
        return lambda: plugins.build(make, table, f"control.plugins.{name}")
    if name == "lead":
        return lambda: make(settings.lead, direction)
    own = getattr(settings, name, None)
    return make if own is None else lambda: make(own)
