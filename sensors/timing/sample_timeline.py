"""When evenly spaced samples were taken, from packets that arrive late or not at all.

A packet can be late but never early, so the smallest difference of arrival and device time is the
best offset. Device time is the device's clock, or else the count of its samples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

import numpy as np

from sensors.codecs.frame import SampleFrame
from sensors.signals import Chunk, FloatArray, Gap, GapReason, Signal
from sensors.timing.device_clock import DriftMeter
from sensors.timing.rate_meter import RateMeter

__all__ = ["SampleTimeline"]

#: How fast the offset may grow. Watch crystals stay within 100 ppm; the nominal rate of a device
#: without a clock may be wrong by a percent.
_CLOCK_RELAXATION, _COUNT_RELAXATION = 200e-6, 0.01
_STRANGE_S = 5.0  #: no packet is later: after 5 s of silence the link connects again
_SLACK_S = 2.0  #: what a count or clock may run ahead of the arrivals, or it jumped
#: Without count and clock, a packet later than this share of a packet's time, or than this many
#: seconds, comes after a loss, unless others come with it: then all of them were held up.
_LATE, _LATE_S = 0.75, 0.3
_MOST_HELD = 64  #: packets


@dataclass(frozen=True, slots=True)
class _Placed:
    """A frame at its device time; `reason` says why it does not follow the one before."""

    frame: SampleFrame
    start_s: float
    reason: GapReason | None


class SampleTimeline:
    """Gives the samples of one signal their times, and finds where some are missing.

    Times never decrease, and no sample stands later than its arrival.

    Parameters
    ----------
    signal
        The signal of the chunks.
    source
        The sensor's name, which its chunks and gaps bear.
    rate_hz
        Samples a second; None for events at their arrival.
    clock_wraps_s
        Where the device's clock starts again; None when it does not, or there is none.
    counted
        Whether frames tell all that was lost, by a clock or a counter that wraps late.

    Attributes
    ----------
    signal
        The signal of the chunks.
    drift
        Of the device's clock; knows nothing where there is none.
    meter
        Tells whether the declared rate is far off; None before the first samples.
    """

    def __init__(
        self,
        signal: Signal,
        source: str,
        rate_hz: float | None,
        *,
        clock_wraps_s: float | None = None,
        counted: bool = True,
    ) -> None:
        self.signal, self._source, self._rate_hz = signal, source, rate_hz
        self._clock_wraps_s, self._counted = clock_wraps_s, counted
        self._last_s: float | None = None
        self._broken_by: GapReason | None = None
        self._due_s: float | None = None  #: device time of the next sample; None without a run
        self._clock: tuple[float, float] | None = None  #: the last clock, with its device time
        self._offset_s = math.inf
        self._arrival_s = 0.0
        self._held: list[tuple[float, list[SampleFrame]]] = []
        self._ready: list[Chunk | Gap] = []
        self.drift = DriftMeter()  #: of the device's clock; knows nothing where there is none
        self.meter: RateMeter | None = None  #: from the first samples that have a rate on

    def feed(self, arrival_s: float, frames: Iterable[SampleFrame]) -> list[Chunk | Gap]:
        """Return the samples that can be placed now, after the gaps before them.

        Parameters
        ----------
        arrival_s
            When it arrived, in session time.
        frames
            What came together; frames of other signals are ignored.

        Returns
        -------
        list[Chunk | Gap]
            In order of time; a frame may wait for the next arrival.
        """
        mine = [frame for frame in frames if frame.signal is self.signal and frame.values]
        samples, self._ready = self._ready, []
        if not mine:
            return samples
        if self._rate_hz is None:
            return samples + self._at_arrival(arrival_s, mine)
        if self._measure(arrival_s, mine, self._rate_hz):
            samples += self._ready
            self._ready = []
        if self._counted or self._due_s is None:
            return samples + self._place(arrival_s, mine, self._rate_hz)
        return samples + self._weigh(arrival_s, mine, self._rate_hz)

    def interrupt(self, reason: GapReason) -> None:
        """End the run: what follows is no neighbour of what came last. The first reason counts.

        Parameters
        ----------
        reason
            Why something is missing.
        """
        if self._rate_hz is not None:
            self._ready += self._release(self._rate_hz, lost=0)
        self._break(reason)
        self._due_s = self._clock = None
        if self.meter:
            self.meter.restart()

    def _measure(self, arrival_s: float, frames: list[SampleFrame], rate_hz: float) -> bool:
        """Hold the rate against the device's clock, or else the arrivals; return if it changed."""
        if self.meter is None:
            self.meter = RateMeter(rate_hz, by_device=frames[0].clock_s is not None)
        changed = False
        for frame in frames:
            time_s = arrival_s if frame.clock_s is None else frame.clock_s
            changed = self.meter.feed(time_s, frame.lost + len(frame)) or changed
        if changed:
            self.interrupt("bad_data")
            self._rate_hz = self.meter.rate_hz
        return changed

    def _break(self, reason: GapReason | None) -> None:
        self._broken_by = self._broken_by or reason

    def _at_arrival(self, arrival_s: float, frames: Sequence[SampleFrame]) -> list[Chunk | Gap]:
        samples: list[Chunk | Gap] = []
        for frame in frames:
            self._break("link" if frame.lost else None)
            samples += self._deliver(frame, partial(_ends_s, arrival_s, frame), None)
        return samples

    def _weigh(
        self, arrival_s: float, frames: list[SampleFrame], rate_hz: float
    ) -> list[Chunk | Gap]:
        """Tell packets that were held up from packets that follow a loss: wait for the next."""
        assert self._due_s is not None  # `feed` starts runs elsewhere
        packet_s = sum(map(len, frames)) / rate_hz
        waiting = [*(frame for _, held in self._held for frame in held), *frames]
        ahead = sum(frame.lost + len(frame) for frame in waiting)
        newest_s = self._due_s + (ahead - 1) / rate_hz
        lag_s = arrival_s - newest_s - self._relaxed_s(arrival_s)
        late = lag_s > max(_LATE * packet_s, _LATE_S)
        together = not self._held or arrival_s - self._held[-1][0] < packet_s / 2
        if late and together and len(self._held) < _MOST_HELD:
            self._held.append((arrival_s, frames))
            return []
        released = self._release(rate_hz, lost=round(lag_s * rate_hz) if late else 0)
        return released + self._place(arrival_s, frames, rate_hz)

    def _release(self, rate_hz: float, lost: int) -> list[Chunk | Gap]:
        held, self._held = self._held, []
        if not held or self._due_s is None:
            return []
        if lost:
            self._break("link")
            self._due_s += lost / rate_hz
        samples: list[Chunk | Gap] = []
        for arrival_s, frames in held:
            samples += self._place(arrival_s, frames, rate_hz)
        return samples

    def _place(
        self, arrival_s: float, frames: list[SampleFrame], rate_hz: float
    ) -> list[Chunk | Gap]:
        """Give frames that came together their device times, then the session its samples."""
        samples: list[Chunk | Gap] = []
        placed: list[_Placed] = []
        for frame in frames:
            found = self._locate(arrival_s, frame, rate_hz)
            if found.reason == "clock":
                samples += self._hand_out(arrival_s, placed, rate_hz)
                placed, self._offset_s = [], math.inf
            placed.append(found)
        return samples + self._hand_out(arrival_s, placed, rate_hz)

    def _locate(self, arrival_s: float, frame: SampleFrame, rate_hz: float) -> _Placed:
        """Find a frame's device time, and whether something is missing before it."""
        reason: GapReason | None = None
        if self._due_s is None:
            self._offset_s = math.inf
            start_s = frame.clock_s or 0.0
        else:
            start_s = self._due_s + frame.lost / rate_hz
            if frame.clock_s is not None and self._clock is not None:
                since_s = frame.clock_s - self._clock[0]
                start_s = self._clock[1] + (
                    since_s % self._clock_wraps_s if self._clock_wraps_s else since_s
                )
            missing_s = start_s - self._due_s
            if not -0.5 / rate_hz <= missing_s <= arrival_s - self._arrival_s + _SLACK_S:
                reason, start_s = "clock", frame.clock_s or 0.0
            elif missing_s > 0.75 / rate_hz:
                reason = "link"
        self._due_s = start_s + len(frame) / rate_hz
        if frame.clock_s is not None:
            self._clock = frame.clock_s, start_s
        return _Placed(frame, start_s, reason)

    def _hand_out(
        self, arrival_s: float, placed: list[_Placed], rate_hz: float
    ) -> list[Chunk | Gap]:
        if not placed:
            return []
        newest_s = max(p.start_s + (len(p.frame) - 1) / rate_hz for p in placed)
        allowed_s, relaxed_s = arrival_s - newest_s, self._relaxed_s(arrival_s)
        if math.isfinite(relaxed_s) and allowed_s - relaxed_s > _STRANGE_S:
            self._break("stall")
            relaxed_s = math.inf
        if math.isinf(relaxed_s):
            self.drift.restart()
        if self._clock is not None:
            self.drift.feed(arrival_s, newest_s)
        self._offset_s, self._arrival_s = min(relaxed_s, allowed_s), arrival_s
        samples: list[Chunk | Gap] = []
        for one in placed:
            self._break(one.reason)
            samples += self._deliver(one.frame, partial(self._times_s, one.start_s), rate_hz)
        return samples

    def _times_s(self, start_s: float, skipped: int, count: int) -> FloatArray:
        assert self._rate_hz is not None
        first_s = self._offset_s + start_s + skipped / self._rate_hz
        return first_s + np.arange(count) / self._rate_hz

    def _relaxed_s(self, arrival_s: float) -> float:
        """Return the offset, grown a little since the last arrival."""
        relaxation = _COUNT_RELAXATION if self._clock is None else _CLOCK_RELAXATION
        return self._offset_s + relaxation * max(0.0, arrival_s - self._arrival_s)

    def _deliver(
        self, frame: SampleFrame, times: Callable[[int, int], FloatArray], rate_hz: float | None
    ) -> list[Chunk | Gap]:
        """Return the good samples of a frame; `times` gives those of some in a row."""
        if frame.worn is False:
            self._break("no_contact")
            return []
        samples: list[Chunk | Gap] = []
        first = 0
        # Rows of the axes: one iterator, taken from for each of them in turn.
        for bad, run in groupby(zip(*[iter(frame.values)] * frame.axes, strict=True), key=_is_bad):
            values = list(run)
            if bad:
                self._break("bad_data")
            else:
                samples += self._samples(times(first, len(values)), values, rate_hz)
            first += len(values)
        return samples

    def _samples(
        self, times_s: FloatArray, values: list[tuple[float, ...]], rate_hz: float | None
    ) -> list[Chunk | Gap]:
        samples: list[Chunk | Gap] = []
        last_s, reason = self._last_s, self._broken_by
        if last_s is not None and reason is not None:
            end_s = max(last_s, float(times_s[0]))
            samples.append(Gap(self.signal, self._source, last_s, end_s, reason))
        if last_s is not None and times_s[0] <= last_s:
            # What was handed out stays: after a better offset, samples share the time that is left.
            room_s = max(0.0, float(times_s[-1]) - last_s)
            times_s = last_s + room_s * np.arange(1, len(values) + 1) / len(values)
            rate_hz = None
        self._last_s, self._broken_by = float(times_s[-1]), None
        rows = np.array(values, dtype=np.float64)
        samples.append(Chunk(self.signal, self._source, times_s, rows, rate_hz))
        return samples


def _is_bad(row: tuple[float, ...]) -> bool:
    return any(map(math.isnan, row))


def _ends_s(arrival_s: float, frame: SampleFrame, first: int, count: int) -> FloatArray:
    """Return when events happened: as they arrived, but intervals ended one after another."""
    behind_s = np.zeros(len(frame))
    if frame.signal is Signal.RR:
        intervals_s = np.nan_to_num(np.array(frame.values, dtype=np.float64))
        behind_s = np.cumsum(intervals_s[::-1])[::-1] - intervals_s
    ends_s: FloatArray = arrival_s - behind_s[first : first + count]
    return ends_s
