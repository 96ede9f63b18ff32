"""What is worn, by one person or by several, as the core sees it: samples in, states out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import msgspec

from biofeedback.group.rules import contributions, mean, mean_readings, weights
from biofeedback.group.settings import MARK, GroupSettings, wearer_of
from biofeedback.group.synchrony import Synchrony
from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.metrics.base import Reading
from biofeedback.metrics.beats import Beat
from biofeedback.metrics.scr import Scr
from biofeedback.metrics.windowed import Window, WindowResult
from biofeedback.state.baseline import Baseline
from biofeedback.state.estimator import Estimator, EstimatorSettings, State, SubjectState
from sensors.base import SensorStatus
from sensors.signals import Chunk, Gap

__all__ = ["Measured", "SingleSubject", "Snapshot", "SubjectEvent", "SubjectGroup", "Subjects"]

#: What subjects are fed with.
Measured = Chunk | Gap | SensorStatus | WindowResult


@dataclass(frozen=True, slots=True)
class SubjectEvent:
    """A beat or a skin response of one wearer of a group."""

    wearer: str
    item: Beat | Scr


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known at a tick; `bodies` and `together` (0 to 1) belong to groups.

    `window` is what the worker shall compute from, where that is due.
    """

    readings: tuple[Reading, ...]
    state: State
    window: Window | None = None
    bodies: Mapping[str, SubjectState] = field(default_factory=dict)
    together: float = 0.0


class Subjects(Protocol):
    """One body, or several."""

    def feed(self, item: Measured) -> tuple[Beat | Scr | SubjectEvent, ...]:
        """Take in what a sensor sent, or the worker's result; return what it completed."""
        ...

    def sense(self, now_s: float) -> Snapshot:
        """Return what is known now; times do not go backwards."""
        ...

    @property
    def baselines(self) -> dict[str, Baseline]:
        """The resting values that are known, by wearer; one body's under ""."""
        ...


class SingleSubject:
    """A bank of metrics and an estimator."""

    def __init__(
        self, metrics: MetricSettings, state: EstimatorSettings, baseline: Baseline | None
    ) -> None:
        self._metrics = MetricBank(metrics)
        self._estimator = Estimator(state, baseline)
        self._learned = False

    def feed(self, item: Measured) -> tuple[Beat | Scr, ...]:
        """Take in what a sensor sent, or the worker's result; return what it completed."""
        return self._metrics.feed(item)

    def sense(self, now_s: float) -> Snapshot:
        """Return what is known now."""
        readings = self._metrics.read(now_s)
        state = self._estimator.step(readings, now_s, irregular=self._metrics.irregular)
        self._learned = state.phase == "tracking"
        return Snapshot(readings, state, self._metrics.window(now_s))

    @property
    def baselines(self) -> dict[str, Baseline]:
        """The resting values, once the rest is over."""
        known = self._estimator.baseline if self._learned else None
        return {} if known is None else {"": known}


class SubjectGroup:
    """A body for each wearer, and one state by rule.

    Readings of the group come first, under their usual names; then each wearer's, as NAME/READING,
    their arousal among them. The long windows of the worker, which have no place for whose they
    are, are left to analysis afterwards.
    """

    def __init__(
        self,
        settings: GroupSettings,
        metrics: MetricSettings,
        state: EstimatorSettings,
        baselines: Mapping[str, Baseline],
    ) -> None:
        self._settings = settings
        self._bodies = {
            name: SingleSubject(metrics, state, baselines.get(name)) for name in settings.wearers
        }
        self._synchrony = Synchrony(settings.wearers)

    def feed(self, item: Measured) -> tuple[SubjectEvent, ...]:
        """Take in what a wearer's sensor sent; what is of nobody counts for nobody."""
        name = "" if isinstance(item, WindowResult) else wearer_of(item.source)
        body = self._bodies.get(name)
        if body is None:
            return ()
        found = body.feed(item)
        for each in found:
            if isinstance(each, Beat):
                self._synchrony.feed(name, each)
        return tuple(SubjectEvent(name, each) for each in found)

    def sense(self, now_s: float) -> Snapshot:
        """Return what each does, and what the rule makes of it."""
        bodies = {}
        for name, body in self._bodies.items():
            sensed = body.sense(now_s)
            bodies[name] = SubjectState(sensed.state, sensed.readings)
        state, readings = self._ruled(bodies, now_s)
        alike = self._synchrony.read(now_s)
        value = alike[0].value if self._settings.rule == "synchrony" else None
        each = (reading for name, body in bodies.items() for reading in _named(name, body))
        return Snapshot((*readings, *each, *alike), state, bodies=bodies, together=value or 0.0)

    def _ruled(
        self, bodies: Mapping[str, SubjectState], now_s: float
    ) -> tuple[State, tuple[Reading, ...]]:
        if self._settings.rule == "leader":
            leader = bodies[self._settings.leader]
            known = contributions({name: body.state for name, body in bodies.items()})
            return replace(leader.state, contributions=known), leader.readings
        shares = weights(bodies)
        return mean(bodies, shares, now_s), mean_readings(bodies, shares)

    @property
    def baselines(self) -> dict[str, Baseline]:
        """The resting values of those whose rest is over."""
        return {
            name: known for name, body in self._bodies.items() for known in body.baselines.values()
        }


def _named(name: str, body: SubjectState) -> tuple[Reading, ...]:
    state = body.state
    arousal = Reading(
        f"{name}{MARK}arousal", state.arousal, "", 0.0, state.time_s, state.confidence, 1.0
    )
    own = (
        msgspec.structs.replace(reading, name=f"{name}{MARK}{reading.name}")
        for reading in body.readings
    )
    return arousal, *own
