"""The samples of a session as arrays, for exports that need a whole stream at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from biofeedback.record import lines
from biofeedback.record.inputs import input_of
from sensors.signals import Chunk, FloatArray

__all__ = ["LoggedStream", "SampleGrid", "StreamCollector"]


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
        """Return a regular stream on an even grid, NaN where nothing was measured.

        A sample goes to the slot nearest to its time, or the next free one after it, so that a
        clock that drifts loses none.

        Returns
        -------
        SampleGrid
            As long as the stream lasted.
        """
        assert self.rate_hz is not None
        start_s = float(self.times_s[0])
        slots = np.rint((self.times_s - start_s) * self.rate_hz).astype(np.int64)
        order = np.arange(len(slots))
        slots = np.maximum.accumulate(slots - order) + order  # each later than the one before
        values = np.full((int(slots[-1]) + 1, self.values.shape[1]), np.nan)
        values[slots] = self.values
        return SampleGrid(start_s, self.rate_hz, values)


@dataclass(frozen=True, slots=True)
class SampleGrid:
    """Evenly spaced samples: `values` (n, channels), the first at `start_s`."""

    start_s: float
    rate_hz: float  #: samples a second
    values: FloatArray


@dataclass(slots=True)
class StreamCollector:
    """Gathers chunk lines, then gives streams; empty chunks are left out."""

    _found: dict[tuple[str, str, int, float | None], list[Chunk]] = field(default_factory=dict)
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
            key = (line.signal, line.source, chunk.values.shape[1], chunk.rate_hz)
            self._found.setdefault(key, []).append(chunk)
            self._units[line.signal] = line.unit

    def all(self) -> list[LoggedStream]:
        """Return the streams in the order in which they began.

        Returns
        -------
        list[LoggedStream]
            One for each signal, source, rate and number of channels.
        """
        counts: dict[str, int] = {}
        streams = []
        for (signal, source, _, rate_hz), chunks in self._found.items():
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
