"""Samples of one signal on their way in: in order, in session time, with every break marked."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np

from sensors.error_counter import CountBad
from sensors.signals import Chunk, FloatArray, Gap, GapReason, Signal
from sensors.timing.beat_timeline import NEIGHBOUR_TOLERANCE_S, PLAUSIBLE_RR_S, BeatTimeline

__all__ = ["ArrivalBeatFeed", "EventFeed", "Feed", "RegularFeed", "TimestampedBeatFeed", "feed_for"]

#: Silence of one signal after which its samples no longer belong together.
SILENCE_S = 5.0
_TICKS_PER_S = 1_000_000


class Feed(Protocol):
    """Takes raw samples of one signal and returns what may leave: chunks, and gaps before them."""

    def add(self, now_s: float, times_s: FloatArray, values: FloatArray) -> list[Chunk | Gap]:
        """Take samples with the times that are known for them; `values` is (n, channels).

        Parameters
        ----------
        now_s
            Session time.
        times_s, values
            Times in session time, shape (n,), and values in the signal's unit, shape (n,
            channels); rows that are not finite are left out.

        Returns
        -------
        list[Chunk | Gap]
            In order of time.
        """

    def interrupt(self, reason: GapReason) -> None:
        """Mark a break before the next sample; the first reason counts.

        Parameters
        ----------
        reason
            Why something is missing.
        """


class _Breaks:
    """Remembers where the last sample was, and why the next one is no neighbour of it."""

    def __init__(self, signal: Signal, source: str, count_bad: CountBad) -> None:
        self._signal, self._source, self._count_bad = signal, source, count_bad
        self._last_s: float | None = None
        self._broken_by: GapReason | None = None

    def interrupt(self, reason: GapReason) -> None:
        """Mark a break before the next sample; the first reason counts."""
        self._broken_by = self._broken_by or reason

    def _gap(self, end_s: float) -> list[Chunk | Gap]:
        reason, self._broken_by = self._broken_by, None
        if reason is None or self._last_s is None:
            return []
        end_s = max(self._last_s, end_s)
        return [Gap(self._signal, self._source, self._last_s, end_s, reason)]

    def _sound(
        self, now_s: float, times_s: FloatArray, values: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Leave out what is not finite; what stands in the future stands at `now_s`."""
        sound = np.isfinite(values).all(axis=1) & np.isfinite(times_s)
        if not sound.all():
            self._count_bad("out of range", f"{self._signal} that is no number")
            self.interrupt("bad_data")
        times_s = np.minimum(times_s[sound], now_s)
        return np.maximum.accumulate(times_s), values[sound]


class EventFeed(_Breaks):
    """Samples that each have their own time, such as a heart rate."""

    def add(self, now_s: float, times_s: FloatArray, values: FloatArray) -> list[Chunk | Gap]:
        """Return the samples as one chunk, with times that never decrease.

        Parameters
        ----------
        now_s
            Session time.
        times_s, values
            Times in session time, shape (n,), and values in the signal's unit, shape (n,
            channels); rows that are not finite are left out.

        Returns
        -------
        list[Chunk | Gap]
            None for no sound sample; a gap before it after 5 s of silence.
        """
        times_s, values = self._sound(now_s, times_s, values)
        if not len(times_s):
            return []
        if self._last_s is not None:
            times_s = np.maximum(times_s, self._last_s)
            if times_s[0] - self._last_s > SILENCE_S:
                self.interrupt("stall")
        samples = self._gap(float(times_s[0]))
        self._last_s = float(times_s[-1])
        return [*samples, Chunk.events(self._signal, self._source, times_s, values)]


class RegularFeed(_Breaks):
    """Samples at a rate, put on an even grid that follows their times.

    Parameters
    ----------
    signal
        What is measured.
    source, count_bad
        The sensor's name, and who is told of input that makes no sense.
    rate_hz
        Samples a second.
    hole_s
        How late a sample may be before something is missing: more than the jitter of the times
        it is fed with.
    """

    def __init__(
        self,
        signal: Signal,
        source: str,
        count_bad: CountBad,
        rate_hz: float,
        hole_s: float,
    ) -> None:
        super().__init__(signal, source, count_bad)
        self._rate_hz = rate_hz
        self._hole_s = max(hole_s, 0.75 / rate_hz)
        self._next_s: float | None = None

    def interrupt(self, reason: GapReason) -> None:
        """Mark a break before the next sample; the first reason counts.

        Parameters
        ----------
        reason
            Why something is missing.
        """
        super().interrupt(reason)
        self._next_s = None

    def add(self, now_s: float, times_s: FloatArray, values: FloatArray) -> list[Chunk | Gap]:
        """Return even chunks, cut wherever a sample comes later than `hole_s` after its turn.

        Parameters
        ----------
        now_s
            Session time.
        times_s, values
            Times in session time, shape (n,), and values in the signal's unit, shape (n,
            channels); rows that are not finite are left out.

        Returns
        -------
        list[Chunk | Gap]
            In order of time.
        """
        times_s, values = self._sound(now_s, times_s, values)
        samples: list[Chunk | Gap] = []
        first = 0
        for i in range(1, len(times_s) + 1):
            if i < len(times_s) and times_s[i] - times_s[i - 1] - self._period_s <= self._hole_s:
                continue
            samples += self._run(now_s, times_s[first:i], values[first:i])
            first = i
        return samples

    @property
    def _period_s(self) -> float:
        return 1.0 / self._rate_hz

    def _run(self, now_s: float, times_s: FloatArray, values: FloatArray) -> list[Chunk | Gap]:
        """Place samples without a hole among them."""
        lasts_s = (len(times_s) - 1) * self._period_s
        # The last time is the one that newer samples of a burst cannot have delayed.
        start_s = float(times_s[-1]) - lasts_s
        if self._next_s is not None and start_s - self._next_s > self._hole_s:
            self.interrupt("stall" if start_s - self._next_s > SILENCE_S else "link")
        if self._next_s is not None:
            nudge_s = self._period_s / 4
            start_s = self._next_s + min(max(start_s - self._next_s, -nudge_s), nudge_s)
        start_s = min(start_s, now_s - lasts_s)
        if self._last_s is not None and start_s < self._last_s:
            start_s = self._last_s
            if start_s + lasts_s > now_s + self._period_s:
                self._count_bad(
                    "too much at once", f"{self._signal} that is faster than {self._rate_hz:g} Hz"
                )
                return []
        samples = self._gap(start_s)
        chunk = Chunk.regular(self._signal, self._source, start_s, self._rate_hz, values)
        self._last_s = float(chunk.times_s[-1])
        self._next_s = self._last_s + self._period_s
        return [*samples, chunk]


