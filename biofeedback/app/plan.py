"""What a session shall be, and what follows from it before anything is opened."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path

from msgspec import structs

from biofeedback.app import registry
from biofeedback.config.schema import Config
from biofeedback.mqtt.address import Login
from biofeedback.personal import profiles
from biofeedback.personal.learner import LearnedChoice
from biofeedback.record import lines
from biofeedback.runtime.ports import SensorSource
from biofeedback.state.baseline import Baseline
from biofeedback.storage.paths import sessions_folder
from synth.errors import MapError
from synth.outputs.uri import OutputSpec

__all__ = [
    "MOST_SEED",
    "SessionPlan",
    "draw_seed",
    "known_baselines",
    "sensor_sources",
    "with_known",
    "with_map",
]

MOST_SEED = 999_999_999  #: nine digits: short enough to type, and two of a million rarely agree


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPlan:
    """What a session shall be. `realtime` makes a replay or a simulation wait."""

    config: Config
    sensors: tuple[str, ...]
    outputs: tuple[str, ...] = ()
    out: Path = field(default_factory=sessions_folder)
    seed: int = 1
    duration_s: float | None = None
    profile: str | None = None
    baseline: Baseline | None = None  #: instead of the profile's
    rest_anew: bool = False  #: learn the resting values again, whatever the profile has
    realtime: bool = False
    volume: float = 0.7
    midi_map: str = ""  #: name or file of the map of every MIDI output that names none
    wearers: tuple[str, ...] = ()  #: whose each sensor is, in a group
    controls: tuple[str, ...] = ()  #: what steers it besides keys: midi:PORT, osc:[HOST:]PORT
    clock: str = ""  #: the MIDI port whose clock the music follows
    chosen: LearnedChoice | None = None  #: what the learner chose; `config` has it already
    lsl: str = ""  #: name of the LSL streams that the session sends; none when empty
    mqtt: Login | None = None  #: of the broker that the session is told to
    ask_every_s: float | None = None  #: questions before, after and so often; 0 leaves out these
    trial: lines.TrialItem | None = None  #: what was played then stands in the log alone
    options: registry.SensorOptions = field(default_factory=registry.SensorOptions)


def draw_seed() -> int:
    """Return a seed from 1 to `MOST_SEED`, from the system's own source of randomness.

    It stands in the session's header, and `--seed` repeats the session's music with it.
    """
    return 1 + secrets.randbelow(MOST_SEED)


def sensor_sources(plan: SessionPlan) -> list[SensorSource]:
    """Return the sensors; each wearer of a group has a simulated body of their own."""
    wearers = plan.wearers or ("",) * len(plan.sensors)
    known = list(dict.fromkeys(wearers))
    sources = []
    for place, (uri, wearer) in enumerate(zip(plan.sensors, wearers, strict=True), 1):
        own = replace(plan.options, place=place, seed=plan.options.seed + known.index(wearer))
        sources.append(replace(registry.sensor(uri, own), wearer=wearer))
    return sources


def known_baselines(plan: SessionPlan, stored: profiles.Profile | None) -> dict[str, Baseline]:
    """Return the resting values that are known, by wearer; a single listener's under ""."""
    if plan.config.group is None:
        known = stored.baseline if stored and not plan.rest_anew else None
        known = plan.baseline or known
        return {"": known} if known else {}
    if plan.rest_anew or not plan.wearers:
        return {}
    found = {name: profiles.load(name).baseline for name in plan.config.group.wearers}
    return {name: baseline for name, baseline in found.items() if baseline}


def with_known(plan: SessionPlan, profile: profiles.Profile | None) -> SessionPlan:
    """Return the plan with what the person's profile knows, where the plan itself says nothing."""
    return plan if profile is None else _with_direction(_with_resonance(plan, profile), profile)


def _with_direction(plan: SessionPlan, profile: profiles.Profile) -> SessionPlan:
    """Let the evidence of earlier sessions stand for the music of this one."""
    control, known = plan.config.control, profile.direction
    if known is None or control.direction.known_pairs:
        return plan
    direction = structs.replace(
        control.direction,
        known_pairs=known.pairs,
        known_sum=known.total,
        known_squares=known.squares,
    )
    control = structs.replace(control, direction=direction)
    return replace(plan, config=structs.replace(plan.config, control=control))


def _with_resonance(plan: SessionPlan, profile: profiles.Profile) -> SessionPlan:
    """Return the plan with the person's own slow rate, if it is known and none is given."""
    control = plan.config.control
    known = profile.resonance_per_minute
    if known is None or control.resonance.known_per_minute:
        return plan
    resonance = structs.replace(control.resonance, known_per_minute=known)
    phases = tuple(
        structs.replace(phase, resonance=structs.replace(phase.resonance, known_per_minute=known))
        if phase.resonance and not phase.resonance.known_per_minute
        else phase
        for phase in plan.config.phase
    )
    control = structs.replace(control, resonance=resonance)
    return replace(plan, config=structs.replace(plan.config, control=control, phase=phases))


def with_map(specs: list[OutputSpec], midi_map: str) -> list[OutputSpec]:
    """Return the outputs, those with the map that take one and name none."""
    if midi_map and not any(spec.mapped for spec in specs):
        raise MapError(
            f"no output takes the MIDI map {midi_map!r}",
            hint="Add one that does, such as midi:PORT or mid:PATH, or leave the map out.",
        )
    return [
        replace(spec, midi_map=spec.midi_map or midi_map) if spec.mapped else spec for spec in specs
    ]
