"""Whether a listener rises while the music calms: a verdict after two and a half minutes.

Arousal falls by itself in whoever came in stirred up, so what counts is a rise that builds up while
the music is calmer. A jump within seconds is something else's doing and is taken out. The plan of
the music only goes down, so a rise alone is a weak witness: heart rate, and the heart as a whole,
must both rise by more than a heart does that hears nothing.

The shape is ours, found on virtual listeners of two kinds of model (seeds 9200 to 9799). The
threshold was chosen on recordings of people who hear nothing: `benchmarks/recorded_nulls.py` and
docs/science.md say what it costs, `benchmarks/lab.py` whom it still finds.

The level of skin conductance drifts by itself for as long as a sensor is worn: on 17 people who
heard nothing it lay beyond three standard deviations of their rest for half of the time. Rules that
compare a later minute with an earlier one took that for arousal, and must not look at it.
`benchmarks/recorded_nulls.py` has what they did with and without.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biofeedback.common.portable_math import convolved, exp, log, total
from biofeedback.state.estimator import State

__all__ = [
    "REST",
    "SECONDS",
    "ParadoxDetector",
    "arousal_of",
    "heart_deviation",
    "rate_deviation",
    "rise",
]


REST = 0.3  #: the arousal of a rest
_REST_LOGIT = log(REST / (1.0 - REST))
#: The shares that the estimate gives them, where both can be trusted.
_RATE, _VARIABILITY = 0.8, -0.2


def rate_deviation(state: State) -> float | None:
    """Return how many standard deviations above rest the heart rate is; None when it is unseen.

    A state that says nothing of its readings has its arousal for a witness.
    """
    if not state.contributions:
        arousal = min(max(state.arousal, 0.01), 0.99)
        return (log(arousal / (1.0 - arousal)) - _REST_LOGIT) / -_REST_LOGIT
    return state.contributions.get("heart_rate")


def heart_deviation(state: State) -> float | None:
    """Return the same of the heart as a whole, its variability included where that is known."""
    rate = rate_deviation(state)
    variability = state.contributions.get("ln_rmssd")
    if rate is None or variability is None:
        return rate
    return _RATE * rate + _VARIABILITY * variability


def arousal_of(deviation: float) -> float:
    """Return a deviation on the scale of arousal, 0 to 1, on which rest is 0.3."""
    return 1.0 / (1.0 + exp(min(700.0, _REST_LOGIT * (deviation - 1.0))))


FloatArray = NDArray[np.float64]
_SETTLE_S = 18.0  #: readings have just begun, and the music meets the listener first
_STEP_S = 15
#: What each 15 s count, from the first on: early ones against late ones; absolute sum 1.
_SHAPE = np.array([-0.15, -0.15, -0.1, -0.1, 0.0, 0.0, 0.0, 0.1, 0.15, 0.25])
SECONDS = _STEP_S * len(_SHAPE)
_THRESHOLD = 0.2  #: in standard deviations of a person's rest
_CALMED = 0.25  #: the music's activation must have fallen by this much
#: A rise by this much within 16 s is a jump; it fades with this time constant. With a smaller one
#: the slow rises that are looked for were taken out too.
_JUMP, _JUMP_WITHIN_S, _JUMP_FADES_S, _SMOOTH_S, _MOST_JUMPS = 1.05, 16, 200.0, 6, 2


class ParadoxDetector:
    """Takes in a state each tick; `found` is None until enough was seen, then it stands.

    Time in which the heart is out of sight does not count.
    """

    def __init__(self) -> None:
        self._elapsed_s = self._sum_s = 0.0
        self._sums = np.zeros(2)
        self._values: list[FloatArray] = []
        self._levels: list[float] = []
        self.found: bool | None = None

    def step(self, state: State, level: float, dt_s: float) -> None:
        """Take in a state that can be trusted, and the activation of the music."""
        rate, heart = rate_deviation(state), heart_deviation(state)
        if self.found is not None or rate is None or heart is None:
            return
        self._elapsed_s += dt_s
        if self._elapsed_s <= _SETTLE_S:
            return
        self._sums += dt_s * np.array([rate, heart])
        self._sum_s += dt_s
        if self._sum_s < 1.0:
            return
        self._values.append(self._sums / self._sum_s)
        self._levels.append(level)
        self._sums, self._sum_s = np.zeros(2), 0.0
        if len(self._values) == SECONDS:
            fell = max(self._levels[:_STEP_S]) - min(self._levels[-_STEP_S:])
            rises = [rise(course) for course in np.array(self._values).T]
            self.found = fell >= _CALMED and min(rises) > _THRESHOLD


def rise(values: FloatArray) -> float:
    """Return how far a course of `SECONDS` values, one a second, ends above where it began.

    In the unit of the values; jumps are taken out.
    """
    steady = total(_without_jumps(values).reshape(-1, _STEP_S).T) / _STEP_S
    return float(total(steady * _SHAPE))


def _without_jumps(values: FloatArray) -> FloatArray:
    steady = values.copy()
    kernel = np.ones(_SMOOTH_S) / _SMOOTH_S
    for _ in range(_MOST_JUMPS):
        smooth = convolved(steady, kernel)
        rises = smooth[_JUMP_WITHIN_S:] - smooth[:-_JUMP_WITHIN_S]
        at = int(np.argmax(rises))
        if rises[at] <= _JUMP:
            break
        before, after = at + _SMOOTH_S // 2, at + (_SMOOTH_S + _JUMP_WITHIN_S) // 2
        steady[before:after] = steady[before]
        fade = [exp(-second / _JUMP_FADES_S) for second in range(len(steady) - after)]
        steady[after:] -= rises[at] * np.array(fade)
    return steady
