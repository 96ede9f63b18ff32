"""A person's resting values, learnt in a few quiet minutes, and how far from them a value lies.

What is compared, here called features, are heart rate, ln RMSSD, ln SCL and ln(1 + SCR/min): the
logarithms make a step of equal size mean the same at every level.

A wristband put on in the middle of a session has no resting values. While they are learnt, its
values are compared with what the other readings say at the same time: the resting value is the one
that would make both agree. That is weaker than a rest of its own and is never stored in a profile.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from biofeedback.common.portable_math import log, log1p
from biofeedback.metrics.base import Reading

__all__ = [
    "POPULATION",
    "Baseline",
    "BaselineLearner",
    "BaselineSettings",
    "Feature",
    "LateBaseline",
    "PopulationPrior",
    "RestingValue",
    "feature",
    "features",
]


#: What tells that somebody did not rest: a heart rate whose last third lies so far from its first,
#: or that spreads as no resting heart's does, in beats a minute; so much of the time in motion. One
#: of 17 people who were asked to rest does more in three minutes, none in five. Ours.
_MOST_TREND_BPM, _MOST_SPREAD_BPM, _MOST_MOVING = 14.0, 15.0, 0.25
_SOUND_QUALITY, _MOVING_G = 0.5, 0.1
#: A median of fewer readings than this, two a second, is left out: the person was not measured.
_FEWEST_READINGS = 30
_SMALLEST_SCL_US = 0.01


class BaselineSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long the person rests at the start; three to five minutes are usual."""

    rest_s: Annotated[float, Meta(ge=30.0, le=900.0)] = 180.0


class PopulationPrior(msgspec.Struct, frozen=True):
    """What is known before a person is measured.

    `mean` and `sd_between` say where resting people lie, `sd_within` how much one resting person
    varies from window to window.
    """

    mean: float
    sd_between: float
    sd_within: float
    source: str


#: By name of the reading, on the scale of the feature. The spread within a person is the median
#: over 17 people of Stress-Predict (Iqbal et al. 2022, Sensors 22(21):8135; wrist, first five
#: minutes at rest), computed by us and rounded, and so is the spread between people except where
#: another source is named.
POPULATION: dict[str, PopulationPrior] = {
    "heart_rate": PopulationPrior(
        72.0,
        11.0,
        5.0,
        "between 65 bpm lying (RR 926 ms, Nunan 2010) and 78 seated, Stress-Predict",
    ),
    "ln_rmssd": PopulationPrior(
        3.67, 0.45, 0.2, "RMSSD 42 +- 15 ms, Nunan 2010; spread Stress-Predict"
    ),
    "scl": PopulationPrior(
        0.0, 1.5, 0.15, "ours, between 0.25 uS on wrists, Stress-Predict, and 5 uS on fingers"
    ),
    "scr_rate": PopulationPrior(
        0.7, 0.75, 0.4, "1 to 3 a minute on palms, Dawson, Schell and Filion; less on wrists: ours"
    ),
}


class RestingValue(msgspec.Struct, frozen=True):
    """One feature at rest: robust median, standard deviation, and readings that made them."""

    median: float
    sd: float
    n: int


class Baseline(msgspec.Struct, frozen=True):
    """A person's resting values by name of the reading; metrics that were absent have none.

    `weak` marks a rest of less than three minutes, or one in which the person did not rest:
    `unrest` says in words what was seen then. `learned_utc` is set when it is stored.
    """

    resting: dict[str, RestingValue]
    rest_s: float
    weak: bool
    learned_utc: str | None = None
    unrest: str = ""

    def z(self, name: str, value: float) -> float | None:
        """Return how far `value` of a feature lies above rest; None when the rest is unknown.

        z = (x - median) / sqrt(sd^2/2 + sd_pool^2/2): the person's own spread, shrunk towards
        that of people in general, because a few minutes estimate it badly.
        """
        resting = self.resting.get(name)
        if resting is None:
            return None
        pooled = POPULATION[name].sd_within
        return (value - resting.median) / math.sqrt((resting.sd * resting.sd + pooled * pooled) / 2)


