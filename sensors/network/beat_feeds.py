"""RR intervals on their way in, with the times of their arrival or the device's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from sensors.checks.doubt import Doubt
from sensors.checks.intervals import IntervalCheck
from sensors.checks.values import ValueCheck
from sensors.error_counter import CountBad
from sensors.network.feeds import Breaks, EventFeed, Feed, RegularFeed
from sensors.signals import Chunk, FloatArray, Gap, GapReason, Signal
from sensors.timing.beat_timeline import NEIGHBOUR_TOLERANCE_S, PLAUSIBLE_RR_S, BeatTimeline

__all__ = ["ArrivalBeatFeed", "TimestampedBeatFeed", "feed_for"]

_TICKS_PER_S = 1_000_000


class ArrivalBeatFeed:
    """RR intervals whose times are those of their arrival, late by whatever the way took.

    Parameters
    ----------
    source, count_bad
        The sensor's name, and who is told of input that makes no sense.
    rate_bpm
        Tells the device's own heart rate, where it is known.
    """

    def __init__(
        self, source: str, count_bad: CountBad, rate_bpm: Callable[[], float | None] = lambda: None
    ) -> None:
        self._timeline = BeatTimeline(source, ticks_per_s=_TICKS_PER_S, even_packets=False)
        self._count_bad, self._rate_bpm = count_bad, rate_bpm
        self._intervals, self._values = IntervalCheck(), ValueCheck(Signal.RR)

    @property
    def doubt(self) -> Doubt | None:
        """Return what does not fit about the samples; None while all does."""
        return self._values.doubt or self._intervals.doubt

    def interrupt(self, reason: GapReason) -> None:
        """Mark a break before the next beat; the first reason counts.

        Parameters
        ----------
        reason
            Why something is missing.
        """
        self._timeline.interrupt(reason)
        if reason != "bad_data":
            self._intervals.restart()

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
        low_s, high_s = PLAUSIBLE_RR_S
        self._values.feed((values[:, 0] >= low_s) & (values[:, 0] <= high_s), values)
        for time_s, rr_s in zip(np.minimum(times_s, now_s), values[:, 0], strict=True):
            if not low_s <= rr_s <= high_s:
                self._count_bad("out of range", "an interval that no heart makes")
                self.interrupt("bad_data")
                continue
            self._intervals.feed(float(time_s), (float(rr_s),), self._rate_bpm())
            if self._intervals.doubt:
                self._count_bad("contradictory", self._intervals.doubt.sentence)
            # The timeline counts in ticks; the interval itself stays exact.
            for sample in self._timeline.feed(float(time_s), [round(rr_s * _TICKS_PER_S)]):
                if isinstance(sample, Chunk):
                    sample = replace(sample, values=np.array([[rr_s]]))
                samples.append(sample)
        return samples


class TimestampedBeatFeed(Breaks):
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
                self._break("bad_data")
                continue
            if self._last_stamp_s is not None:
                apart_s = stamp_s - self._last_stamp_s - rr_s
                if apart_s <= -rr_s:
                    self._count_bad("repeated", "a beat that came twice")
                    continue
                if abs(apart_s) > NEIGHBOUR_TOLERANCE_S:
                    self._break("bad_data")
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
    beside: Mapping[Signal, Feed],
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
    beside
        Feeds of the same source: its own heart rate is what its intervals are held against.

    Returns
    -------
    Feed
        RR intervals have one of their own.
    """
    if signal is Signal.RR:

        def rate_bpm() -> float | None:
            heart = beside.get(Signal.HR)
            return heart.latest if isinstance(heart, EventFeed) else None

        return ArrivalBeatFeed(source, count_bad, rate_bpm)
    if rate_hz is None:
        return EventFeed(signal, source, count_bad)
    return RegularFeed(signal, source, count_bad, rate_hz, hole_s)
