"""Samples of one signal on their way in: in order, in session time, with every break marked."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from sensors.checks.doubt import Doubt, rate_doubt
from sensors.checks.values import ValueCheck, possible
from sensors.error_counter import CountBad
from sensors.signals import Chunk, FloatArray, Gap, GapReason, Signal
from sensors.timing.rate_meter import RateMeter

__all__ = ["Breaks", "EventFeed", "Feed", "RegularFeed"]

#: Silence of one signal after which its samples no longer belong together.
SILENCE_S = 5.0


class Feed(Protocol):
    """Takes raw samples of one signal and returns what may leave: chunks, and gaps before them."""

    @property
    def doubt(self) -> Doubt | None:
        """Return what does not fit about the samples; None while all does."""

    def add(self, now_s: float, times_s: FloatArray, values: FloatArray) -> list[Chunk | Gap]:
        """Take samples with the times that are known for them; `values` is (n, channels).

        Parameters
        ----------
        now_s
            Session time.
        times_s, values
            Times in session time, shape (n,), and values in the signal's unit, shape (n,
            channels); rows that no body can show are left out.

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


class Breaks:
    """Remembers where the last sample was, and why the next one is no neighbour of it.

    Parameters
    ----------
    signal
        What is measured.
    source, count_bad
        The sensor's name, and who is told of input that makes no sense.
    """

    def __init__(self, signal: Signal, source: str, count_bad: CountBad) -> None:
        self._signal, self._source, self._count_bad = signal, source, count_bad
        self._last_s: float | None = None
        self._broken_by: GapReason | None = None
        self._values = ValueCheck(signal)

    @property
    def doubt(self) -> Doubt | None:
        """Return what does not fit about the samples; None while all does."""
        return self._values.doubt

    def interrupt(self, reason: GapReason) -> None:
        """Mark a break before the next sample; the first reason counts.

        Parameters
        ----------
        reason
            Why something is missing.
        """
        self._broken_by = self._broken_by or reason

    def _break(self, reason: GapReason) -> None:
        """Mark a break that shows in the samples themselves."""
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
        """Leave out what cannot be; what stands in the future stands at `now_s`."""
        sound = possible(self._signal, values) & np.isfinite(times_s)
        self._values.feed(sound, values)
        for _ in range(int((~sound).sum())):
            self._count_bad("out of range", f"{self._signal} that no body shows")
        if not sound.all():
            self._break("bad_data")
        times_s = np.minimum(times_s[sound], now_s)
        return np.maximum.accumulate(times_s), values[sound]


class EventFeed(Breaks):
    """Samples that each have their own time, such as a heart rate.

    Attributes
    ----------
    latest
        The newest value of the first channel; None before the first.
    """

    latest: float | None = None

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
                self._break("stall")
        samples = self._gap(float(times_s[0]))
        self._last_s, self.latest = float(times_s[-1]), float(values[-1, 0])
        return [*samples, Chunk.events(self._signal, self._source, times_s, values)]


class RegularFeed(Breaks):
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
        self._meter = RateMeter(rate_hz)
        self._jitter_s = hole_s
        self._next_s: float | None = None

    @property
    def doubt(self) -> Doubt | None:
        """Return what does not fit about the samples; None while all does."""
        meter = self._meter
        return self._values.doubt or rate_doubt(meter.declared_hz, meter.rate_hz, self._signal)

    def interrupt(self, reason: GapReason) -> None:
        """Mark a break before the next sample; the first reason counts.

        Parameters
        ----------
        reason
            Why something is missing.
        """
        self._break(reason)
        self._meter.restart()

    def _break(self, reason: GapReason) -> None:
        super()._break(reason)
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
        if len(times_s) and self._meter.feed(float(times_s[-1]), len(times_s)):
            self._count_bad("wrong rate", f"{self._signal} at {self._rate_hz:g} Hz")
            self._break("bad_data")
        samples: list[Chunk | Gap] = []
        first = 0
        for i in range(1, len(times_s) + 1):
            if i < len(times_s) and times_s[i] - times_s[i - 1] - self._period_s <= self._hole_s:
                continue
            samples += self._run(now_s, times_s[first:i], values[first:i])
            first = i
        return samples

    @property
    def _rate_hz(self) -> float:
        return self._meter.rate_hz

    @property
    def _hole_s(self) -> float:
        return max(self._jitter_s, 0.75 / self._rate_hz)

    @property
    def _period_s(self) -> float:
        return 1.0 / self._rate_hz

    def _run(self, now_s: float, times_s: FloatArray, values: FloatArray) -> list[Chunk | Gap]:
        """Place samples without a hole among them."""
        lasts_s = (len(times_s) - 1) * self._period_s
        # The last time is the one that newer samples of a burst cannot have delayed.
        start_s = float(times_s[-1]) - lasts_s
        if self._next_s is not None and start_s - self._next_s > self._hole_s:
            self._break("stall" if start_s - self._next_s > SILENCE_S else "link")
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
