"""A virtual listener: a simulated body whose arousal responds to the music that it hears.

It proves that a controller closes the loop, never that music benefits a person. All its numbers
are ours; the shape is chosen from what is known: the response is slow, music moves a listener
most when it is near their present state (the idea behind the iso principle), and arousal drifts
back to its own rest without any music.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import Literal

from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.simulation.model.music_features import MusicMonitor
from biofeedback.state.baseline import Baseline, BaselineLearner, BaselineSettings
from sensors.base import Clock, SampleStream, SensorStatus, sleep_until
from sensors.simulated.body import BodySettings, SimulatedBody
from synth.params import MusicParams

__all__ = ["ArousalCourse", "ListenerSettings", "activation", "resting_baseline", "stream"]


STEP_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerSettings:
    """Who listens. A `null` listener does not respond to music at all."""

    kind: Literal["responder", "null"] = "responder"
    start: float = 0.7  #: arousal 0..1 at the beginning
    rest: float = 0.45  #: arousal to which it drifts without music
    recovery_s: float = 600.0  #: time constant of that drift
    gain_per_s: float = 0.05  #: how strongly music pulls
    reach: float = 0.35  #: how far from the present arousal music may be and still pull
    delay_s: float = 4.0  #: time constant of hearing: music acts on what was heard lately
    seed: int = 1


class ArousalCourse:
    """The listener's arousal: drift to rest, the music's pull, and restlessness."""

    def __init__(self, settings: ListenerSettings) -> None:
        self._settings = settings
        self._rng = Random(f"{settings.seed}/arousal")
        self._heard: float | None = None
        self.value = settings.start

    def step(self, music: MusicParams | None, dt_s: float) -> float:
        """Let `dt_s` seconds pass while `music` sounds (None: silence); return the arousal."""
        settings = self._settings
        pull = 0.0
        if music is not None and settings.kind == "responder":
            now = activation(music)
            before = now if self._heard is None else self._heard
            self._heard = before + (now - before) * (1 - math.exp(-dt_s / settings.delay_s))
            distance = self._heard - self.value
            pull = settings.gain_per_s * distance * math.exp(-((distance / settings.reach) ** 2))
        drift = (settings.rest - self.value) / settings.recovery_s
        noise = self._rng.gauss(0.0, 0.004) * math.sqrt(dt_s)
        self.value = min(1.0, max(0.0, self.value + (pull + drift) * dt_s + noise))
        return self.value


def activation(music: MusicParams) -> float:
    """Return how driving a music is, 0 to 1: tempo most, then density, then loudness."""
    tempo = (music.tempo_bpm - 50.0) / 60.0
    density = math.log(music.density / 0.7) / math.log(6.0)
    return min(1.0, max(0.0, 0.5 * tempo + 0.3 * density + 0.2 * music.dynamics))


async def stream(settings: ListenerSettings, clock: Clock, ear: MusicMonitor) -> SampleStream:
    """Yield the RR intervals and the EDA of a body that hears what `ear` hears."""
    start_s = float(math.floor(clock()))
    arousal = ArousalCourse(settings)
    course = ((0.0, settings.start),)
    body = SimulatedBody(
        BodySettings(profile=course, seed=settings.seed), "virtual listener", start_s
    )
    yield SensorStatus(
        "virtual listener", clock(), "streaming", 100, True, "Simulated: not a person."
    )
    step = 0
    while True:
        step += 1
        await sleep_until(start_s + step * STEP_S, clock)
        for chunk in body.step(start_s + step * STEP_S, arousal.step(ear.music, STEP_S)):
            yield chunk


REST_AROUSAL = 0.3


def resting_baseline(seed: int, rest_s: int = 180) -> Baseline | None:
    """Return what `rest_s` seconds of rest without music teach about the listener of a seed."""
    body = SimulatedBody(
        BodySettings(profile=((0.0, REST_AROUSAL),), seed=seed), "virtual listener"
    )
    bank, learner = MetricBank(MetricSettings()), BaselineLearner(BaselineSettings(rest_s=rest_s))
    for second in range(1, rest_s + 61):
        for chunk in body.step(float(second)):
            bank.feed(chunk)
        learner.feed(bank.read(float(second)), float(second))
    return learner.result()
