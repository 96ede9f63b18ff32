"""The fast tier: the minds of the full tier and the real strategies, without bodies and metrics.

What stands in for sensors, metrics and estimator is a lag, a gain and an offset that differ
between people, and noise. Their sizes were measured on the full tier with seeds 9000 to 9059, which
no benchmark uses. It is for the statistics of learners and trials, where a thousand listeners are
needed, and only as good as its comparison with the full tier, which `benchmarks/lab.py` prints.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biofeedback.config.schema import Config
from biofeedback.config.styles import load_style
from biofeedback.control.build import build
from biofeedback.control.music_controller import MusicController
from biofeedback.metrics.base import Reading
from biofeedback.simulation.crowd import BreathingModel, FamilyName, minds
from biofeedback.simulation.model.listener_types import KindName
from biofeedback.simulation.model.music_features import MusicFeatures
from biofeedback.simulation.model.noise_streams import NoiseStreams, arousal_of, deviations
from biofeedback.state.estimator import State
from sensors.signals import FloatArray
from synth.compose.style import Style
from synth.params import MusicParams

__all__ = ["Outcomes", "sessions"]

_TICK_S = 1.0
#: A decision costs more than all the rest, and one in 2 s differs little from two a second.
_DECIDES_EVERY = 2
_PLANTED_S = 60.0
_CONFIDENCE = 0.9
_BREATH_WINDOW_S = 40.0
#: Nothing is seen of a body at first, then the estimate comes up within seconds.
_UNSEEN_S, _APPEARS_S = 10.0, 8.0


@dataclass(frozen=True, slots=True)
class Sight:
    """How the program sees the listeners of a family: what was measured on the full tier."""

    lag_s: float
    gain: tuple[float, float]  #: mean and standard deviation between people
    offset: tuple[float, float]
    together: float  #: correlation of gain and offset
    noise: float
    noise_s: float
    regular: float  #: how firmly a breath must be with the music for its rate to be measured


_SIGHT: dict[FamilyName, Sight] = {
    "a": Sight(20.0, (1.12, 0.26), (0.1, 0.45), -0.66, 0.27, 60.0, 0.6),
    "b": Sight(20.0, (1.1, 0.18), (0.02, 0.28), -0.34, 0.2, 24.0, 0.85),
}


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What a session did, for each of n listeners.

    `arousal` has a row for each second; `seen` is the program's estimate of it; `liked` how much
    each liked the music on average, -1 to 1; `breaths` the rate a minute, a row for each second.
    """

    arousal: FloatArray
    seen: FloatArray
    breaths: FloatArray
    liked: FloatArray

    @property
    def fall(self) -> FloatArray:
        """Arousal of the first minute less that of the last two."""
        return np.asarray(self.arousal[:60].mean(axis=0) - self.arousal[-120:].mean(axis=0))

    @property
    def seen_fall(self) -> FloatArray:
        """The same of the estimate; its first half minute does not count, it is not there yet."""
        return np.asarray(self.seen[30:90].mean(axis=0) - self.seen[-120:].mean(axis=0))


