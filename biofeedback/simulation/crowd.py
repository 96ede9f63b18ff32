"""Listeners by family, kind and seed: one with a body and sensors, or many minds at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from random import Random
from typing import Literal, Protocol, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from biofeedback.common.plugins import Registry
from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.simulation.artefact_model import ArtefactModel
from biofeedback.simulation.family_a import body as body_a
from biofeedback.simulation.family_a import response_model as mind_a
from biofeedback.simulation.family_a import traits as traits_a
from biofeedback.simulation.family_b import body as body_b
from biofeedback.simulation.family_b import response_model as mind_b
from biofeedback.simulation.family_b import traits as traits_b
from biofeedback.simulation.model.listener_types import KINDS, KindName
from biofeedback.simulation.model.music_features import MusicFeatures
from biofeedback.simulation.model.noise_streams import deviations
from biofeedback.state.baseline import Baseline, BaselineLearner, BaselineSettings
from sensors.base import SensorStatus
from sensors.signals import Chunk, FloatArray, Gap
from synth.params import MusicParams

__all__ = [
    "FAMILIES",
    "LISTENERS",
    "BodyModel",
    "BreathingModel",
    "FamilyName",
    "ListenerFamily",
    "ListenerGroup",
    "ResponseModel",
    "VirtualListener",
    "VirtualWearer",
    "family_of",
    "minds",
]

FamilyName = Literal["a", "b"]
FAMILIES: tuple[FamilyName, ...] = get_args(FamilyName)
STEP_S = 0.5
Anyone = TypeVar("Anyone", traits_a.TraitsA, traits_b.TraitsB)


class BreathingModel(Protocol):
    """Breathing of n listeners."""

    @property
    def phase(self) -> FloatArray:
        """Cycles so far."""

    @property
    def rate_hz(self) -> FloatArray:
        """Rate now."""

    @property
    def captured(self) -> FloatArray:
        """How firmly each breathes with the music, 0 to 1."""


class ResponseModel(Protocol):
    """Arousal and breathing of n listeners."""

    arousal: FloatArray
    struck: NDArray[np.bool_]  #: in the last step something from outside stirred this listener up

    @property
    def breathing(self) -> BreathingModel:
        """Their breathing."""

    def step(self, heard: MusicFeatures) -> FloatArray:
        """Let half a second of music pass; return the arousal."""

    def appreciation(self, heard: MusicFeatures) -> FloatArray:
        """Return how much each likes the music, about -1 to 1."""


class BodyModel(Protocol):
    """One body, as sensors see it."""

    resonance_hz: float  #: the rate of breathing at which this heart swings most

    def step(self, deviation: float, phase: float, rate_hz: float) -> list[Chunk]:
        """Let half a second pass; return what sensors see of it.

        `deviation` is that of arousal from rest, in standard deviations; `phase` that of the
        breath at its end, in cycles.
        """


class ListenerFamily(Protocol):
    """A model of people who listen: what they feel, and what a body shows of it."""

    def respond(
        self, kinds: Sequence[KindName], seeds: Sequence[int], day: int, alike: int | None
    ) -> ResponseModel:
        """Return the minds of listeners, as `minds` does."""

    def body(self, seed: int) -> BodyModel:
        """Return the body of the listener of a seed."""


class FamilyA:
    """Delayed responses of second order, and a heart that a baroreflex swings."""

    @staticmethod
    def respond(
        kinds: Sequence[KindName], seeds: Sequence[int], day: int, alike: int | None
    ) -> ResponseModel:
        """Return the minds of listeners."""
        traits = _drawn(traits_a.draw, kinds, seeds, day, alike)
        return mind_a.ResponseA(traits, seeds, day)

    @staticmethod
    def body(seed: int) -> BodyModel:
        """Return one body."""
        return body_a.BodyA(seed)


class FamilyB:
    """Memory, boredom and restlessness, built apart from family A."""

    @staticmethod
    def respond(
        kinds: Sequence[KindName], seeds: Sequence[int], day: int, alike: int | None
    ) -> ResponseModel:
        """Return the minds of listeners."""
        traits = _drawn(traits_b.draw, kinds, seeds, day, alike)
        return mind_b.ResponseB(traits, seeds, day)

    @staticmethod
    def body(seed: int) -> BodyModel:
        """Return one body."""
        return body_b.BodyB(seed)


#: A package adds a family with an entry point in the group `biofeedback.listeners`: a module, or
#: any object, with the functions of `ListenerFamily`.
LISTENERS: Registry[ListenerFamily] = Registry(
    "listener", {"a": f"{__name__}:FamilyA", "b": f"{__name__}:FamilyB"}
)


def family_of(name: str) -> str:
    """Return the name of a family; raise ValueError for any other text."""
    if LISTENERS.find(name) is None:
        raise ValueError(f"there is no family of listeners {name!r}. {LISTENERS.hint(name)}")
    return name


def minds(
    family: str,
    kinds: Sequence[KindName],
    seeds: Sequence[int],
    day: int = 0,
    alike: int | None = None,
) -> ResponseModel:
    """Return the minds of listeners, without bodies.

    On another `day` the same people have other noise, another start and another tonic level.
    `alike` is the seed of one whom all of them are like but for these.
    """
    return LISTENERS.load(family).respond(kinds, seeds, day, alike)


def _drawn(
    draw: Callable[[Sequence[KindName], Sequence[int], int], Anyone],
    kinds: Sequence[KindName],
    seeds: Sequence[int],
    day: int,
    alike: int | None,
) -> Anyone:
    """Return who listeners are; `alike` is whose traits all have, but for those of the day."""
    traits = draw(kinds, seeds, day)
    if alike is None:
        return traits
    one = draw(kinds[:1], [alike], day)
    own = {
        field.name: np.repeat(getattr(one, field.name), len(traits), axis=-1)
        for field in fields(one)
        if field.name not in ("tonic", "level", "start")
    }
    return replace(traits, **own)


class VirtualWearer:
    """One listener's body and what it wears; the mind is the crowd's."""

    def __init__(self, family: str, kind: KindName, seed: int) -> None:
        self._seed = seed
        self._make_body = LISTENERS.load(family).body
        self._body = self._make_body(seed)
        self._wearing = ArtefactModel(KINDS[kind], seed)

    @property
    def resonance_hz(self) -> float:
        """The rate of breathing at which this heart swings most."""
        return self._body.resonance_hz

    def step(
        self, deviation: float, phase: float, rate_hz: float, now_s: float
    ) -> list[Chunk | Gap | SensorStatus]:
        """Return what the sensors send of the half second that ends at `now_s`."""
        chunks = self._body.step(deviation, phase, rate_hz)
        return self._wearing.pass_on(chunks, now_s, STEP_S)

    def resting_baseline(self, rate_hz: float, rest_s: int = 180) -> Baseline | None:
        """Return what a quiet rest on another day teaches, breathing about `rate_hz`."""
        body, rng = self._make_body(self._seed), Random(f"{self._seed}/rest")
        bank, learner = (
            MetricBank(MetricSettings()),
            BaselineLearner(BaselineSettings(rest_s=rest_s)),
        )
        phase = deviation = 0.0
        keep = math.exp(-STEP_S / 60.0)
        for half_second in range(1, 2 * (rest_s + 62)):
            phase += STEP_S * rate_hz * rng.uniform(0.8, 1.2)
            deviation = keep * deviation + 0.3 * math.sqrt(1.0 - keep**2) * rng.gauss(0.0, 1.0)
            for chunk in body.step(deviation, phase, rate_hz):
                bank.feed(chunk)
            if half_second % 2 == 0:
                now_s = half_second * STEP_S
                learner.feed(bank.read(now_s), now_s)
                if learner.complete:
                    break
        return learner.result()


class ListenerGroup:
    """Listeners of one family, each with a body that sensors see and a music of their own."""

    def __init__(
        self,
        family: str,
        kinds: Sequence[KindName],
        seeds: Sequence[int],
        styles: Sequence[str],
    ) -> None:
        self.minds = minds(family, kinds, seeds)
        self.wearers = [
            VirtualWearer(family, k, seed) for k, seed in zip(kinds, seeds, strict=True)
        ]
        self.struck: NDArray[np.bool_] = np.zeros(len(seeds), dtype=bool)  #: in the last second
        self._styles = tuple(styles)
        self._now_s = 0.0

    def step(self, music: Sequence[MusicParams | None]) -> list[list[Chunk | Gap | SensorStatus]]:
        """Return what each listener's sensors send during the next second; None is silence."""
        heard = MusicFeatures.of(music, self._styles)
        arrived: list[list[Chunk | Gap | SensorStatus]] = [[] for _ in self.wearers]
        self.struck = np.zeros(len(self.wearers), dtype=bool)
        for _ in range(2):
            moved = deviations(self.minds.step(heard)).tolist()
            self.struck |= self.minds.struck
            breaths = self.minds.breathing
            self._now_s += STEP_S
            bodies = zip(
                self.wearers, moved, breaths.phase.tolist(), breaths.rate_hz.tolist(), strict=True
            )
            for sent, (wearer, deviation, phase, rate_hz) in zip(arrived, bodies, strict=True):
                sent += wearer.step(deviation, phase, rate_hz, self._now_s)
        return arrived


class VirtualListener:
    """A company of one; `advance` lets a second of music pass."""

    def __init__(self, family: str, kind: KindName, seed: int, style: str) -> None:
        self._company = ListenerGroup(family, [kind], [seed], [style])
        self.minds = self._company.minds

    @property
    def arousal(self) -> float:
        """The arousal that the sensors can only guess."""
        return float(self.minds.arousal[0])

    @property
    def resonance_hz(self) -> float:
        """The rate of breathing at which this heart swings most."""
        return self._company.wearers[0].resonance_hz

    def step(self, music: MusicParams | None) -> list[Chunk | Gap | SensorStatus]:
        """Return what the sensors send during the next second of a music; None is silence."""
        return self._company.step([music])[0]

    def resting_baseline(self, rest_s: int = 180) -> Baseline | None:
        """Return what a quiet rest on another day teaches about this listener."""
        rate_hz = float(self.minds.breathing.rate_hz[0])
        return self._company.wearers[0].resting_baseline(rate_hz, rest_s)
