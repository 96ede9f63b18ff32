"""Where a device stands whose MIDI clock we hear: its ticks, smoothed, and what it says besides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

from synth.tick_count import changed, line_of

__all__ = ["ClockListener", "ClockPosition"]

_TICKS_PER_BEAT = 24
_TICKS_PER_SIXTEENTH = 6
_MEMORY = 96  # ticks, four beats: what a phase and a tempo are judged by
_QUICK = 12  # as few suffice to begin with
_LOCKS = (_QUICK, 2 * _QUICK, 4 * _QUICK)  # ticks from the beginning that are counted all at once
_OFTEN = 6  # ticks between positions while the memory fills; once a beat later
_SMOOTHING = 1.0 / 3.0
_STRAY = 0.2  # of a tick: a smoothed error beyond this may be another tempo, and no jitter,
_SPREAD = 0.07  # as may errors whose smoothed square is more than this
_HOLES = 6  # as many in a row may be a device that has become slower
_RECENT = 30  # ticks among which a change of tempo is looked for
_DRIFT = 0.08  # share of a tick's length below which the loop follows by itself
_DOUBT = 12  # ticks for which it is looked for after a stray one, at every third
_NEAR = 0.25  # of a tick by which the first tick after Start may be off the clock before it
_LOST_S = 2.0
_SLOWEST_S, _FASTEST_S = 60.0 / (24 * 20.0), 60.0 / (24 * 400.0)  # of a tick: 20 to 400 BPM


class ClockPosition(NamedTuple):
    """The device stands at `beat` at `time_s` and moves at `bpm`; `state` as `ExternalClock`."""

    time_s: float
    beat: float
    bpm: float
    state: Literal["running", "stopped", "lost"]


class ClockListener:
    """A phase-locked loop on MIDI clock: feed it with messages, it tells where the music stands.

    It locks on the first ticks, all at once, and then counts: a tick that does not come has gone
    by all the same. The loop's gains are those of a straight line fitted to all ticks so far, up to
    four beats, and to few again after a change of tempo. Beat 0 is the first tick after Start.
    """

    def __init__(self) -> None:
        self._running = False
        self._lost = False
        self._heard_s: float | None = None
        self._next = 0  # number, in the device's music, of the tick that is to come
        self._started_s: float | None = None  # since the last tick; None for not
        self._told: int | None = None  # number of the tick of the last position
        self._forget()

    @property
    def waiting(self) -> bool:
        """Whether the device is there and has not said start, or continue, or has said stop."""
        return not self._running and not self._lost

    def feed(self, message: Sequence[int], time_s: float) -> ClockPosition | None:
        """Take in a message that came at `time_s`; return a position when there is news.

        Parameters
        ----------
        message
            The bytes of one MIDI message; those that tell nothing of a clock are ignored.
        time_s
            When it came, in session time.

        Returns
        -------
        ClockPosition | None
            Where the device stands now; None when nothing new is known.
        """
        match message[0]:
            case 0xF8:
                return self._tick(time_s)
            case 0xFA:
                self._begin(0, time_s)
            case 0xFB:
                self._begin(self._next, time_s)
            case 0xFC if self._running:
                self._running = False
                return self._position(time_s, "stopped")
            case 0xF2 if len(message) == 3:
                sixteenths = message[1] | message[2] << 7
                self._next = _TICKS_PER_SIXTEENTH * sixteenths
                if self._running:
                    self._begin(self._next, time_s)
        return None

    def check(self, now_s: float) -> ClockPosition | None:
        """Return a position, once, when a clock that ran has been silent for two seconds.

        Parameters
        ----------
        now_s
            Session time.

        Returns
        -------
        ClockPosition | None
            A position whose state is "lost"; None while all is well, and after it was told.
        """
        silent = self._heard_s is not None and now_s - self._heard_s > _LOST_S
        return self.gone(now_s) if silent and self._running else None

    def gone(self, now_s: float) -> ClockPosition | None:
        """Take in that the device has gone; return that position, once.

        Parameters
        ----------
        now_s
            Session time.

        Returns
        -------
        ClockPosition | None
            A position whose state is "lost"; None when that was told before.
        """
        if self._lost:
            return None
        self._lost = True
        return self._position(now_s, "lost")

    def _begin(self, number: int, time_s: float) -> None:
        self._running, self._next, self._told, self._started_s = True, number, None, time_s

    def _forget(self) -> None:
        self._times_s: list[float] = []  # of the latest ticks
        self._places: list[int] = []  # of the same: how they are counted
        self._first = 0  # index among them of the first tick after Start; below 0 for long ago
        self._known = 0  # ticks that the estimate rests on; none before it has locked
        self._time_s = 0.0
        self._period_s = 0.0
        self._stray = 0.0  # smoothed error, in ticks
        self._spread = 0.0  # and its square
        self._holes = 0  # in a row
        self._doubt = 0  # ticks for which a change of tempo is looked for
        self._sure = False  # whether there are as many ticks as the count is ever begun with

    def _tick(self, time_s: float) -> ClockPosition | None:
        if self._heard_s is not None and time_s - self._heard_s > _LOST_S / 2.0:
            self._forget()
            self._started_s = time_s if self._started_s is None else self._started_s
        self._heard_s = time_s
        turns = (time_s - self._time_s) / self._period_s if self._known else 1.0
        steps = max(0, round(turns))
        if self._known and self._started_s is not None:
            if not steps or abs(turns - steps) > _NEAR:  # the device has begun its clock anew
                self._times_s, self._places = [], []
                self._known, self._time_s = _QUICK, time_s - self._period_s
                turns, steps = 1.0, 1
            else:  # a tick that was lost since then was its first
                due = math.ceil((self._started_s - self._time_s) / self._period_s - _NEAR)
                self._next += steps - max(1, due)
        self._count(time_s, steps)
        if self._known:
            self._follow(turns - steps, steps)
        if len(self._times_s) in _LOCKS and not self._sure:
            self._lock()
        if not self._running:
            return None
        number = self._next - 1
        often = _OFTEN if self._known < _MEMORY else _TICKS_PER_BEAT
        if not self._known or (self._told is not None and number // often == self._told // often):
            return None
        self._told, self._lost = number, False
        return self._position(self._time_s, "running")

    def _count(self, time_s: float, steps: int) -> None:
        """Note a tick as so many places after the last, and as the device's music counts it."""
        place = self._places[-1] + steps if self._places else 0
        self._times_s.append(time_s)
        self._places.append(place)
        if self._started_s is not None:
            self._first, self._started_s = len(self._times_s) - 1, None
            self._next += 1
        elif self._running:
            self._next += steps
        self._sure = self._sure or len(self._times_s) > _LOCKS[-1]
        while len(self._times_s) > (_RECENT if self._sure else _LOCKS[-1]):
            del self._times_s[0], self._places[0]
            self._first -= 1

    def _follow(self, error: float, steps: int) -> None:
        """Correct time and length of the tick by an error in ticks."""
        self._known = k = min(_MEMORY, self._known + max(1, steps))
        self._time_s += self._period_s * (steps + error * 2.0 * (2 * k - 1) / (k * (k + 1)))
        self._period_s *= 1.0 + error * 6.0 / (k * (k + 1))
        self._stray += _SMOOTHING * (error - self._stray)
        self._spread += _SMOOTHING / 4.0 * (error * error - self._spread)
        self._holes = self._holes + 1 if steps > 1 else 0
        if abs(self._stray) > _STRAY or self._spread > _SPREAD or self._holes >= _HOLES:
            self._stray, self._spread, self._holes, self._doubt = 0.0, 0.0, 0, _DOUBT
        if self._doubt and not self._doubt % 3:
            self._reconsider()
        self._doubt = max(0, self._doubt - 1)

    def _lock(self) -> None:
        """Count the first ticks, all at once."""
        line = line_of(self._times_s, self._period_s if len(self._times_s) > 2 * _QUICK else None)
        if line is None:
            self._forget()
            return
        self._recount(0, [self._places[0] + number for number in line.numbers])
        self._known, self._time_s, self._period_s = len(line.numbers), line.time_s, line.period_s

    def _reconsider(self) -> None:
        """Count the latest ticks anew when another tempo explains them better."""
        found = changed(self._times_s[-_RECENT:], self._places[-_RECENT:])
        if found is None or abs(found[1].period_s / self._period_s - 1.0) < _DRIFT:
            return
        self._doubt, self._sure = 0, True
        since, line = found
        since += max(0, len(self._times_s) - _RECENT)
        before = self._places[since - 1]
        link = max(1, round((self._times_s[since] - self._times_s[since - 1]) / line.period_s))
        self._recount(since, [before + link + number for number in line.numbers])
        self._known, self._time_s, self._period_s = _QUICK, line.time_s, line.period_s

    def _recount(self, since: int, places: list[int]) -> None:
        """Put other places in for the latest ones; the first tick after Start keeps its number."""
        first = max(0, self._first)
        before = self._places[-1] - self._places[first]
        self._places[since:] = places
        if self._running:
            self._next += self._places[-1] - self._places[first] - before

    def _position(
        self, time_s: float, state: Literal["running", "stopped", "lost"]
    ) -> ClockPosition:
        period_s = min(_SLOWEST_S, max(_FASTEST_S, self._period_s))
        beat = max(0, self._next - 1) / _TICKS_PER_BEAT
        return ClockPosition(time_s, beat, 60.0 / (_TICKS_PER_BEAT * period_s), state)
