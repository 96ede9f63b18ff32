"""What heart and skin each say of arousal, how far each can be trusted, and whether each answers.

The heart tells a *level*: its deviation from the person's rest. Skin conductance tells a *change*:
how far it lies above its own last minute. Its level cannot be compared with a rest, because
electrodes moisten, dry and warm up for as long as they are worn (Boucsein 2012,
doi 10.1111/j.1469-8986.2012.01384.x); against a slow mean of its own it still tells something, and
is heard as far as the heart says the same. Nothing of the skin needs a rest, so none can spoil it.

Skin responses are not counted a second time: each one raises the conductance, and counted alone
they follow the movements of a hand (benchmarks/arousal_auc.py has what they would add).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from biofeedback.common.portable_math import log

__all__ = [
    "HEART_READINGS",
    "HeartLevel",
    "LeakyMean",
    "SkinChange",
    "Witness",
    "bounded",
    "compressed",
]

#: Of the heart's deviation; the sign of variability is the literature's, its size ours: on wrists,
#: the only ones tried, variability told nothing.
HEART_READINGS = {"heart_rate": 1.0, "ln_rmssd": -0.25}
#: Over a minute: an eighth more conductance than in that minute counts for one and a half of the
#: heart's standard deviations. Resting people do a third of it. Chosen on 17 people, each left out
#: in turn (benchmarks/arousal_auc.py). The offset keeps a dry skin's last digit from counting.
_MINUTE_S, _QUARTER_HOUR_S = 60.0, 900.0
_CHANGE_SD, _MOST_CHANGE_SDS, _OFFSET_US = 0.08, 2.5, 0.05
#: Our own choice: what the skin's level may add at most.
_LEVEL_SD, _MOST_LEVEL_SDS = 0.6, 0.5
#: After such a silence a conductance is one of electrodes that may have been put on anew.
_NEW_CONTACT_S = 30.0
#: How much a body varies in the course of minutes, in standard deviations: what resting people do
#: is the expectation until a person was seen for as long. Half of a source's variance that is as
#: large as the second number is noise. Our own choice.
_ANSWER_S = 300.0
_HEART_VARIES, _HEART_NOISE = 0.6, 0.4
_SKIN_VARIES, _SKIN_NOISE = 0.35, 0.25
_ONE = log(1.0 + math.sqrt(2.0))


class LeakyMean:
    """The mean of all values at first, and of about the last `tau_s` seconds later on.

    `prior` is what it says before the first value, and for how much it counts then: as much as
    `tau_s` seconds of values. Without it there is no mean before the first value, and the first
    value is the mean.
    """

    def __init__(self, tau_s: float, prior: float | None = None) -> None:
        self._tau_s = tau_s
        self._seen_s = 0.0 if prior is None else tau_s
        self.mean = math.nan if prior is None else prior

    def feed(self, value: float, step_s: float) -> float:
        """Take in a value that stands for `step_s` seconds; return the mean with it."""
        if math.isnan(self.mean):
            self.mean = value
        self._seen_s = min(self._tau_s, self._seen_s + step_s)
        if self._seen_s > 0.0:
            self.mean += min(1.0, step_s / self._seen_s) * (value - self.mean)
        return self.mean

    def shift(self, by: float) -> None:
        """Move the mean, as where a sensor was put on anew and its zero with it."""
        self.mean += by


@dataclass(frozen=True, slots=True)
class Witness:
    """What one source says.

    `deviation` in standard deviations, `trust` 0 to 1, and `answer` 0 to 1: the share of how it
    varied lately that is more than noise.
    """

    deviation: float
    trust: float
    answer: float
    level: float = 0.0  #: of the skin: what its slow part adds where the heart agrees


class _Answer:
    """Whether a source still varies as a body does that answers."""

    def __init__(self, usual_sds: float, noise_sds: float) -> None:
        self._variance = LeakyMean(_ANSWER_S, usual_sds * usual_sds)
        self._noise = noise_sds * noise_sds

    def feed(self, off_sds: float, step_s: float) -> float:
        variance = self._variance.feed(off_sds * off_sds, step_s)
        return variance / (variance + self._noise)


class HeartLevel:
    """The deviation of heart rate and variability from rest, by their trust."""

    def __init__(self) -> None:
        self._usual = LeakyMean(_ANSWER_S)
        self._answer = _Answer(_HEART_VARIES, _HEART_NOISE)

    def step(self, deviations: dict[str, tuple[float, float]], step_s: float) -> Witness | None:
        """Take in deviations with their trust, by reading; None where the heart is not seen."""
        total = weighted = trust = 0.0
        for name, (deviation, worth) in deviations.items():
            weight = HEART_READINGS[name] * worth
            total += abs(weight)
            weighted += weight * deviation
            trust = max(trust, worth)
        if total <= 0.0:
            return None
        deviation = weighted / total
        off = deviation - self._usual.feed(deviation, step_s)
        return Witness(compressed(deviation), trust, self._answer.feed(off, step_s))


class SkinChange:
    """How far skin conductance lies above its own last minute, and that above a quarter hour."""

    def __init__(self) -> None:
        self._minute, self._quarter_hour = LeakyMean(_MINUTE_S), LeakyMean(_QUARTER_HOUR_S)
        self._answer = _Answer(_SKIN_VARIES, _SKIN_NOISE)
        self._last_s = -math.inf

    def step(self, scl_us: float, trust: float, now_s: float) -> Witness:
        """Take in a level of conductance."""
        value = log(max(scl_us, 0.0) + _OFFSET_US)
        step_s = now_s - self._last_s
        self._last_s = now_s
        if step_s > _NEW_CONTACT_S:
            step_s = 0.0
            if not math.isnan(self._minute.mean):
                jump = value - self._minute.mean
                self._minute.shift(jump)
                self._quarter_hour.shift(jump)
        minute = self._minute.feed(value, step_s)
        change = (value - minute) / _CHANGE_SD
        slow = (minute - self._quarter_hour.feed(minute, step_s)) / _LEVEL_SD
        answer = self._answer.feed(change, step_s)
        level = bounded(slow, _MOST_LEVEL_SDS)
        return Witness(bounded(change, _MOST_CHANGE_SDS), trust, answer, level)


def compressed(x: float) -> float:
    """Return an odd function of `x` that is 1 at 1, and grows ever more slowly, without an end."""
    size = abs(x)
    return math.copysign(log(size + math.sqrt(size * size + 1.0)) / _ONE, x)


def bounded(x: float, most: float) -> float:
    """Return `x` bent so that it comes near `most`, and never there."""
    share = x / most
    return x / math.sqrt(1.0 + share * share)
