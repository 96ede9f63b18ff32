"""A sensor's word about the skin against the heartbeat that it sends all the same."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from sensors.checks.doubt import Doubt

__all__ = ["ContactCheck"]

_DOUBT = Doubt(
    "It says that it does not touch the skin, and sends a plausible heartbeat all the same: that "
    "counts, with less trust.",
    0.8,
)
#: How many packets must show a heart before the bit is not believed: fewer for one that never
#: said yes, as many straps have it. Ours.
_PACKETS, _PACKETS_AFTER_YES = 8, 40
_AGREE = 0.3  #: how far an interval may lie from the heart rate beside it
_STEADY = 0.2  #: how far from the one before it
#: Without intervals, the heart rate itself must move: one that is held stands still.
_RATES, _RATES_S = 3, 20.0
_FEWEST_BPM, _MOST_BPM = 30, 220


class ContactCheck:
    """Feed it with what comes while the sensor says that it is not worn, and what it says.

    Attributes
    ----------
    doubt
        Why its word does not count; None while it does.
    """

    def __init__(self) -> None:
        self.doubt: Doubt | None = None
        self._said_yes = False
        self._packets = 0
        self._last_rr_s = 0.0
        self._rates: deque[tuple[float, int]] = deque()

    def feed(self, time_s: float, worn: bool, bpm: int, rr_s: Sequence[float]) -> None:
        """Take in a packet.

        Parameters
        ----------
        time_s
            When it arrived, in session time.
        worn
            What the sensor says.
        bpm
            The heart rate, 0 for none.
        rr_s
            Its intervals in s.
        """
        if worn:
            self._said_yes = True
            self._forget()
            return
        if rr_s and not self._is_heart(bpm, rr_s):
            self._forget()
            return
        self._last_rr_s = rr_s[-1] if rr_s else self._last_rr_s
        self._packets += bool(rr_s)
        needed = _PACKETS_AFTER_YES if self._said_yes else _PACKETS
        if self._packets >= needed or (not self._said_yes and self._moves(time_s, bpm)):
            self.doubt = _DOUBT

    def _forget(self) -> None:
        self.doubt, self._packets, self._last_rr_s = None, 0, 0.0
        self._rates.clear()

    def _is_heart(self, bpm: int, rr_s: Sequence[float]) -> bool:
        """Return whether intervals fit each other, and the heart rate where there is one."""
        before_s = self._last_rr_s or rr_s[0]
        for one_s in rr_s:
            rate = 60.0 / one_s if one_s else 0.0
            if not _FEWEST_BPM <= rate <= _MOST_BPM or abs(one_s - before_s) > _STEADY * before_s:
                return False
            if bpm and abs(rate - bpm) > _AGREE * bpm:
                return False
            before_s = one_s
        return True

    def _moves(self, time_s: float, bpm: int) -> bool:
        """Return whether a heart rate alone looks like one."""
        if not _FEWEST_BPM <= bpm <= _MOST_BPM:
            self._rates.clear()
            return False
        self._rates.append((time_s, bpm))
        while self._rates[0][0] < time_s - 2 * _RATES_S:
            self._rates.popleft()
        lasts_s = time_s - self._rates[0][0]
        return lasts_s >= _RATES_S and len({rate for _, rate in self._rates}) >= _RATES