def feature(reading: Reading) -> float | None:
    """Return the reading on the scale on which it is compared; None without a value."""
    if reading.value is None or reading.name not in POPULATION:
        return None
    if reading.name == "scl":
        return log(max(reading.value, _SMALLEST_SCL_US))
    if reading.name == "scr_rate":
        return log1p(max(reading.value, 0.0))
    return reading.value


class Feature(NamedTuple):
    """A reading on the scale on which it is compared, and its quality."""

    name: str
    value: float
    quality: float


def features(readings: Iterable[Reading]) -> list[Feature]:
    """Return the features of the readings that have one, in the same order."""
    pairs = [(reading, feature(reading)) for reading in readings]
    return [Feature(r.name, value, r.quality) for r, value in pairs if value is not None]


class BaselineLearner:
    """Collects readings for `rest_s` seconds from the first one that has a value."""

    def __init__(self, settings: BaselineSettings) -> None:
        self._rest_s = settings.rest_s
        self._start_s: float | None = None
        self._elapsed_s = 0.0
        self._features: dict[str, list[float]] = {name: [] for name in POPULATION}
        self._rates_bpm: list[float] = []
        self._moving: list[bool] = []

    @property
    def complete(self) -> bool:
        """Whether the rest is over."""
        return self._elapsed_s >= self._rest_s

    def feed(self, readings: Iterable[Reading], now_s: float) -> bool:
        """Take in the readings of `now_s`; return whether the rest is over, which ends it."""
        if self.complete:
            return True
        readings = tuple(readings)
        for reading in readings:
            if reading.name == "motion" and reading.value is not None:
                self._moving.append(reading.value > _MOVING_G)
        for name, value, quality in features(readings):
            self._start_s = now_s if self._start_s is None else self._start_s
            self._features[name].append(value)
            if name == "heart_rate" and quality >= _SOUND_QUALITY:
                self._rates_bpm.append(value)
        if self._start_s is not None:
            self._elapsed_s = now_s - self._start_s
        return self.complete

    def result(self) -> Baseline | None:
        """Return what was learnt so far; None while no metric has been measured long enough."""
        resting = {
            name: RestingValue(statistics.median(values), statistics.pstdev(values), len(values))
            for name, values in self._features.items()
            if len(values) >= _FEWEST_READINGS
        }
        if not resting:
            return None
        usual_s = BaselineSettings().rest_s
        unrest = self._unrest()
        return Baseline(
            resting, self._elapsed_s, weak=self._elapsed_s < usual_s or bool(unrest), unrest=unrest
        )

    def _unrest(self) -> str:
        """Return in words what shows that the person did not rest; "" for nothing."""
        third = len(self._rates_bpm) // 3
        if third >= _FEWEST_READINGS:
            first, last = self._rates_bpm[:third], self._rates_bpm[-third:]
            trend_bpm = statistics.median(last) - statistics.median(first)
            if abs(trend_bpm) > _MOST_TREND_BPM:
                return f"the heart rate {'rose' if trend_bpm > 0.0 else 'fell'} during it"
            if statistics.pstdev(self._rates_bpm) > _MOST_SPREAD_BPM:
                return "the heart rate jumped during it"
        if self._moving and self._moving.count(True) > _MOST_MOVING * len(self._moving):
            return "the sensor moved during it"
        return ""


#: As long as the shortest rest that is worth its name, at two readings a second. Our own choice.
_READINGS = 120


class LateBaseline:
    """Learns the resting values that the rest phase missed."""

    def __init__(self) -> None:
        self._implied: dict[str, list[float]] = {}
        self._resting: dict[str, RestingValue] = {}

    def z(self, name: str, value: float) -> float | None:
        """Return how far `value` of a feature lies above the inferred rest; None before it is."""
        resting = self._resting.get(name)
        return None if resting is None else (value - resting.median) / POPULATION[name].sd_within

    def feed(self, name: str, value: float, z: float) -> None:
        """Take in a value of a feature while the others say that it should deviate by `z`."""
        implied = self._implied.setdefault(name, [])
        implied.append(value - z * POPULATION[name].sd_within)
        if len(implied) >= _READINGS:
            spread = statistics.pstdev(implied)
            self._resting[name] = RestingValue(statistics.median(implied), spread, len(implied))
            implied.clear()
