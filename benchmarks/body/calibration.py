"""Whether the estimate is worth what it says: its interval, and its confidence.

The interval should hold the index as measured over the next half minute as often as it says, in
each person. And of two moments, one in a task and one at rest around it, the estimate should tell
the task the better the more confident it was.
"""

from __future__ import annotations

import numpy as np

from biofeedback.state import estimator
from body.local_auc import Block, local_moments
from sensors.signals import FloatArray

__all__ = ["LEVELS", "Moments", "holds", "moments", "ordered", "quarters"]

#: Half widths of intervals in standard deviations, by how often they should hold.
LEVELS = {0.5: 0.674, 0.8: 1.282, 0.9: 1.645, 0.95: 1.960}
_AHEAD_S = 30
_EVERY_S = 15


class Moments:
    """How far off the index was every 15 s, and the standard deviation that was stated.

    Off from its mean over the next half minute.
    """

    def __init__(self, off: FloatArray, sd: FloatArray) -> None:
        self.off, self.sd = off, sd


def moments(measured: FloatArray, states: FloatArray, rest_s: int) -> Moments:
    """Return the moments of one person.

    `measured` is the index once a second, without the filter; `states` (2 n, 4) holds arousal,
    low, high and confidence twice a second.
    """
    off, sd = [], []
    known = np.isfinite(measured)
    for second in range(rest_s + 20, len(measured) - _AHEAD_S - 1, _EVERY_S):
        after = slice(second + 1, second + 1 + _AHEAD_S)
        arousal, _, high, confidence = states[2 * second]
        if known[after].sum() <= _AHEAD_S // 2 or confidence <= 0.0:
            continue
        index = _index(arousal)
        off.append(float(measured[after][known[after]].mean()) - index)
        sd.append((_index(high) - index) / LEVELS[0.9])
    return Moments(np.array(off), np.array(sd))


def holds(people: list[Moments], level: float) -> list[float]:
    """Return how often intervals of a level hold what comes next, in each person."""
    return [float((np.abs(each.off) <= LEVELS[level] * each.sd).mean()) for each in people]


def ordered(
    ends_s: FloatArray, score: FloatArray, confidence: FloatArray, order: list[Block]
) -> FloatArray:
    """Return of each pair of moments its lesser confidence, and 1 where the task has more score."""
    pairs = [
        (min(confidence[task], confidence[rest]), float(score[task] > score[rest]))
        for tasks, rests in local_moments(ends_s, order).values()
        for task in np.flatnonzero(tasks)
        for rest in np.flatnonzero(rests)
    ]
    return np.array(pairs).reshape(-1, 2)


def quarters(pairs: FloatArray) -> list[float]:
    """Return the share told apart in each quarter of confidence, the least confident first."""
    place = np.argsort(pairs[:, 0], kind="stable")
    return [float(part.mean()) for part in np.array_split(pairs[place, 1], 4)]


def _index(arousal: float) -> float:
    """Return the index of which arousal is the logistic image."""
    logit = float(np.log(arousal / (1.0 - arousal)))
    return (logit - estimator._REST_LOGIT) / estimator._LOGIT_PER_SD
