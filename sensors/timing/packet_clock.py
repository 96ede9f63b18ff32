"""When a device sent its packets, where it sends them evenly, from arrivals that are late."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

__all__ = ["PacketClock"]

#: Where the last packets came this evenly, as a share of their usual distance, a pause of this
#: many of it shows a lost one at once.
_STEADY = (0.7, 1.3)
_PAUSE = 1.6
_PAUSES = 8
#: The rhythm is a line through so many packets; the earliest of the last few suffered no delay.
_PACKETS, _EARLIEST_OF, _FEWEST = 256, 64, 9
#: A packet this far off the line, as a share of the distance, was held up on its way; that many
#: in a row follow another rhythm. Wider a scatter than this is no rhythm.
_EARLY, _LATE, _STRANGERS, _SCATTER = 0.15, 0.25, 8, 0.08
_LEAST_S = 1e-3  #: no device sends faster


class PacketClock:
    """Follows the rhythm of a device's packets, through losses and jitter.

    `feed` takes each arrival; `sent_s` tells when that packet left, by the rhythm of the others.
    """

    def __init__(self) -> None:
        self._heard_s: float | None = None
        self._pauses_s: deque[float] = deque(maxlen=_PAUSES)
        self._numbers: deque[int] = deque(maxlen=_PACKETS)
        self._arrivals_s: deque[float] = deque(maxlen=_PACKETS)
        self._line = (1.0, 0.0)  #: the distance of two packets, and when number 0 was due
        self._strangers = 0
        self._sent_s: float | None = None

    @property
    def sent_s(self) -> float | None:
        """Return when the last packet was sent, with the least delay of the link in it.

        None where that is not known: too few packets yet, no rhythm, or one that was held up.
        """
        return self._sent_s

    def restart(self) -> None:
        """Forget the rhythm: after a new connection the device may begin another."""
        self._forget()
        self.skip()

    def skip(self) -> None:
        """Take the next arrival as the first one after a break."""
        self._heard_s = self._sent_s = None

    def feed(self, arrival_s: float) -> bool:
        """Take a packet; return whether one is missing before it, by the pauses between them.

        Parameters
        ----------
        arrival_s
            When it arrived, in session time.

        Returns
        -------
        bool
            False while the rhythm is not known.
        """
        pauses_s, heard_s = self._pauses_s, self._heard_s
        self._heard_s = arrival_s
        self._sent_s = self._place(arrival_s)
        if heard_s is None:
            return False
        pause_s = arrival_s - heard_s
        usual_s = self._usual_s
        steady = (
            len(pauses_s) == _PAUSES
            and min(pauses_s) >= _STEADY[0] * usual_s
            and max(pauses_s) <= _STEADY[1] * usual_s
        )
        if steady and pause_s > _PAUSE * usual_s:
            return True
        pauses_s.append(pause_s)
        return False

    @property
    def _usual_s(self) -> float:
        return sorted(self._pauses_s)[len(self._pauses_s) // 2] if self._pauses_s else 0.0

    def _place(self, arrival_s: float) -> float | None:
        """Give the packet its number in the rhythm, and return when that one was due."""
        if not self._numbers or self._strangers >= _STRANGERS:
            self._forget()
            self._take(0, arrival_s)
            return None
        number = self._numbers[-1]
        if len(self._numbers) < _FEWEST:
            usual_s = self._usual_s
            step = round((arrival_s - self._arrivals_s[-1]) / usual_s) if usual_s > 0.0 else 1
            self._take(number + max(1, step), arrival_s)
            return None
        distance_s, first_s = self._line
        place = (arrival_s - first_s) / distance_s
        off = place - round(place)
        if round(place) <= number or not -_EARLY < off < _LATE:
            self._strangers += 1
            return None
        self._strangers = 0
        return self._take(round(place), arrival_s)

    def _forget(self) -> None:
        self._numbers.clear()
        self._arrivals_s.clear()
        self._strangers = 0

    def _take(self, number: int, arrival_s: float) -> float | None:
        """Draw the line of the rhythm anew by least squares, and return when the packet was due."""
        self._numbers.append(number)
        self._arrivals_s.append(arrival_s)
        if len(self._numbers) < _FEWEST:
            return None
        numbers, arrivals_s = np.array(self._numbers), np.array(self._arrivals_s)
        middle, middle_s = float(numbers.sum()) / len(numbers), arrivals_s.sum() / len(numbers)
        off = numbers - middle
        distance_s = max(float(off @ (arrivals_s - middle_s)) / float(off @ off), _LEAST_S)
        first_s = float(middle_s - distance_s * middle)
        self._line = distance_s, first_s
        delays_s = arrivals_s - middle_s - distance_s * off
        if math.sqrt(float(delays_s @ delays_s) / len(delays_s)) > _SCATTER * distance_s:
            return None
        return first_s + distance_s * number + float(delays_s[-_EARLIEST_OF:].min())
