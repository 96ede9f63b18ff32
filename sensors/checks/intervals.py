"""RR intervals against the time that passes, the heart rate beside them, and each other.

Each interval alone may be what a heart makes, and all of them together still impossible: sent
twice, left out, in another unit, or computed from the heart rate.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Sequence

import numpy as np

from sensors.checks.doubt import Doubt

__all__ = ["IntervalCheck"]

#: Intervals may be some seconds old when they arrive, and a link may hold packets up for as long
#: as it is not given up (5 s): by more than this they cannot run ahead of the time. Ours.
_MOST_AHEAD_S = 8.0
_COUNT_S = 180.0  #: after this long the count starts anew
_CLEAN_S = 60.0  #: so long a doubt stays without new evidence
#: Intervals that fill less than this share of the time in which packets came evenly are not all of
#: them; measured over so much time. Ours.
_FILLED, _FILL_S = 0.92, 60.0
_SILENCE_S = 10.0  #: without intervals for so long, the sensor sends none for now
_UNEVEN = 1.5  #: of the usual distance of packets: after more, one may have been lost
#: Milliseconds that are read as 1/1024 s make every interval this much too short.
_MS_FOR_1024, _MS_TOLERANCE, _MS_S, _MS_EVEN = 1000.0 / 1024.0, 0.008, 90.0, 0.95
_MS_TRUST = 0.5
_FEW_TRUST = 0.5
#: How far the mean of the intervals may lie from the device's own rate, which is smoothed. Ours.
_RATE_AGREES, _RATE_S, _RATE_BEATS = (0.8, 1.25), 30.0, 15
#: The most equal intervals in a row are 12 in 17 hours of a wristband that rounds to 1/64 s.
_MOST_EQUAL = 24
#: An interval that is 60 s over the heart rate to the tick may be so by chance, the more easily
#: the faster the heart; the chance that all of them are must be below e to minus this.
_TICK_S, _COMPUTED = 0.00101, 40.0
_KEPT = 256  #: packets; four minutes


class IntervalCheck:
    """Feed it with each packet, also with those without intervals; read `doubt`."""

    def __init__(self) -> None:
        self._impossible_until_s = -math.inf
        self._impossible = ""
        self._equal, self._last_rr_s = 0, math.nan
        self._computed = 0.0
        self._unfilled: Doubt | None = None
        self._disagree = ""
        self._now_s = 0.0
        self.restart()

    def restart(self) -> None:
        """Begin to count anew: packets may be missing here."""
        self._count_from_s: float | None = None
        self._sum_s = 0.0
        self._before_s: float | None = None
        self._last_beat_s = -math.inf
        self._packets: deque[tuple[float, float, bool]] = deque(maxlen=_KEPT)
        self._rates: deque[tuple[float, float, float, int]] = deque()

    @property
    def doubt(self) -> Doubt | None:
        """Return the gravest doubt about the intervals; None while they fit."""
        if self._now_s < self._impossible_until_s:
            return Doubt(self._impossible, 0.0)
        if self._computed >= _COMPUTED:
            words = "Its intervals are computed from its heart rate and say nothing of variability."
            return Doubt(words, 0.0)
        if self._equal >= _MOST_EQUAL:
            return Doubt("Its intervals are all exactly alike, as no heart's are.", 0.0)
        if self._disagree:
            return Doubt(self._disagree, 0.0)
        return self._unfilled

    def feed(self, time_s: float, rr_s: Sequence[float], bpm: float | None = None) -> None:
        """Take in the intervals of a packet and the heart rate beside them.

        Parameters
        ----------
        time_s
            When they arrived, in session time.
        rr_s
            Plausible ones, in s, oldest first; often none.
        bpm
            The device's own heart rate; None where it tells none.
        """
        self._now_s = time_s
        if rr_s:
            self._last_beat_s = time_s
        elif time_s - self._last_beat_s > _SILENCE_S:
            self.restart()
            self._unfilled, self._disagree = None, ""
            return
        self._compare(rr_s, bpm)
        self._count(time_s, math.fsum(rr_s))
        self._fill(time_s, math.fsum(rr_s), bpm)
        self._rate(time_s, rr_s, bpm)

    def _compare(self, rr_s: Sequence[float], bpm: float | None) -> None:
        """Compare each interval with the one before it, and with what the rate would make."""
        for one_s in rr_s:
            self._equal = self._equal + 1 if one_s == self._last_rr_s else 0
            self._last_rr_s = one_s
            if not bpm:
                continue
            whole_s = 60.0 / bpm
            off_s = min(abs(one_s - whole_s), abs(one_s - whole_s * _MS_FOR_1024))
            by_chance = min(1.0, 4.0 * _TICK_S * bpm / whole_s)
            self._computed = 0.0 if off_s > _TICK_S else self._computed - math.log(by_chance)

    def _count(self, time_s: float, sum_s: float) -> None:
        """Compare the sum of the intervals with the time that passed."""
        if self._count_from_s is None or time_s - self._count_from_s > _COUNT_S:
            self._count_from_s, self._sum_s = time_s, 0.0
            return
        self._sum_s += sum_s
        passed_s = time_s - self._count_from_s
        if self._sum_s - passed_s > _MOST_AHEAD_S:
            if time_s >= self._impossible_until_s:
                times = self._sum_s / passed_s
                self._impossible = (
                    f"Its intervals are impossible: they add up to about {times:.{times < 1.6:d}f} "
                    "times the time that passed, so they do not count."
                )
            self._impossible_until_s = time_s + _CLEAN_S
            self._count_from_s, self._sum_s = time_s, 0.0

    def _fill(self, time_s: float, sum_s: float, bpm: float | None) -> None:
        """Compare the intervals with the time of the packets that came evenly."""
        before_s, self._before_s = self._before_s, time_s
        if before_s is None:
            return
        usual_s = statistics.median([p[0] for p in self._packets]) if self._packets else math.inf
        self._packets.append((time_s - before_s, sum_s, time_s - before_s <= _UNEVEN * usual_s))
        even = [(apart_s, beats_s) for apart_s, beats_s, is_even in self._packets if is_even]
        passed_s = math.fsum(apart_s for apart_s, _ in even)
        if passed_s < _FILL_S:
            return
        filled = math.fsum(beats_s for _, beats_s in even) / passed_s
        if filled < _FILLED:
            self._unfilled = Doubt(
                f"Its intervals fill {100 * filled:.0f} % of the time: not all of them arrive, so "
                "those that do are no neighbours.",
                _FEW_TRUST,
            )
        elif passed_s < _MS_S or len(even) < _MS_EVEN * len(self._packets):
            self._unfilled = None
        else:
            short = abs(_slope(even) - _MS_FOR_1024) < _MS_TOLERANCE
            self._unfilled = _IN_MS if short and self._reads_fast() else None

    def _rate(self, time_s: float, rr_s: Sequence[float], bpm: float | None) -> None:
        """Compare the intervals of half a minute with the device's own rate."""
        if bpm:
            self._rates.append((time_s, bpm, math.fsum(rr_s), len(rr_s)))
        while self._rates and self._rates[0][0] <= time_s - _RATE_S:
            self._rates.popleft()
        agreement = self._agreement()
        if agreement is None or self._rates[-1][0] - self._rates[0][0] < 0.8 * _RATE_S:
            return
        own_bpm = statistics.fmean(rate[1] for rate in self._rates)
        low, high = _RATE_AGREES
        self._disagree = ""
        if not low <= agreement <= high:
            self._disagree = (
                f"Its intervals say {agreement * own_bpm:.0f} beats a minute and its heart rate "
                f"{own_bpm:.0f}: the intervals do not count."
            )

    def _agreement(self) -> float | None:
        """Return the rate of the intervals over the device's own; None with too few of them."""
        beats = sum(rate[3] for rate in self._rates)
        if beats < _RATE_BEATS:
            return None
        own_bpm = statistics.fmean(rate[1] for rate in self._rates)
        return 60.0 * beats / math.fsum(rate[2] for rate in self._rates) / own_bpm

    def _reads_fast(self) -> bool:
        """Return whether the rate of the intervals is too fast by so much too, where it is known.

        It tells intervals of another unit from some that are left out.
        """
        agreement = self._agreement()
        return agreement is None or agreement > 1.0 + (1.0 / _MS_FOR_1024 - 1.0) / 2


_IN_MS = Doubt(
    "Its intervals are 2.4 % shorter than the time that passes: it seems to send ms where the "
    "standard has 1/1024 s.",
    _MS_TRUST,
)


def _slope(even: Sequence[tuple[float, float]]) -> float:
    """Return how fast the sum of the intervals grows with time, by a line through all packets."""
    steps = np.cumsum(np.array(even), axis=0)
    passed_s = steps[:, 0] - steps[:, 0].mean()
    return float(passed_s @ (steps[:, 1] - steps[:, 1].mean()) / (passed_s @ passed_s))