def sessions(
    family: FamilyName,
    kinds: Sequence[KindName],
    seeds: Sequence[int],
    configs: Sequence[Config],
    minutes: float,
    day: int = 0,
    planted: FloatArray | None = None,
    alike: int | None = None,
) -> Outcomes:
    """Let each listener hear one session with a config of their own.

    Another `day` has other noise and another start for the same people. `planted` is an effect of
    known size for each, in standard deviations of rest, that arousal falls by in the first
    minutes, whatever the music does: a difference between options that is known to be there.
    `alike` is the seed of one whom all of them are like.
    """
    crowd = minds(family, kinds, seeds, day, alike)
    sight = _Eye(family, seeds, day)
    steerings = [_steering(c, seed) for c, seed in zip(configs, seeds, strict=True)]
    styles = [config.music.style for config in configs]
    music: list[MusicParams | None] = [None] * len(seeds)
    rows: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    liked = np.zeros(len(seeds))
    for second in range(1, round(60 * minutes) + 1):
        heard = MusicFeatures.of(music, styles)
        for _ in range(2):
            crowd.step(heard)
        arousal = crowd.arousal
        if planted is not None:
            share = 1.0 - math.exp(-second / _PLANTED_S)
            arousal = arousal_of(deviations(arousal) - share * planted)
        seen, breaths, regular = sight.look(arousal, crowd.breathing)
        liked = liked + crowd.appreciation(heard)
        rows.append((arousal, seen, breaths))
        if second % _DECIDES_EVERY:
            continue
        for index, steering in enumerate(steerings):
            rate = float(breaths[index]) if regular[index] else None
            music[index] = _decide(steering, float(second), float(seen[index]), rate)
    arousals, seen_rows, breath_rows = (np.stack(column) for column in zip(*rows, strict=True))
    return Outcomes(arousals, seen_rows, breath_rows, liked / len(rows))


class _Eye:
    """What the program makes of each listener's body."""

    def __init__(self, family: FamilyName, seeds: Sequence[int], day: int) -> None:
        self._sight = sight = _SIGHT[family]
        own = np.array([np.random.default_rng([seed, 31]).standard_normal(2) for seed in seeds]).T
        mixed = sight.together * own[0] + math.sqrt(1.0 - sight.together**2) * own[1]
        self._gain = np.clip(sight.gain[0] + sight.gain[1] * own[0], 0.3, 2.0)
        self._offset = sight.offset[0] + sight.offset[1] * mixed
        self._streams = NoiseStreams(seeds, 32 + 100 * day, 2)
        self._noise = self._streams.step()[0] * sight.noise
        self._time_s = 0.0
        self._lagged: FloatArray | None = None
        self._breaths: FloatArray | None = None

    def look(
        self, arousal: FloatArray, breathing: BreathingModel
    ) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
        """Return the estimated arousal and breathing rate of each, and whether that is sure."""
        sight = self._sight
        true, rate = deviations(arousal), 60.0 * breathing.rate_hz
        drawn, wobble = self._streams.step()
        if self._lagged is None or self._breaths is None:
            self._lagged, self._breaths = true.copy(), rate.copy()
        keep = math.exp(-_TICK_S / sight.noise_s)
        self._noise = keep * self._noise + sight.noise * math.sqrt(1.0 - keep**2) * drawn
        self._lagged = self._lagged + _TICK_S / sight.lag_s * (true - self._lagged)
        self._breaths = self._breaths + _TICK_S / _BREATH_WINDOW_S * (rate - self._breaths)
        self._time_s += _TICK_S
        there = 1.0 - math.exp(-max(0.0, self._time_s - _UNSEEN_S) / _APPEARS_S)
        seen = arousal_of(there * (self._gain * self._lagged + self._offset + self._noise))
        regular = (breathing.captured > sight.regular) & (self._time_s > _BREATH_WINDOW_S)
        return seen, self._breaths + 0.2 * wobble, regular


@functools.cache
def _style(name: str) -> Style:
    return load_style(name)


def _steering(config: Config, seed: int) -> MusicController:
    style = _style(config.music.style)
    return build(config.control, config.music.palette, style.settings.home, seed=seed)


def _decide(
    steering: MusicController, now_s: float, seen: float, rate: float | None
) -> MusicParams:
    quality = 0.0 if rate is None else 0.8
    reading = Reading("breathing_rate", rate, "1/min", 64.0, now_s, quality, 1.0)
    confidence = 0.0 if now_s <= _UNSEEN_S else _CONFIDENCE
    state = State(now_s, seen, seen, seen, confidence, "tracking", {}, rate)
    dt_s = _DECIDES_EVERY * _TICK_S
    return steering.step(state, dt_s, readings=(reading,), phrase_start=True).params
