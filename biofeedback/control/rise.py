"""Whether a listener rises while the music calms: a verdict after two and a half minutes.

Arousal falls by itself in whoever came in stirred up, so what counts is a rise that builds up while
the music is calmer. The readings' own deviations from rest tell more of it than the fused index
does, whose weights are made for comparing people with each other: within one session the level of
the skin is the steadiest witness. A jump within seconds is something else's doing and is taken out.

Weights, shape and threshold are ours. They were found on virtual listeners of two kinds of model
(seeds 9200 to 9799), half of whom calm music stirs up; `benchmarks/lab.py` has how others fare.
Fitting a weight to every reading and quarter minute did no better there than this rule.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from biofeedback.state.estimator import State

__all__ = ["SECONDS", "Rise", "rise"]

FloatArray = NDArray[np.float64]

_WEIGHTS = {"heart_rate": 0.7, "ln_rmssd": -0.3, "scl": 1.3}
_SETTLE_S = 18.0  #: readings have just begun, and the music meets the listener first
_STEP_S = 15
#: What each 15 s count, from the first on: early ones against late ones; absolute sum 1.
_SHAPE = np.array([-0.15, -0.15, -0.1, -0.1, 0.0, 0.0, 0.0, 0.1, 0.15, 0.25])
SECONDS = _STEP_S * len(_SHAPE)
_THRESHOLD = 0.055  #: in standard deviations of a person's rest
_CALMED = 0.25  #: the music's activation must have fallen by this much
#: A rise by this much within 16 s is a jump; it fades with this time constant. With a smaller one
#: the slow rises that are looked for were taken out too.
_JUMP, _JUMP_WITHIN_S, _JUMP_FADES_S, _SMOOTH_S, _MOST_JUMPS = 1.05, 16, 200.0, 6, 2
_REST_LOGIT = math.log(0.3 / 0.7)


class Rise:
    """Takes in a state each tick; `found` is None until enough was seen, then it stands."""

    def __init__(self) -> None:
        self._elapsed_s = self._sum_s = self._sum = 0.0
        self._values: list[float] = []
        self._levels: list[float] = []
        self.found: bool | None = None

    def step(self, state: State, level: float, dt_s: float) -> None:
        """Take in a state that can be trusted, and the activation of the music."""
        if self.found is not None:
            return
        self._elapsed_s += dt_s
        if self._elapsed_s <= _SETTLE_S:
            return
        self._sum += dt_s * _deviation(state)
        self._sum_s += dt_s
        if self._sum_s < 1.0:
            return
        self._values.append(self._sum / self._sum_s)
        self._levels.append(level)
        self._sum = self._sum_s = 0.0
        if len(self._values) == SECONDS:
            fell = max(self._levels[:_STEP_S]) - min(self._levels[-_STEP_S:])
            self.found = fell >= _CALMED and rise(np.array(self._values)) > _THRESHOLD


def rise(values: FloatArray) -> float:
    """Return how far a course of `SECONDS` values, one a second, ends above where it began.

    In the unit of the values; jumps are taken out.
    """
    steady = _without_jumps(values).reshape(-1, _STEP_S).mean(axis=1)
    return float(steady @ _SHAPE)


def _deviation(state: State) -> float:
    """Return how many standard deviations above rest the body is, as a change shows best."""
    known = {name: z for name, z in state.contributions.items() if name in _WEIGHTS}
    if not known:
        arousal = min(max(state.arousal, 0.01), 0.99)
        return (math.log(arousal / (1.0 - arousal)) - _REST_LOGIT) / -_REST_LOGIT
    total = sum(abs(_WEIGHTS[name]) for name in known)
    return sum(_WEIGHTS[name] * z for name, z in known.items()) / total


def _without_jumps(values: FloatArray) -> FloatArray:
    steady = values.copy()
    kernel = np.ones(_SMOOTH_S) / _SMOOTH_S
    for _ in range(_MOST_JUMPS):
        smooth = np.convolve(steady, kernel, mode="valid")
        rises = smooth[_JUMP_WITHIN_S:] - smooth[:-_JUMP_WITHIN_S]
        at = int(np.argmax(rises))
        if rises[at] <= _JUMP:
            break
        before, after = at + _SMOOTH_S // 2, at + (_SMOOTH_S + _JUMP_WITHIN_S) // 2
        steady[before:after] = steady[before]
        steady[after:] -= rises[at] * np.exp(-np.arange(len(steady) - after) / _JUMP_FADES_S)
    return steady
