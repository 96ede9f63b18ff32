"""Whether calmer music stirs a listener up: the size of their response, with its uncertainty.

Arousal is explained by what was heard: an offset, a recovery that goes on without any music, jumps
that something else caused, and a response that follows the activation of the music late and
slowly. The response's size is the generalised least-squares estimate, whose noise is correlated
in time. All constants are ours; they were tuned on virtual listeners. It is slow; the verdict after
two and a half minutes is that of `rise`.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from biofeedback.control.base import Moment
from biofeedback.control.rise import Rise

__all__ = ["Paradox", "response"]

FloatArray = NDArray[np.float64]

_STEP_S = 5.0
_WINDOW = 48  #: steps of 5 s: what happened longer ago says little about now
_DELAY_S, _LAG_S = 5.0, 25.0  #: of the response, which two equal lags make
_EARLIEST_S = 210.0
_NOISE, _NOISE_S, _SAMPLING = 0.05, 35.0, 0.01
_RECOVERY, _RECOVERY_SPREAD, _RECOVERY_S = 0.2, 0.12, 300.0
_JUMP, _JUMP_SPREAD, _JUMP_S = 0.1, 0.3, 150.0
#: A response this size, and this many standard errors from none: the music's own answer to arousal
#: biases the estimate.
_SIZE, _SURE = -0.25, 3.0


class Paradox:
    """Listens while the music leads; `found` once the response is surely the wrong way round."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin again with nothing known."""
        self._delayed: deque[float] = deque()
        self._first = self._second = 0.0
        self._seen: deque[tuple[float, float]] = deque(maxlen=_WINDOW)
        self._sum, self._ticks, self._elapsed_s = 0.0, 0, 0.0
        self._rise = Rise()
        self.found = False

    def step(self, moment: Moment, level: float) -> bool:
        """Take in the arousal, and the activation of the music that is heard; return `found`."""
        dt_s = moment.dt_s
        self._rise.step(moment.state, level, dt_s)
        self.found = self.found or bool(self._rise.found)
        if not self._delayed:
            self._first = self._second = level
        self._delayed.append(level)
        heard = self._delayed[0]
        if len(self._delayed) * dt_s > _DELAY_S:
            self._delayed.popleft()
        share = min(1.0, dt_s / _LAG_S)
        self._first += share * (heard - self._first)
        self._second += share * (self._first - self._second)
        self._sum += moment.state.arousal
        self._ticks += 1
        self._elapsed_s += dt_s
        if self._ticks * dt_s >= _STEP_S:
            self._seen.append((self._sum / self._ticks, self._second))
            self._sum, self._ticks = 0.0, 0
            if self._elapsed_s >= _EARLIEST_S:
                self._judge()
        return self.found

    def _judge(self) -> None:
        arousal, heard = np.array(self._seen).T
        size, error = response(arousal, heard)
        self.found = self.found or (size < _SIZE and size < -_SURE * error)


def response(arousal: FloatArray, heard: FloatArray) -> tuple[float, float]:
    """Return how far arousal moves when the activation goes from 0 to 1, and its standard error.

    Both arrays have shape (n,), one value for each 5 s, n at least 2. The error is infinite when
    the music did not change.
    """
    n = len(arousal)
    steps = np.arange(n, dtype=np.float64)
    fade = np.exp(-steps * _STEP_S / _RECOVERY_S) - 1.0
    noise = _NOISE**2 * np.exp(-np.abs(steps[:, None] - steps) * _STEP_S / _NOISE_S)
    noise += _SAMPLING**2 * np.eye(n) + 1.0  # the offset is anything
    noise += np.outer(_RECOVERY_SPREAD * fade, _RECOVERY_SPREAD * fade)
    for jump in _jumps(arousal):
        after = np.where(steps > jump, np.exp(-(steps - jump) * _STEP_S / _JUMP_S), 0.0)
        after[jump] = 0.5
        noise += _JUMP_SPREAD**2 * np.outer(after, after)
    weighed = np.linalg.solve(noise, heard)
    power = float(heard @ weighed)
    if power < 1e-9:
        return 0.0, float("inf")
    return float(weighed @ (arousal - _RECOVERY * fade)) / power, power**-0.5


def _jumps(arousal: FloatArray) -> list[int]:
    """Return where arousal rises within 10 s by more than music makes it rise."""
    rise = arousal[2:] - arousal[:-2]
    return [
        k + 1
        for k in range(len(rise))
        if rise[k] > _JUMP and rise[k] == rise[max(0, k - 2) : k + 3].max()
    ]
