"""An evenly sampled signal as its file holds it, made into our unit stretch by stretch.

A day of an ECG has 20 million samples: as two bytes each they fit anywhere, as times and values of
eight bytes each they do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensors.labels import LabelMeaning
from sensors.signals import Chunk, FloatArray, Signal

__all__ = ["PackedSeries", "Scale", "Series", "finite_rows", "missing_runs", "runs"]

_BLOCK = 1 << 18  #: samples that are looked at together


@dataclass(frozen=True, slots=True)
class Scale:
    """How the numbers of one channel become our unit."""

    gain: float  #: of a digital step, in the file's unit
    offset: float  #: of digital 0, in the file's unit
    meaning: LabelMeaning  #: how that unit becomes ours
    positive: bool = False  #: whether 0 and less stand for nothing


@dataclass(frozen=True, slots=True, eq=False)
class PackedSeries:
    """Even samples; for readers it is what a regular chunk of full length is."""

    signal: Signal  #: what is measured
    source: str  #: the sensor's name
    t0_s: float  #: time of the first sample
    rate_hz: float  #: samples a second
    digital: NDArray[np.int16] | FloatArray  #: shape (n, channels)
    scales: tuple[Scale, ...] = ()  #: one a channel; none where the numbers are in our unit
    blank: tuple[tuple[int, int, int], ...] = ()  #: (channel, first, stop) that hold no samples

    def __len__(self) -> int:
        return len(self.digital)

    @property
    def times_s(self) -> FloatArray:
        """Of all samples, in s, shape (n,)."""
        return self.part(0, len(self)).times_s

    @property
    def values(self) -> FloatArray:
        """All samples in our unit, shape (n, channels), NaN where one is missing."""
        return self.part(0, len(self)).values

    def part(self, first: int, stop: int) -> Chunk:
        """Return some of the samples.

        Parameters
        ----------
        first, stop
            Of the samples; the last one is not included.

        Returns
        -------
        Chunk
            With the times that they have in the whole.
        """
        values = self._scaled(self.digital[first:stop])
        for channel, begin, end in self.blank:
            values[max(begin - first, 0) : max(end - first, 0), channel] = np.nan
        times_s = self.t0_s + np.arange(first, stop) / self.rate_hz
        return Chunk(self.signal, self.source, times_s, values, self.rate_hz)

    def thinned(self, most: int) -> FloatArray:
        """Return some of the values, evenly taken from the whole.

        Parameters
        ----------
        most
            How many at most.

        Returns
        -------
        FloatArray
            Shape (n, channels).
        """
        return self._scaled(self.digital[:: -(-len(self) // most) or 1])

    def _scaled(self, digital: NDArray[np.int16] | FloatArray) -> FloatArray:
        if not self.scales:
            return np.asarray(digital, dtype=np.float64)
        values = np.empty(digital.shape)
        for column, scale in enumerate(self.scales):
            raw = digital[:, column].astype(np.float64) * scale.gain + scale.offset
            values[:, column] = scale.meaning.in_our_unit(raw)
            if scale.positive:
                values[values[:, column] <= 0.0, column] = np.nan
        return values


#: A signal of full length.
Series = Chunk | PackedSeries


def finite_rows(chunk: Chunk) -> NDArray[np.bool_]:
    """Return, for each sample, whether all of its channels are finite.

    Parameters
    ----------
    chunk
        A series, or some of it.

    Returns
    -------
    NDArray[np.bool_]
        Shape (n,).
    """
    return np.asarray(np.isfinite(chunk.values).all(axis=1))


def runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the (start, stop) of each stretch where `mask` is true.

    Parameters
    ----------
    mask
        Shape (n,).

    Returns
    -------
    list[tuple[int, int]]
        In order; `stop` is not included.
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def missing_runs(series: Series) -> list[tuple[int, int]]:
    """Return the (start, stop) of each stretch of samples that are not finite.

    Parameters
    ----------
    series
        Of any length.

    Returns
    -------
    list[tuple[int, int]]
        In order; `stop` is not included.
    """
    found: list[tuple[int, int]] = []
    for first, part in _parts(series):
        for start, stop in runs(~finite_rows(part)):
            if found and found[-1][1] == first + start:
                found[-1] = found[-1][0], first + stop
            else:
                found.append((first + start, first + stop))
    return found


def _parts(series: Series) -> Iterator[tuple[int, Chunk]]:
    for first in range(0, len(series), _BLOCK):
        yield first, series.part(first, min(first + _BLOCK, len(series)))
