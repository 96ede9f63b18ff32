"""Whether a heart beats irregularly, without a pattern, for minutes on end; or evenly in groups.

Breathing, bigeminy and exercise change intervals too, but each by a pattern: the step from beat to
beat is like the one some beats before. What has large steps and no pattern is called irregular. It
is no diagnosis: loose electrodes look the same.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from itertools import pairwise

__all__ = ["Rhythm"]

#: Long enough that chance makes no pattern, about a minute and a half.
_BEATS, _EVERY_BEATS = 128, 32
#: Half of all steps are larger than this share of the interval. The strongest breathing in
#: recordings of healthy people reaches it, with a pattern; fibrillation is at twice as much. Ours,
#: as all numbers here; the idea of steps relative to the interval, without a pattern in time, is
#: that of Dash et al. 2009, doi 10.1007/s10439-009-9740-z.
_LARGE_STEP = 0.08
#: A step is like one some beats before, or like its opposite, by this much on average over parts
#: of so many beats, as a correlation, where a pattern is; by chance by a third. The step just
#: before tells nothing: where there is no pattern, a long interval is followed by a shorter one.
_PATTERN, _PART, _LAGS = 0.4, 32, range(2, 9)
#: So many looks must agree, so that one disturbed minute is nothing, and as many to take it back.
_AGREE = 2
#: Of so many latest steps, gaps or not, half are small where it is taken back at once; without any
#: interval it is, after so long.
_STEPS, _SILENT_S = 64, 60.0
#: What a heart does at all; an interval beyond ends the stretch, as a gap does.
_SHORTEST_MS, _LONGEST_MS, _GAP_SHARE = 240.0, 2500.0, 0.5

#: Beats that are looked at for groups, how alike those must be, and how new. Ours.
_GROUPED_BEATS, _EVEN_SHARE, _FRESH_S = 12, 0.1, 6.0
#: The rate of an irregular heart is that of its intervals of so long, if they fill so much of it.
_RATE_S, _RATE_FILLED_S = 15.0, 10.0
#: Intervals that are whole multiples of the shortest of their group within this share are what
#: beats that are missed in turn leave. Ours.
_MULTIPLE_SHARE = 0.08


class Rhythm:
    """Takes in the intervals of one source as they come, before any of them is judged.

    Attributes
    ----------
    irregular
        Whether the latest stretch of beats is irregular, as those before it; no longer after a
        minute without any.
    """

    def __init__(self) -> None:
        self._intervals_ms: deque[float] = deque(maxlen=_BEATS)
        self._steps: deque[float] = deque(maxlen=_STEPS)  #: shares of an interval, across gaps
        self._recent: deque[tuple[float, float]] = deque()  #: end in s and length in ms, over gaps
        self._last_s = -math.inf
        self._until_next = _EVERY_BEATS
        self._agreed = 0
        self.irregular = False

    def feed(self, time_s: float, rr_ms: float) -> None:
        """Take in an interval.

        Parameters
        ----------
        time_s
            When it ended.
        rr_ms
            Its length, in ms.
        """
        self.step(time_s)
        late_s = time_s - self._last_s - rr_ms / 1000.0
        self._last_s = time_s
        if not _SHORTEST_MS <= rr_ms <= _LONGEST_MS or late_s > _GAP_SHARE * rr_ms / 1000.0:
            self.cut()
            return
        self._recent.append((time_s, rr_ms))
        while self._recent[0][0] <= time_s - _RATE_S:
            self._recent.popleft()
        if self._intervals_ms:
            self._steps.append(abs(rr_ms - self._intervals_ms[-1]) / rr_ms)
        self._intervals_ms.append(rr_ms)
        self._until_next -= 1
        if self.irregular and self._until_next % _EVERY_BEATS == 0 and self._is_even():
            self.forget()
        if self._until_next > 0 or len(self._intervals_ms) < _BEATS:
            return
        self._until_next = _EVERY_BEATS
        found = _is_irregular(list(self._intervals_ms))
        self._agreed = min(_AGREE, self._agreed + 1) if found else max(0, self._agreed - 1)
        if self._agreed in (0, _AGREE):
            self.irregular = self._agreed == _AGREE

    def step(self, now_s: float) -> None:
        """Take back what was said after a minute without an interval.

        Parameters
        ----------
        now_s
            Session time.
        """
        if self.irregular and now_s - self._last_s > _SILENT_S:
            self.forget()

    def irregular_bpm(self, now_s: float) -> float | None:
        """Return the rate of an irregular heart, in which no single interval is normal.

        Parameters
        ----------
        now_s
            Session time.

        Returns
        -------
        float | None
            In beats a minute; None unless the beats are irregular and enough came lately.
        """
        if not self.irregular or now_s - self._last_s > _FRESH_S:
            return None
        latest_ms = [rr_ms for time_s, rr_ms in self._recent if time_s > now_s - _RATE_S]
        filled_ms = math.fsum(latest_ms)
        return 60_000.0 * len(latest_ms) / filled_ms if filled_ms >= 1000 * _RATE_FILLED_S else None

    def grouped_bpm(self, now_s: float) -> float | None:
        """Return the rate of a heart whose beats come in even groups of two or three.

        So they do where every second or third beat is an extra one. No single interval is normal
        there, but a group is as long as the next. Beats that are missed in turn leave such groups
        too, of whole multiples of an interval; what may be that has no rate.

        Parameters
        ----------
        now_s
            Session time.

        Returns
        -------
        float | None
            In beats a minute; None where beats do not come so, or none came lately.
        """
        if len(self._intervals_ms) < _GROUPED_BEATS or now_s - self._last_s > _FRESH_S:
            return None
        latest_ms = list(self._intervals_ms)[-_GROUPED_BEATS:]
        for size in (2, 3):
            groups = [latest_ms[i : i + size] for i in range(0, _GROUPED_BEATS, size)]
            lengths_ms = [math.fsum(group) for group in groups]
            if max(lengths_ms) - min(lengths_ms) <= _EVEN_SHARE * min(lengths_ms):
                bpm = 60_000.0 * _GROUPED_BEATS / math.fsum(latest_ms)
                return None if _misses_beats(groups) else bpm
        return None

    def cut(self) -> None:
        """Begin a new stretch; what was said stands until it is full, or its beats are even."""
        self._intervals_ms.clear()

    def forget(self) -> None:
        """Begin anew, as with another source: nothing is said of it."""
        self.cut()
        self._steps.clear()
        self._recent.clear()
        self._agreed, self.irregular = 0, False

    def _is_even(self) -> bool:
        return len(self._steps) == _STEPS and statistics.median(self._steps) < _LARGE_STEP


def _misses_beats(groups: list[list[float]]) -> bool:
    """Whether the groups are what is left of an even rhythm where beats are missed in turn."""
    ordered = [sorted(group) for group in groups]
    ratios = [statistics.median(g[i] / g[0] for g in ordered) for i in range(1, len(ordered[0]))]
    return round(ratios[-1]) > 1 and all(
        abs(ratio / round(ratio) - 1.0) <= _MULTIPLE_SHARE for ratio in ratios
    )


def _is_irregular(intervals_ms: list[float]) -> bool:
    steps = [b - a for a, b in pairwise(intervals_ms)]
    sizes = [abs(step) for step in steps]
    if statistics.median(sizes) < _LARGE_STEP * statistics.median(intervals_ms):
        return False
    parts = [steps[start : start + _PART] for start in range(0, len(steps), _PART)]
    return math.fsum(_pattern(part) for part in parts) < _PATTERN * len(parts)


def _pattern(steps: list[float]) -> float:
    """Return how much a step is like one some beats before, or like its opposite, 0 to 1."""
    power = math.fsum(step * step for step in steps)
    alike = [
        abs(math.fsum(a * b for a, b in zip(steps, steps[lag:], strict=False))) for lag in _LAGS
    ]
    return max(alike) / power if power > 0.0 else 1.0