class ArrivalBeatFeed:
    """RR intervals whose times are those of their arrival, late by whatever the way took.

    Parameters
    ----------
    source, count_bad
        The sensor's name, and who is told of input that makes no sense.
    """

    def __init__(self, source: str, count_bad: CountBad) -> None:
        self._timeline = BeatTimeline(source, ticks_per_s=_TICKS_PER_S, even_packets=False)
        self._count_bad = count_bad

    def interrupt(self, reason: GapReason) -> None:
        """Mark a break before the next beat; the first reason counts.

        Parameters
        ----------
        reason
            Why something is missing.
        """
        self._timeline.interrupt(reason)

    def add(self, now_s: float, times_s: FloatArray, values: FloatArray) -> list[Chunk | Gap]:
        """Return the beats that the intervals end, `values` (n, 1) in s.

        Parameters
        ----------
        now_s
            Session time.
        times_s
            Their times, in session time, shape (n,); what stands in the future stands at
            `now_s`.
        values
            Intervals in s, shape (n, 1).

        Returns
        -------
        list[Chunk | Gap]
            One chunk for each beat.
        """
        samples: list[Chunk | Gap] = []
        for time_s, rr_s in zip(np.minimum(times_s, now_s), values[:, 0], strict=True):
            if not PLAUSIBLE_RR_S[0] <= rr_s <= PLAUSIBLE_RR_S[1]:
                self._count_bad("out of range", "an interval that no heart makes")
                self.interrupt("bad_data")
                continue
            # The timeline counts in ticks; the interval itself stays exact.
            for sample in self._timeline.feed(float(time_s), [round(rr_s * _TICKS_PER_S)]):
                if isinstance(sample, Chunk):
                    sample = replace(sample, values=np.array([[rr_s]]))
                samples.append(sample)
        return samples


class TimestampedBeatFeed(_Breaks):
    """RR intervals with the device's own time of each beat; a break where two are no neighbours.

    Parameters
    ----------
    source, count_bad
        The sensor's name, and who is told of input that makes no sense.
    """

    def __init__(self, source: str, count_bad: CountBad) -> None:
        super().__init__(Signal.RR, source, count_bad)
        self._last_stamp_s: float | None = None

    def add(self, now_s: float, times_s: FloatArray, values: FloatArray) -> list[Chunk | Gap]:
        """Return the beats; `values` is (n, 2): the interval in s, the device's time of its end.

        Parameters
        ----------
        now_s
            Session time.
        times_s
            Their times, in session time, shape (n,); what stands in the future stands at
            `now_s`.
        values
            The interval in s and the device's time of its end in s, shape (n, 2).

        Returns
        -------
        list[Chunk | Gap]
            One chunk for each beat.
        """
        samples: list[Chunk | Gap] = []
        times_s, values = self._sound(now_s, times_s, values)
        for time_s, (rr_s, stamp_s) in zip(times_s, values, strict=True):
            if not PLAUSIBLE_RR_S[0] <= rr_s <= PLAUSIBLE_RR_S[1]:
                self._count_bad("out of range", "an interval that no heart makes")
                self.interrupt("bad_data")
                continue
            if self._last_stamp_s is not None:
                apart_s = stamp_s - self._last_stamp_s - rr_s
                if apart_s <= -rr_s:
                    self._count_bad("repeated", "a beat that came twice")
                    continue
                if abs(apart_s) > NEIGHBOUR_TOLERANCE_S:
                    self.interrupt("bad_data")
            self._last_stamp_s = float(stamp_s)
            samples += self._gap(float(time_s - rr_s))
            if self._last_s is None or time_s > self._last_s:
                self._last_s = float(time_s)
            samples.append(Chunk.events(Signal.RR, self._source, [self._last_s], [rr_s], [stamp_s]))
        return samples

    def restart(self) -> None:
        """Forget the device's time: its clock was set."""
        self._last_stamp_s = None


def feed_for(
    signal: Signal,
    source: str,
    count_bad: CountBad,
    *,
    rate_hz: float | None,
    hole_s: float,
) -> Feed:
    """Return the feed for a signal whose samples come with the times of their sending.

    Parameters
    ----------
    signal
        What is measured.
    source, count_bad
        The sensor's name, and who is told of input that makes no sense.
    rate_hz
        Samples a second; None for samples that each have their own time.
    hole_s
        How late a sample at a rate may be before something is missing.

    Returns
    -------
    Feed
        RR intervals have one of their own.
    """
    if signal is Signal.RR:
        return ArrivalBeatFeed(source, count_bad)
    if rate_hz is None:
        return EventFeed(signal, source, count_bad)
    return RegularFeed(signal, source, count_bad, rate_hz, hole_s)
