"""When evenly spaced samples were taken, from frames that say when their last one was.

A device's rate is never quite the one it promises, and its clock is not ours. Sample times follow
the device's clock; chunks keep one rate and join, moving by less than a sample, so that a filter
can run on across them.
"""

from __future__ import annotations

import numpy as np

from sensors.signals import Chunk, FloatArray, Gap, GapReason, Signal
from sensors.timing.device_clock import DeviceClock
from sensors.timing.rate_meter import RateMeter

__all__ = ["WaveTimeline"]

_LOST_SHARE = 0.25  #: of a frame's duration: the device's time goes on by more, frames are missing
_LONGEST_LOSS_S = 60.0  #: the link would have been given up: the device's clock was set
_SLEW_SAMPLES = 0.9  #: how far one chunk may move against the last, to follow a better offset
_MEASURE_S = 10.0  #: after this long, the rate is known from the frames
_RATE_TOLERANCE = 0.003  #: the rate in use is changed only when it is further off: filters restart


class WaveTimeline:
    """Places the frames of one signal, with `rate_hz` as promised until it is measured.

    Times never decrease. In the first seconds they may be late by the link's jitter.

    Parameters
    ----------
    signal
        The signal of the chunks.
    source
        The sensor's name, which its chunks and gaps bear.
    rate_hz
        Samples a second, as promised.
    clock
        The device's, which all its signals share.

    Attributes
    ----------
    meter
        Tells whether the promise is far off.
    """

    def __init__(self, signal: Signal, source: str, rate_hz: float, clock: DeviceClock) -> None:
        self._signal, self._source, self._clock = signal, source, clock
        self._rate_hz = rate_hz
        self.meter = RateMeter(rate_hz, by_device=True)
        self._device_s: float | None = None  #: of the last sample of the run; None outside of one
        self._next_s: float | None = None  #: where the sample after the last would stand
        self._broken_by: GapReason | None = None
        self._run_from_s, self._run_samples = 0.0, 0

    def feed(self, arrival_s: float, device_s: float, values: FloatArray) -> list[Chunk | Gap]:
        """Return the samples of a frame, shape (n, channels), after the gap before them if any.

        Parameters
        ----------
        arrival_s
            When it arrived, in session time.
        device_s
            When the last sample was taken, on the device's clock.
        values
            Shape (n, channels), in the signal's unit; none return nothing.

        Returns
        -------
        list[Chunk | Gap]
            A gap at most, then a chunk.
        """
        count = len(values)
        if not count:
            return []
        if self._clock.feed(arrival_s, device_s):
            self.interrupt("clock")
        if self.meter.feed(device_s, count):
            self._rate_hz = self.meter.rate_hz
            self.interrupt("bad_data")
        step_s = self._step_s(device_s, count)
        first_s = self._clock.session_s(device_s) - (count - 1) / self._rate_hz
        samples: list[Chunk | Gap] = []
        if step_s is None:
            step_s = 1.0 / self._rate_hz
            first_s, gap = self._resume(first_s)
            samples += gap
            self._run_from_s, self._run_samples = device_s, 0
        elif self._next_s is not None:
            slew_s = _SLEW_SAMPLES / self._rate_hz
            first_s = min(max(first_s, self._next_s - slew_s), self._next_s + slew_s)
            self._run_samples += count
        self._device_s, self._next_s = device_s, first_s + count / self._rate_hz
        device_times_s = device_s - step_s * np.arange(count - 1, -1, -1, dtype=np.float64)
        times_s = first_s + np.arange(count) / self._rate_hz
        samples.append(
            Chunk(self._signal, self._source, times_s, values, self._rate_hz, device_times_s)
        )
        self._measure_rate()
        return samples

    def interrupt(self, reason: GapReason) -> None:
        """End the run: something is missing before the next frame. The first reason counts.

        Parameters
        ----------
        reason
            Why something is missing.
        """
        self._device_s = None
        self._broken_by = self._broken_by or reason

    def _step_s(self, device_s: float, count: int) -> float | None:
        """Return the distance of this frame's samples; None where it does not join the last."""
        if self._device_s is None:
            return None
        passed_s, expected_s = device_s - self._device_s, count / self._rate_hz
        if abs(passed_s - expected_s) > _LOST_SHARE * expected_s + 1.0 / self._rate_hz:
            lost = expected_s < passed_s < expected_s + _LONGEST_LOSS_S
            self.interrupt("link" if lost else "clock")
            return None
        return passed_s / count

    def _resume(self, first_s: float) -> tuple[float, list[Gap]]:
        if self._next_s is None:
            self._broken_by = None
            return first_s, []
        last_s = self._next_s - 1.0 / self._rate_hz
        first_s, reason = max(first_s, last_s), self._broken_by or "link"
        self._broken_by = None
        return first_s, [Gap(self._signal, self._source, last_s, first_s, reason)]

    def _measure_rate(self) -> None:
        span_s = (self._device_s or 0.0) - self._run_from_s
        if span_s < _MEASURE_S:
            return
        measured_hz = self._run_samples / span_s
        if abs(measured_hz / self._rate_hz - 1.0) > _RATE_TOLERANCE:
            self._rate_hz = round(measured_hz, 1)
