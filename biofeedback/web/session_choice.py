"""What a listener chose on the page, checked, and the plan of a session that it becomes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from biofeedback.app import registry
from biofeedback.app.plan import SessionPlan, draw_seed
from biofeedback.app.recommend import tailored, within
from biofeedback.common.clock import utc_now
from biofeedback.common.errors import ConfigError
from biofeedback.config import loader
from biofeedback.config.styles import style_names
from biofeedback.simulation.listener import resting_baseline

__all__ = ["SOUND_FILE", "SessionChoice", "plan_of"]

#: What a page may ask for. Files and addresses of other computers are for the command line.
_SENSORS = ("ble:", "lsl:", "sim:")
_OUTPUTS = ("audio:", "midi:", "midi-virtual:", "null:")
SOUND_FILE = "wav:"
_WAIT_S = 30.0


class SessionChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a listener chose on the page. `minutes` None plays until somebody stops it.

    Without a programme the kind of session is chosen by what worked for the person; a style is
    then part of that.
    """

    sensor: Annotated[str, Meta(max_length=200)]
    output: Annotated[str, Meta(max_length=200)]
    programme: Annotated[str, Meta(max_length=40)] = "settle"
    style: Annotated[str, Meta(max_length=40)] = "ambient"
    volume: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.5
    minutes: Annotated[float, Meta(ge=0.5, le=240.0)] | None = None

    @property
    def simulated(self) -> bool:
        """Whether the body is a made-up one."""
        return self.sensor.startswith("sim:")


async def plan_of(
    choice: SessionChoice, profile: str | None, out: Path, loudest: float
) -> tuple[SessionPlan, float]:
    """Return the plan of a session, and the volume that it must not go beyond.

    `loudest` is that of this computer; a person may want less. Raises one of our errors for a
    choice that cannot be.
    """
    _check(choice)
    if not (choice.programme or profile):
        raise ConfigError("there is no such programme", hint="Choose one from the list.")
    seed, baseline = draw_seed(), None
    if choice.sensor == "sim:listener":
        baseline = await asyncio.to_thread(resting_baseline, seed)
    named = {"music": {"style": choice.style}} if choice.programme else {}
    plan = SessionPlan(
        config=loader.load(choice.programme or None, tables=named),
        sensors=(choice.sensor,),
        outputs=() if choice.output == "null:" else (choice.output,),
        out=out,
        seed=seed,
        duration_s=None if choice.minutes is None else 60.0 * choice.minutes,
        profile=profile,
        baseline=baseline,
        realtime=True,
        volume=loudest,
        options=registry.SensorOptions(seed=seed, wait_s=_WAIT_S),
    )
    return await asyncio.to_thread(_made_for_them, plan, choice)


def _made_for_them(plan: SessionPlan, choice: SessionChoice) -> tuple[SessionPlan, float]:
    wanted = within(plan)
    plan = replace(wanted, volume=min(choice.volume, wanted.volume))
    if not choice.programme:
        plan = tailored(plan, utc_now(), simulated=choice.simulated)
    return plan, wanted.volume


def _check(choice: SessionChoice) -> None:
    """Refuse what only the command line may ask for, or nobody."""
    plain = not any(sign in choice.sensor for sign in "/\\?")
    if not (plain and choice.sensor.startswith(_SENSORS)):
        raise ConfigError("this sensor cannot be chosen here", hint="Choose one from the list.")
    listed = choice.output.startswith(_OUTPUTS) and "?" not in choice.output
    if not listed and choice.output != SOUND_FILE:
        raise ConfigError("this output cannot be chosen here", hint="Choose one from the list.")
    if choice.programme and choice.programme not in loader.programmes():
        raise ConfigError("there is no such programme", hint="Choose one from the list.")
    if choice.style not in style_names():
        raise ConfigError("there is no such style", hint="Choose one from the list.")
