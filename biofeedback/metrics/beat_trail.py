"""The beats of a session with exact running sums, which windows of any length share.

An interval in milliseconds, 240 to 2500, is a double whose last bit is worth 2**-45 ms or more.
Sums are kept in integers of that unit, so they are exact: nothing drifts however long a session
lasts, and the sums over a stretch of beats are the differences between its ends.
"""

from __future__ import annotations

import math

from biofeedback.metrics.beats import Beat

__all__ = ["TICKS_PER_MS", "BeatTrail", "TrailEntry"]

TICKS_PER_MS = 1 << 45
#: 50 ms; the small excess keeps decimal fractions of a second from counting as more than 50 ms.
_LARGE_STEP = 50 * TICKS_PER_MS + TICKS_PER_MS // 1_000_000


class TrailEntry:
    """A beat, and sums over all beats up to it, in ticks.

    `rr` is the latest NN interval. `total` and `squares` sum the NN intervals, `step_*` their
    differences and `pair_*` the sums of two, where the two are joined; `large` counts differences
    above 50 ms, `still` the latest ones that were 0. `after` is the next beat, None so far for the
    latest.
    """

    __slots__ = (
        "after", "beats", "is_nn", "large", "nn", "pair_squares", "pair_total", "rr", "squares",
        "step_squares", "step_total", "steps", "still", "time_s", "total",
    )  # fmt: skip

    after: TrailEntry | None

    def __init__(self) -> None:
        self.time_s = -math.inf
        self.is_nn = False
        self.beats = self.nn = self.rr = self.total = self.squares = 0
        self.steps = self.step_total = self.step_squares = self.large = 0
        self.pair_total = self.pair_squares = self.still = 0
        self.after = None


class BeatTrail:
    """Takes in beats in order of time; `last` is the latest.

    Each beat points at the one after it alone, so a beat is let go when no window needs it.
    """

    def __init__(self) -> None:
        self.last = TrailEntry()

    def feed(self, beat: Beat) -> None:
        """Take in the next beat.

        Parameters
        ----------
        beat
            Not before the last one.
        """
        last, entry = self.last, TrailEntry.__new__(TrailEntry)
        entry.time_s = beat.time_s
        entry.after = None
        entry.beats = last.beats + 1
        entry.is_nn = is_nn = beat.is_nn
        if is_nn:
            entry.rr = rr = int(beat.rr_ms * TICKS_PER_MS)
            entry.nn = last.nn + 1
            entry.total = last.total + rr
            entry.squares = last.squares + rr * rr
        else:
            entry.rr, entry.nn = last.rr, last.nn
            entry.total, entry.squares = last.total, last.squares
        if is_nn and beat.joined and last.nn:
            step, pair = rr - last.rr, rr + last.rr
            entry.steps = last.steps + 1
            entry.step_total = last.step_total + step
            entry.step_squares = last.step_squares + step * step
            entry.pair_total = last.pair_total + pair
            entry.pair_squares = last.pair_squares + pair * pair
            entry.large = last.large + (not -_LARGE_STEP <= step <= _LARGE_STEP)
            entry.still = 0 if step else last.still + 1
        else:
            entry.steps, entry.large, entry.still = last.steps, last.large, last.still
            entry.step_total, entry.step_squares = last.step_total, last.step_squares
            entry.pair_total, entry.pair_squares = last.pair_total, last.pair_squares
        last.after = self.last = entry
