"""A listener's answer to the music, added to what was sensed of somebody who heard nothing.

The noise stays that of a real body; only the answer is made up, so how often it is found on it is a
figure for the rules, and never evidence about people.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace

import msgspec

from biofeedback.engine.inputs import TICK_S
from biofeedback.group.subjects import Snapshot
from biofeedback.state.estimator import State

__all__ = ["STEP", "Answering", "Response"]

STEP = 0.15  #: of the music's activation: a response is as large as what this much does
_RISE_S = 15.0  #: after its delay a response arrives with this time constant
_MINUTE_S = 60.0  #: skin conductance counts against its own mean of so long
_LOGIT_PER_SD = math.log(0.7 / 0.3)  #: as in the estimate of arousal
_HEART, _SKIN = "heart_rate", "scl"


class Response(msgspec.Struct, frozen=True):
    """What `STEP` less activation does after `delay_s`, in standard deviations of a rest.

    `size_sd` is positive where heart rate and skin conductance follow the music down, negative
    where they oppose it, 0 where they do not care.
    """

    size_sd: float
    delay_s: float = 15.0


class Answering:
    """Takes in the music's activation each tick; says how far it has moved heart and skin."""

    def __init__(self, response: Response) -> None:
        self._response = response
        self._underway: deque[float] = deque()
        self._start: float | None = None
        self.heart_sd = self.skin_sd = 0.0
        self._minute = 0.0

    def hear(self, level: float) -> None:
        """Let half a second pass with music of this activation."""
        if self._start is None:
            self._start = level
        self._underway.append(self._response.size_sd * (level - self._start) / STEP)
        due = 0.0
        if len(self._underway) > self._response.delay_s / TICK_S:
            due = self._underway.popleft()
        self.heart_sd += (due - self.heart_sd) * TICK_S / _RISE_S
        self._minute += (self.heart_sd - self._minute) * TICK_S / _MINUTE_S
        self.skin_sd = self.heart_sd - self._minute

    def added(self, sensed: Snapshot) -> Snapshot:
        """Return what would have been sensed of a body that answers so."""
        return replace(sensed, state=self._moved(sensed.state))

    def _moved(self, state: State) -> State:
        if state.phase == "rest":
            return state
        said = dict(state.contributions)
        by = 0.0
        for name, off in ((_HEART, self.heart_sd), (_SKIN, self.skin_sd)):
            if name in said:
                said[name] += off
                by += _LOGIT_PER_SD * off
        arousal, low, high = (_shifted(x, by) for x in (state.arousal, state.low, state.high))
        return replace(state, arousal=arousal, low=low, high=high, contributions=said)


def _shifted(share: float, by: float) -> float:
    inside = min(max(share, 1e-6), 1.0 - 1e-6)
    return 1.0 / (1.0 + math.exp(-(math.log(inside / (1.0 - inside)) + by)))
