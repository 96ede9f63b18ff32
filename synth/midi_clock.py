"""Where a device stands whose MIDI clock we hear: its ticks, smoothed, and what it says besides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

__all__ = ["ClockListener", "ClockPosition"]

_TICKS_PER_BEAT = 24
_TICKS_PER_SIXTEENTH = 6
_MEMORY = 96  # ticks, four beats: what a phase and a tempo are judged by
_QUICK = 12  # as few suffice to begin with, and after a change of tempo
_OFTEN = 6  # ticks between positions while the memory fills; once a beat later
_SMOOTHING = 1.0 / 6.0
_STRAY_S = 0.004  # a smoothed error beyond this is no jitter: the tempo has changed
_RESTART_S = 0.04
_LOST_S = 2.0
_STEADY = 24  # ticks known before a hole is taken for ticks that were lost on the way
_HOLES = 6  # as many in a row, and the device has become slower instead
_NEAR = 0.2  # share of a tick
_SLOWEST_S, _FASTEST_S = 60.0 / (24 * 20.0), 60.0 / (24 * 400.0)  # of a tick: 20 to 400 BPM


class ClockPosition(NamedTuple):
    """The device stands at `beat` at `time_s` and moves at `bpm`; `state` as `ExternalClock`."""

    time_s: float
    beat: float
    bpm: float
    state: Literal["running", "stopped", "lost"]


class ClockListener:
    """A phase-locked loop on MIDI clock: feed it with messages, it tells where the music stands.

    Its gains are those of a straight line fitted to all ticks so far, up to four beats, and to few
    again when the errors no longer look like jitter. Beat 0 is the first tick after Start.
    """

    def __init__(self) -> None:
        self._running = False
        self._lost = False
        self._ticks = -1  # of the device's music; the last one heard
        self._heard_s: float | None = None
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
                self._running, self._ticks = True, -1
            case 0xFB:
                self._running = True
            case 0xFC if self._running:
                self._running = False
                return self._position(time_s, "stopped")
            case 0xF2 if len(message) == 3:
                sixteenths = message[1] | message[2] << 7
                self._ticks = _TICKS_PER_SIXTEENTH * sixteenths - 1
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

    def _forget(self) -> None:
        self._known = 0  # ticks that the estimate rests on
        self._holes: list[int] = []  # ticks that were taken for lost, in a row
        self._time_s = 0.0
        self._period_s = 0.0
        self._error_s = 0.0

    def _tick(self, time_s: float) -> ClockPosition | None:
        if self._heard_s is not None and time_s - self._heard_s > _LOST_S / 2.0:
            self._forget()
        since_s, self._heard_s = time_s - (self._heard_s or time_s), time_s
        self._bridge(time_s, since_s)
        self._follow(time_s)
        if not self._running:
            return None
        self._ticks += 1
        often = _OFTEN if self._known < _MEMORY else _TICKS_PER_BEAT
        if self._known < _QUICK or self._ticks % often:
            return None
        self._lost = False
        return self._position(self._time_s, "running")

    def _follow(self, time_s: float) -> None:
        """Correct time and length of the tick by what came."""
        error_s = time_s - self._time_s - self._period_s
        if self._known > 1 and abs(error_s) > _RESTART_S:
            self._forget()
        if self._known == 0:
            self._time_s, self._known = time_s, 1
            return
        self._error_s += _SMOOTHING * (error_s - self._error_s)
        if abs(self._error_s) > _STRAY_S and self._known > _QUICK:
            self._known, self._error_s = _QUICK, 0.0
        self._known = k = min(_MEMORY, self._known + 1)
        self._time_s += self._period_s + error_s * 2.0 * (2 * k - 1) / (k * (k + 1))
        self._period_s += error_s * 6.0 / (k * (k + 1))

    def _bridge(self, time_s: float, since_s: float) -> None:
        """Count ticks that were lost on the way, as on a radio: holes of whole ticks.

        `since_s` is the time since the tick before, `time_s` that of this one.
        """
        if self._known < _STEADY:
            return
        turns = (time_s - self._time_s) / self._period_s
        lost = round(turns) - 1
        if lost < 1 or since_s < 1.5 * self._period_s or abs(turns - lost - 1) > _NEAR:
            self._holes.clear()
            return
        self._holes.append(lost)
        if len(self._holes) < _HOLES:
            self._time_s += lost * self._period_s
            self._ticks += lost * self._running
            return
        self._ticks -= sum(self._holes[:-1]) * self._running
        self._forget()

    def _position(
        self, time_s: float, state: Literal["running", "stopped", "lost"]
    ) -> ClockPosition:
        period_s = min(_SLOWEST_S, max(_FASTEST_S, self._period_s))
        beat = max(0, self._ticks) / _TICKS_PER_BEAT
        return ClockPosition(time_s, beat, 60.0 / (_TICKS_PER_BEAT * period_s), state)
