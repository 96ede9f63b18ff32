"""Exact sums over the beats of a sliding window.

An interval in milliseconds, 300 to 2000, is a double whose last bit is worth 2**-44 ms or more.
Sums are kept in integers of that unit, so they are exact: nothing drifts however long a session
lasts, and the window's content alone decides the result.
"""

from __future__ import annotations

import math
from collections import deque

from biofeedback.metrics.beats import Beat
from biofeedback.metrics.quality import covered_share, freshness

__all__ = ["BeatWindow", "Entry"]

_TICKS_PER_MS = 1 << 44
#: 50 ms; the small excess keeps decimal fractions of a second from counting as more than 50 ms.
_LARGE_STEP = 50 * _TICKS_PER_MS + _TICKS_PER_MS // 1_000_000


class Entry:
    """A beat in integers, computed once for all windows.

    `before` is the NN interval before it in ticks, where the two are joined; `step` and `pair` are
    their difference and their sum, and `has_step` says whether they mean anything.
    """

    __slots__ = (
        "has_step", "is_nn", "large", "pair", "pair_square", "rr", "rr_square", "step",
        "step_square", "time_s",
    )  # fmt: skip

    def __init__(self, beat: Beat, before: int | None) -> None:
        self.time_s = beat.time_s
        self.is_nn = beat.is_nn
        self.rr = rr = int(beat.rr_ms * _TICKS_PER_MS)
        self.rr_square = rr * rr
        self.has_step = self.is_nn and beat.joined and before is not None
        self.step = step = rr - before if before is not None else 0
        self.step_square = step * step
        self.pair = pair = 2 * rr - step
        self.pair_square = pair * pair
        self.large = abs(step) > _LARGE_STEP


class BeatWindow:
    """Holds the beats of the last `window_s` seconds: those that end after `now - window_s`."""

    def __init__(self, window_s: float) -> None:
        self.window_s = window_s
        self._entries: deque[Entry] = deque()
        self._last_nn: int | None = None
        self._last_s = -math.inf
        self._count = self._sum = self._squares = 0
        self._steps = self._step_squares = self._large_steps = 0
        self._step_sum = self._pair_sum = self._pair_squares = 0
        self.changes = 0  #: grows with every change of the content

    @property
    def has_seen_beats(self) -> bool:
        """Whether there ever was a beat."""
        return self._last_s > -math.inf

    def add(self, beat: Beat) -> None:
        """Take in the next beat."""
        entry = Entry(beat, self._last_nn)
        if entry.is_nn:
            self._last_nn = entry.rr
        self.put(entry)

    def put(self, entry: Entry) -> None:
        """Take in the next beat as an entry that several windows share."""
        if entry.is_nn:
            if entry.has_step and self._count:
                self._steps += 1
                self._step_sum += entry.step
                self._step_squares += entry.step_square
                self._pair_sum += entry.pair
                self._pair_squares += entry.pair_square
                self._large_steps += entry.large
            self._count += 1
            self._sum += entry.rr
            self._squares += entry.rr_square
        self._last_s = entry.time_s
        self.changes += 1
        self._entries.append(entry)
        self.advance(entry.time_s)

    def advance(self, now_s: float) -> None:
        """Let go of the beats that have left the window."""
        entries, oldest_s = self._entries, now_s - self.window_s
        while entries and entries[0].time_s <= oldest_s:
            gone = entries.popleft()
            self.changes += 1
            if gone.is_nn:
                self._count -= 1
                self._sum -= gone.rr
                self._squares -= gone.rr_square
                self._drop_step_after_the_oldest()

    def mean_ms(self) -> float | None:
        """Return the mean NN interval, or None without any."""
        return self._sum / (self._count * _TICKS_PER_MS) if self._count else None

    def sdnn_ms(self) -> float | None:
        """Return the sample standard deviation (n - 1) of NN, or None with fewer than two."""
        return _deviation_ms(self._count, self._sum, self._squares)

    def rmssd_ms(self) -> float | None:
        """Return the root mean square of steps between joined NN, or None without any."""
        if not self._steps:
            return None
        return math.sqrt(self._step_squares / (self._steps * _TICKS_PER_MS * _TICKS_PER_MS))

    def sd1_ms(self) -> float | None:
        """Return the spread of steps over sqrt(2), or None with fewer than two steps."""
        return _deviation_ms(self._steps, self._step_sum, self._step_squares, 2)

    def sd2_ms(self) -> float | None:
        """Return the spread of sums of joined NN over sqrt(2), or None with fewer than two."""
        return _deviation_ms(self._steps, self._pair_sum, self._pair_squares, 2)

    def nn_ms(self) -> list[float]:
        """Return the NN intervals in order of time."""
        return [entry.rr / _TICKS_PER_MS for entry in self._entries if entry.is_nn]

    def pnn50_percent(self) -> float | None:
        """Return the share of steps above 50 ms, over steps + 1, or None without any step."""
        return 100.0 * self._large_steps / (self._steps + 1) if self._steps else None

    def coverage(self, now_s: float) -> float:
        """Return the share of the window that NN intervals fill, 0 to 1."""
        if not self._entries:
            return 0.0
        covered_s = self._sum / (1000 * _TICKS_PER_MS)
        first = self._entries[0]
        if first.is_nn:
            start_s = first.time_s - first.rr / (1000 * _TICKS_PER_MS)
            covered_s -= max(0.0, now_s - self.window_s - start_s)
        return covered_share(covered_s, self.window_s, now_s - self._last_s)

    def trust(self, now_s: float) -> float:
        """Return 0 to 1: the share of beats that needed no correction, fading with silence."""
        if not self._entries:
            return 0.0
        return self._count / len(self._entries) * freshness(now_s - self._last_s, self.window_s)

    def _drop_step_after_the_oldest(self) -> None:
        """Forget the step to an NN interval that has left; its successor may follow an extra."""
        for entry in self._entries:
            if entry.is_nn:
                if entry.has_step:
                    self._steps -= 1
                    self._step_sum -= entry.step
                    self._step_squares -= entry.step_square
                    self._pair_sum -= entry.pair
                    self._pair_squares -= entry.pair_square
                    self._large_steps -= entry.large
                return


def _deviation_ms(n: int, total: int, squares: int, divisor: int = 1) -> float | None:
    """Return the sample standard deviation, its variance divided, from sums in ticks."""
    if n < 2:
        return None
    spread = n * squares - total * total
    return math.sqrt(spread / (divisor * n * (n - 1) * _TICKS_PER_MS * _TICKS_PER_MS))
