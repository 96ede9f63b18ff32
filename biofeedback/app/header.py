"""The first line of a session's log, made of its plan."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version

import msgspec
from msgspec import UNSET, UnsetType

from biofeedback.app.plan import SessionPlan
from biofeedback.common.clock import SessionClock
from biofeedback.engine.digest import code_digest
from biofeedback.record import lines
from biofeedback.record.processor import processor
from biofeedback.record.used import plugins_used
from biofeedback.runtime.ports import SensorSource
from biofeedback.state.baseline import Baseline
from synth.outputs.uri import OutputSpec

__all__ = ["header", "recorded_start"]

_SAME_START_S = 1.0  #: recordings that began so close to each other are of one session; ours
_VERSIONED = ("biofeedback", "bleak", "neurokit2", "numpy", "scipy")


def header(
    plan: SessionPlan,
    clock: SessionClock,
    sensors: Sequence[SensorSource],
    outputs: Sequence[OutputSpec],
    baselines: Mapping[str, Baseline],
    *,
    simulated: bool,
) -> lines.HeaderLine:
    """Return the first line of a session's log: all that is needed to regenerate what it derives.

    `baselines` are the resting values that were known, by wearer; a single listener's under "".
    """
    known = baselines if plan.config.group else baselines.get("")
    return lines.HeaderLine(
        t=0.0,
        seq=0,
        schema=lines.SCHEMA,
        versions={name: version(name) for name in _VERSIONED} | {
            "python": platform.python_version()
        },
        platform=platform.platform(),
        started_utc=clock.started_utc.isoformat(timespec="milliseconds"),
        seed=plan.seed,
        mode="live" if clock.live else "virtual",
        sensors=[_readable(sensor.uri) for sensor in sensors],
        outputs=[_readable(str(_unnamed(spec))) for spec in outputs],
        profile=plan.profile,
        simulated=simulated,
        baseline=msgspec.Raw(msgspec.json.encode(known)),
        config=msgspec.Raw(msgspec.json.encode(plan.config)),
        code=code_digest(),
        chosen=msgspec.Raw(msgspec.json.encode(plan.chosen)),
        trial=plan.trial,
        plugins=plugins_used(plan.config) or UNSET,
        processor=processor(),
        recordings={_target(s.uri): s.digest for s in sensors if s.digest},
        recorded=recorded_start(sensors),
    )  # fmt: skip


def _target(uri: str) -> str:
    return uri.partition(":")[2]


def _unnamed(spec: OutputSpec) -> OutputSpec:
    """Return an output without the path of its file, which is often named after a person."""
    return spec if spec.live or not spec.target else replace(spec, target=f"session.{spec.kind}")


def recorded_start(sources: Sequence[SensorSource]) -> str | UnsetType | None:
    """Return when the recordings that are replayed began, ISO 8601; UNSET for what is no replay.

    None where no recording tells it, or where they tell different times: all of them are played
    from session time 0 on. It has no offset where the recorder's time zone is not known.
    """
    if not sources or not all(source.digest for source in sources):
        return UNSET
    told = [source.started for source in sources if source.started is not None]
    same = all(
        (one.tzinfo is None) == (told[0].tzinfo is None)
        and abs((one - told[0]).total_seconds()) < _SAME_START_S
        for one in told
    )
    return told[0].isoformat(timespec="milliseconds") if told and same else None


def _readable(uri: str) -> str:
    """Return a URI whose path may hold bytes that are no text as text that shows them."""
    return os.fsencode(uri).decode("utf-8", "backslashreplace")
