"""A causal judge of RR intervals, which names the artefacts and keeps only normal beats.

Every interval is held back until the next one is known, so a verdict comes one beat late and is
never revised. The reference is the running median of the latest normal intervals. How far an
interval may lie from it, or from its neighbour, adapts to how much this heart has varied lately.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from typing import Literal

import msgspec

__all__ = ["Beat", "BeatCleaner", "Verdict"]

Verdict = Literal["normal", "missed", "extra", "ectopic", "implausible"]

#: What a human heart does at all: 25 to 240 a minute, and a little room for jitter.
_SHORTEST_MS, _LONGEST_MS = 240.0, 2500.0
#: The usual limits of RR filters. Beyond them an interval is far more often a false or a missed
#: detection, so it counts only in a regular rhythm: next to one that is as long within this share.
_USUAL_SHORTEST_MS, _USUAL_LONGEST_MS, _REGULAR = 300.0, 2000.0, 0.12
#: Of our own choosing, tuned on public recordings with injected artefacts.
_REFERENCE_BEATS = 9
_SPREAD_BEATS = 60
_TRUSTED_SPREAD_BEATS = 12
_SPREADS = 5.0
_NARROWEST, _WIDEST, _UNTRIED = 0.12, 0.30, 0.20
#: How far off an interval may be that its successor confirms: a heart can slow down at once. Only
#: where little varied before, lest noise confirm itself.
_WIDEST_CONFIRMED, _CALM = 0.40, 0.15
_RELOCK_BEATS = 4
_RELOCK_RANGE = 0.25
_MOST_MISSED = 4
#: A beat that comes later than its own interval explains, by this share of it, follows a gap.
_GAP_SHARE = 0.5


class Beat(msgspec.Struct, frozen=True, gc=False):
    """One heartbeat with the interval that ends at it, and what that interval is worth.

    Only `normal` intervals are NN intervals. `extra`: a detection between two true beats; its
    interval is contained in the next one. `missed`: a share of an interval in which detections
    are missing, placed for the count of beats alone. `ectopic`: a plausible interval out of
    rhythm. `implausible`: no heart does that. `joined`: the beat that started this interval ended
    the latest NN interval before it, so the two may be subtracted.
    """

    time_s: float  #: session time
    rr_ms: float  #: the interval that ends there
    verdict: Verdict  #: what it is worth
    joined: bool = False

    @property
    def is_nn(self) -> bool:
        """Whether the interval counts as normal-to-normal."""
        return self.verdict == "normal"


class BeatCleaner:
    """Feeds on RR intervals in order of time and gives them back with verdicts, one beat late.

    References
    ----------
    Lipponen and Tarvainen 2019, doi 10.1080/03091902.2019.1640306, for the idea; the thresholds are
    ours.
    """

    def __init__(self) -> None:
        self._pending: tuple[float, float] | None = None
        self._pending_is_merged = False
        self._last_time_s = self._decided_s = -math.inf
        self._normal: deque[float] = deque(maxlen=_REFERENCE_BEATS)
        self._sorted_normal: list[float] = []
        self._doubted: list[float] = []
        self._steps: deque[float] = deque()
        self._sorted_steps: list[float] = []
        self._spread_ms = math.nan  #: the median step, NaN before it can be trusted
        self._joined = False

    def feed(self, time_s: float, rr_ms: float) -> list[Beat]:
        """Take in the interval `rr_ms` that ends at `time_s`; return the beats decided by it.

        Intervals that are not finite or not positive, and times that do not advance, are dropped.
        A beat that follows later than its interval explains counts as one after a gap.

        Parameters
        ----------
        time_s
            When the interval ended.
        rr_ms
            Its length, in ms.

        Returns
        -------
        list[Beat]
            In order of time; none for the first interval of a run.
        """
        if not (0.0 < rr_ms < math.inf and time_s > self._last_time_s):
            return []
        late_s = time_s - self._last_time_s - rr_ms / 1000.0
        decided = self.cut() if late_s > _GAP_SHARE * rr_ms / 1000.0 else []
        self._last_time_s = time_s
        if self._pending is None:
            self._pending = (time_s, rr_ms)
            return decided
        held_s, held_ms = self._pending
        if self._is_extra(held_ms, rr_ms):
            decided.append(Beat(held_s, held_ms, "extra"))
            self._decided_s = held_s
            self._pending = (time_s, held_ms + rr_ms)
            self._pending_is_merged = True
            self._doubt(held_ms)
            self._doubt(rr_ms)
        else:
            decided += self._judge(held_s, held_ms, rr_ms)
            self._decided_s = held_s
            self._pending = (time_s, rr_ms)
            self._pending_is_merged = False
        return decided

    def cut(self) -> list[Beat]:
        """End a run of beats, as a gap does; return the beat that was held back, if any.

        Returns
        -------
        list[Beat]
            One beat or none.
        """
        decided = []
        if self._pending is not None:
            decided = self._judge(*self._pending, None)
            self._decided_s = self._pending[0]
        self._pending = None
        self._pending_is_merged = self._joined = False
        return decided

    def _reference_ms(self, current_ms: float, next_ms: float | None) -> float:
        """Return the median of the latest normal intervals, the next one counted among them."""
        known = self._sorted_normal
        if next_ms is None or not _is_plausible(next_ms, current_ms):
            return known[len(known) // 2] if known else current_ms
        middle = (len(known) + 1) // 2
        place = bisect_left(known, next_ms)
        if place == middle:
            return next_ms
        return known[middle] if place > middle else known[middle - 1]

    def _tolerance_ms(self, reference_ms: float) -> float:
        adapted_ms, narrowest_ms = _SPREADS * self._spread_ms, _NARROWEST * reference_ms
        if adapted_ms <= narrowest_ms:
            return narrowest_ms
        widest_ms = _WIDEST * reference_ms
        if adapted_ms <= widest_ms:
            return adapted_ms
        return widest_ms if adapted_ms > widest_ms else _UNTRIED * reference_ms

    def _is_extra(self, held_ms: float, next_ms: float) -> bool:
        reference_ms = self._reference_ms(held_ms, None)
        off_ms = abs(held_ms + next_ms - reference_ms)
        if off_ms >= abs(held_ms - reference_ms):
            return False
        return off_ms <= self._tolerance_ms(reference_ms)

    def _judge(self, time_s: float, rr_ms: float, next_ms: float | None) -> list[Beat]:
        reference_ms = self._reference_ms(rr_ms, next_ms)
        tolerance_ms = self._tolerance_ms(reference_ms)
        step_ms = abs(rr_ms - reference_ms)
        if self._joined and (off_ms := abs(rr_ms - self._normal[-1])) < step_ms:
            step_ms = off_ms
        is_calm = tolerance_ms <= _CALM * reference_ms
        widest_ms = (_WIDEST_CONFIRMED if is_calm else _WIDEST) * reference_ms
        if next_ms is not None and step_ms <= widest_ms:
            off_ms = abs(rr_ms - next_ms)
            step_ms = off_ms if off_ms < step_ms else step_ms
        plausible = _is_plausible(rr_ms, next_ms)
        if plausible and step_ms <= tolerance_ms:
            return [self._accept(time_s, rr_ms, step_ms)]
        self._joined = False
        self._doubt(rr_ms)
        beats = round(rr_ms / reference_ms)
        excess_ms = abs(rr_ms - beats * reference_ms)
        next_fits = next_ms is None or next_ms >= reference_ms - tolerance_ms
        if 2 <= beats <= _MOST_MISSED and next_fits and excess_ms <= tolerance_ms * beats / 2:
            share_ms = rr_ms / beats
            share_s = min(share_ms / 1000.0, (time_s - self._decided_s) / beats)
            return [
                Beat(time_s - later * share_s, share_ms, "missed")
                for later in reversed(range(beats))
            ]
        return [Beat(time_s, rr_ms, "ectopic" if plausible else "implausible")]

    def _accept(self, time_s: float, rr_ms: float, step_ms: float) -> Beat:
        normal, known = self._normal, self._sorted_normal
        if len(normal) == _REFERENCE_BEATS:
            del known[bisect_left(known, normal[0])]
        normal.append(rr_ms)
        insort(known, rr_ms)
        if self._doubted and not self._pending_is_merged:
            self._doubted = []
        steps, ordered = self._steps, self._sorted_steps
        if len(steps) == _SPREAD_BEATS:
            del ordered[bisect_left(ordered, steps.popleft())]
        steps.append(step_ms)
        insort(ordered, step_ms)
        count = len(ordered)
        if count >= _TRUSTED_SPREAD_BEATS:
            self._spread_ms = ordered[count // 2]
        beat = Beat(time_s, rr_ms, "normal", self._joined)
        self._joined = True
        return beat

    def _doubt(self, rr_ms: float) -> None:
        """Remember an interval not taken as it came; four in a row that agree are the rhythm."""
        self._doubted = [*self._doubted[1 - _RELOCK_BEATS :], rr_ms]
        low_ms, high_ms = min(self._doubted), max(self._doubted)
        plausible = _is_plausible(low_ms, high_ms) and _is_plausible(high_ms, low_ms)
        agree = high_ms - low_ms <= _RELOCK_RANGE * low_ms
        if len(self._doubted) == _RELOCK_BEATS and plausible and agree:
            self._normal = deque(self._doubted, maxlen=_REFERENCE_BEATS)
            self._sorted_normal = sorted(self._doubted)
            self._doubted = []
            self._steps.clear()
            self._sorted_steps.clear()
            self._spread_ms = math.nan


def _is_plausible(rr_ms: float, next_ms: float | None) -> bool:
    """Whether a heart can make an interval that has this neighbour, None for an unknown one."""
    if _USUAL_SHORTEST_MS <= rr_ms <= _USUAL_LONGEST_MS:
        return True
    if next_ms is None or not _SHORTEST_MS <= rr_ms <= _LONGEST_MS:
        return False
    return abs(rr_ms - next_ms) <= _REGULAR * rr_ms
