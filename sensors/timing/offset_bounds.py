"""Between which bounds a run of beats lies, from when its packets were sent."""

from __future__ import annotations

from collections.abc import Sequence

from sensors.timing.device_clock import RELAXATION

__all__ = ["OffsetBounds"]

#: At first the beats lie within this many intervals before the sending; the middle of the bounds
#: counts once they are closer than this share of an interval. Wider apart they stay where packets
#: come at the beats, which bound nothing from below.
_AT_FIRST, _CLOSE = 1.3, 0.5
#: Bounds that contradict each other by less than this share meet in the middle; by more, the
#: packet was held up on its way, or, when it happens that often in a row, the bounds are wrong.
_TOLERANCE, _STRANGERS = 0.1, 8
#: The next interval is taken as the mean of the last ones, give or take this many mean deviations,
#: and such a guess counts while it is surer than this share of an interval.
_MEMORY, _DEVIATIONS, _SURE = 0.1, 3.0, 0.3


class OffsetBounds:
    """Holds the offset of a run of beats: the session time of the beat before its first interval.

    `start_run` and `feed` take packets; `offset_s` reads the middle of the bounds.
    """

    def __init__(self) -> None:
        self._low_s = self._high_s = 0.0
        self._known = False
        self._sum_s = 0.0
        self._fed_s: float | None = None
        self._mean_s, self._deviation_s = 0.0, 0.0
        self._strangers = 0

    @property
    def offset_s(self) -> float | None:
        """Return the middle of the bounds, in s; None while they are too far apart."""
        if not self._known or self._high_s - self._low_s > _CLOSE * self._mean_s:
            return None
        return (self._low_s + self._high_s) / 2

    def start_run(self, sent_s: float | None, total_s: float) -> None:
        """Begin again with a packet of beats, `total_s` long, after some that were lost.

        How many were lost is guessed where the heart is steady enough to tell, and with it where
        the new run lies.

        Parameters
        ----------
        sent_s
            When the packet was sent, in session time; None where that is not known.
        total_s
            Length of its intervals together.
        """
        guess = None if sent_s is None else self._guess(sent_s - total_s)
        self._sum_s = 0.0
        self._strangers = 0
        self._known = guess is not None
        if guess is not None:
            self._low_s, self._high_s = guess

    def feed(
        self,
        arrival_s: float,
        sent_s: float | None,
        before_s: Sequence[float],
        rr_s: Sequence[float],
    ) -> None:
        """Take the intervals of a packet, sent at `sent_s` where that is known.

        Parameters
        ----------
        arrival_s
            When it arrived, in session time.
        sent_s
            When the packet was sent, in session time; None where that is not known.
        before_s
            When packets were sent since the last beat, that one's included: the first beat of
            this packet had not happened then.
        rr_s
            Its intervals, oldest first, one at least.
        """
        if self._fed_s is not None:
            relaxed_s = RELAXATION * max(0.0, arrival_s - self._fed_s)
            self._low_s, self._high_s = self._low_s - relaxed_s, self._high_s + relaxed_s
        self._fed_s = arrival_s
        for before in before_s:
            self._at_least(before - self._sum_s - rr_s[0])
        for rr in rr_s:
            self._sum_s += rr
            self._average(rr)
        if sent_s is not None:
            self._at_most(sent_s - self._sum_s)

    def _average(self, rr_s: float) -> None:
        if not self._mean_s:
            self._mean_s, self._deviation_s = rr_s, rr_s * _SURE
        self._deviation_s += _MEMORY * (abs(rr_s - self._mean_s) - self._deviation_s)
        self._mean_s += _MEMORY * (rr_s - self._mean_s)

    def _at_least(self, low_s: float) -> None:
        if not self._known or low_s <= self._low_s:
            self._strangers = 0
        elif low_s > self._high_s + _TOLERANCE * self._mean_s:
            self._strangers += 1
            self._known = self._strangers < _STRANGERS
        else:
            self._strangers = 0
            self._low_s = low_s
            self._meet()

    def _at_most(self, high_s: float) -> None:
        if not self._known or high_s < self._low_s - _TOLERANCE * self._mean_s:
            self._known = True
            self._low_s, self._high_s = high_s - _AT_FIRST * self._mean_s, high_s
        elif high_s < self._high_s:
            self._high_s = high_s
            self._meet()

    def _meet(self) -> None:
        if self._low_s > self._high_s:
            self._low_s = self._high_s = (self._low_s + self._high_s) / 2

    def _guess(self, latest_s: float) -> tuple[float, float] | None:
        """Return the bounds of a new run, that lies at most one interval before `latest_s`."""
        before_s = self.offset_s
        if before_s is None:
            return None
        last_s, mean_s = before_s + self._sum_s, self._mean_s
        lost = round((latest_s - mean_s / 2 - last_s) / mean_s)
        unsure_s = (self._high_s - self._low_s) / 2 + lost * _DEVIATIONS * self._deviation_s
        guess_s = last_s + lost * mean_s
        room_s = min(latest_s - guess_s, guess_s - latest_s + mean_s)
        if lost < 1 or unsure_s > _SURE * mean_s or room_s < unsure_s:
            return None
        return guess_s - unsure_s, guess_s + unsure_s
