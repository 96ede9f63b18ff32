"""The samples of a session as arrays, for exports that need a whole stream at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from biofeedback.record import lines
from biofeedback.record.inputs import input_of
from sensors.signals import Chunk, FloatArray

__all__ = ["LoggedStream", "SampleGrid", "StreamCollector"]

#: Samples further apart than this many periods have something missing between them.
_APART_PERIODS = 1.5
#: Rates of one sensor that differ by less are one rate, which its clock does not keep exactly.
_SAME_RATE = 1e-3
_BLOCK = 4096  #: samples that are looked at together


@dataclass(frozen=True, slots=True)
class LoggedStream:
    """What one source sent of one signal: `times_s` (n,), `values` (n, channels).

    `rate_hz` is None for events. `device_times_s` is NaN where the device gave no time.
    """

    name: str  #: the signal, numbered from its second source on: rr, rr2
    signal: str  #: what is measured
    source: str  #: the sensor's name
    unit: str  #: of the values
    rate_hz: float | None
    times_s: FloatArray
    values: FloatArray
    device_times_s: FloatArray

    @property
    def columns(self) -> tuple[str, ...]:
        """A name for each channel: x, y and z for three."""
        count = self.values.shape[1]
        if count == 1:
            return (self.signal,)
        suffixes = "xyz" if count == 3 else [str(index) for index in range(1, count + 1)]
        return tuple(f"{self.signal}_{suffix}" for suffix in suffixes)

    def grid(self) -> SampleGrid:
        """Return a regular stream with a row for each sample, and NaN where one is missing.

        Neighbours stay neighbours however fast the device's clock runs; only what is more than one
        and a half periods apart has rows between.

        Returns
        -------
        SampleGrid
            As long as the stream lasted.
        """
        assert self.rate_hz is not None
        steps = np.rint(np.diff(self.times_s) * self.rate_hz).astype(np.int64)
        rows = np.concatenate(([0], np.cumsum(np.maximum(steps, 1))))
        values = np.full((int(rows[-1]) + 1, self.values.shape[1]), np.nan)
        values[rows] = self.values
        times_s = np.interp(np.arange(len(values)), rows, self.times_s)
        return SampleGrid(self.rate_hz, times_s, values)

    def at(self, rate_hz: float, count: int) -> FloatArray:
        """Return a regular stream at the times k / `rate_hz`, NaN where something is missing.

        Each sample goes to the time nearest to its own. Where its clock falls behind by a sample
        one is repeated, and where it is ahead by one a sample gives way to the next, so that none
        is ever more than a sample from its time.

        Parameters
        ----------
        rate_hz
            Samples a second of the result.
        count
            How many.

        Returns
        -------
        FloatArray
            Shape (count, channels).
        """
        assert self.rate_hz is not None
        values = np.full((count, self.values.shape[1]), np.nan)
        breaks = np.flatnonzero(np.diff(self.times_s) * self.rate_hz > _APART_PERIODS) + 1
        free = 0  # the first place that no run has taken
        for run in np.split(np.arange(len(self.times_s)), breaks):
            places = np.maximum(_places(self.times_s[run] * rate_hz), free)
            free = int(places[-1]) + 1
            # From each sample to the next: where a place is left free between, the sample stays.
            lasts = np.maximum(np.diff(places, append=free), 0)
            taken, chosen = np.arange(places[0], free), np.repeat(run, lasts)
            inside = (taken >= 0) & (taken < count)
            values[taken[inside]] = self.values[chosen[inside]]
        return values


def _places(due: FloatArray) -> NDArray[np.int64]:
    """Return the place of each sample of a run, one after another as long as that is in time.

    `due` is where each should be, in places. One is skipped or shared when the sum of differences
    has made a whole one, which jitter alone does not.
    """
    first, count = float(np.rint(due[0])), np.arange(len(due))
    ahead = due - first - count
    shift, now, i = np.zeros(len(due), dtype=np.int64), 0, 0
    while i < len(due):
        block = ahead[i : i + _BLOCK] - now
        off = np.flatnonzero(np.abs(block) >= 1.0)
        stop = int(off[0]) if len(off) else len(block)
        shift[i : i + stop] = now
        now += int(block[stop]) if len(off) else 0
        i += stop
    return np.maximum.accumulate(int(first) + count + shift)


@dataclass(frozen=True, slots=True)
class SampleGrid:
    """Samples at a rate and those that are missing: `times_s` (n,), `values` (n, channels)."""

    rate_hz: float  #: samples a second
    times_s: FloatArray  #: where one is missing, evenly between its neighbours
    values: FloatArray  #: NaN where one is missing


@dataclass(slots=True)
class StreamCollector:
    """Gathers chunk lines, then gives streams; empty chunks are left out."""

    _found: dict[tuple[str, str, int], list[Chunk]] = field(default_factory=dict)
    _units: dict[str, str] = field(default_factory=dict)

    def take(self, line: lines.ChunkLine) -> None:
        """Take in a line of samples.

        Parameters
        ----------
        line
            Samples of any source and signal.
        """
        chunk = input_of(line)
        assert isinstance(chunk, Chunk)
        if len(chunk):
            key = (line.signal, line.source, chunk.values.shape[1])
            self._found.setdefault(key, []).append(chunk)
            self._units[line.signal] = line.unit

    def all(self) -> list[LoggedStream]:
        """Return the streams in the order in which they began.

        Returns
        -------
        list[LoggedStream]
            One for each signal, source, rate and number of channels. Samples that came without a
            rate belong to the rate of the others.
        """
        counts: dict[str, int] = {}
        streams = []
        for (signal, source, _), together in self._found.items():
            for rate_hz, chunks in _by_rate(together):
                count = counts[signal] = counts.get(signal, 0) + 1
                device = chain.from_iterable(
                    [np.nan] * len(chunk) if chunk.device_times_s is None else chunk.device_times_s
                    for chunk in chunks
                )
                streams.append(
                    LoggedStream(
                        name=signal if count == 1 else f"{signal}{count}", signal=signal,
                        source=source, unit=self._units[signal], rate_hz=rate_hz,
                        times_s=np.concatenate([chunk.times_s for chunk in chunks]),
                        values=np.concatenate([chunk.values for chunk in chunks]),
                        device_times_s=np.fromiter(device, dtype=np.float64),
                    )
                )  # fmt: skip
        return streams


def _by_rate(chunks: list[Chunk]) -> list[tuple[float | None, list[Chunk]]]:
    """Return chunks of one sensor's signal by their rate, the commonest of those that are alike."""
    samples: Counter[float | None] = Counter()
    for chunk in chunks:
        samples[chunk.rate_hz] += len(chunk)
    common = [rate_hz for rate_hz, _ in samples.most_common()]
    if common[0] is None:
        return [(None, chunks)]
    found: dict[float | None, list[Chunk]] = {}
    for chunk in chunks:
        rate_hz = next(
            one
            for one in common
            if one is not None
            and (chunk.rate_hz is None or abs(chunk.rate_hz - one) <= _SAME_RATE * one)
        )
        found.setdefault(rate_hz, []).append(chunk)
    return list(found.items())
