"""A recording played as if its sensor were worn now."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from itertools import groupby, pairwise

import numpy as np

from sensors.base import Clock, Sample, SampleStream, SensorStatus, sleep_until
from sensors.files.recording import Recording
from sensors.files.series import Series, finite_rows
from sensors.signals import Chunk, FloatArray, Gap

__all__ = ["play"]

#: (batch, time in s, sample): the order in which samples leave.
_Piece = tuple[int, float, Sample]
_BLOCK = 1 << 16  #: samples that are cut together


async def play(recording: Recording, clock: Clock, *, batch_s: float = 1.0) -> SampleStream:
    """Yield the recording in batches on the grid k * `batch_s`, each at the end of its batch.

    Time 0 of the recording is time 0 of the session, so a late start changes no value. Samples
    that are not finite are left out; the recording's gaps say where. A gap comes after the
    samples before it and before those after it.

    Parameters
    ----------
    recording
        What to play.
    clock
        The session's.
    batch_s
        Length of a batch.

    Yields
    ------
    Sample
        The recording's samples and gaps, between a status that it streams and one that it has
        ended.
    """
    source = recording.name
    yield SensorStatus(source, clock(), "streaming", detail=f"Playing a recording: {source}.")
    streams = [_slices(chunk, recording.gaps, batch_s) for chunk in recording.series]
    pieces = merge(*streams, _gaps(recording.gaps, batch_s), key=lambda piece: piece[:2])
    for batch, together in groupby(pieces, key=lambda piece: piece[0]):
        await sleep_until((batch + 1) * batch_s, clock)
        for _, _, sample in together:
            yield sample
    yield SensorStatus(source, clock(), "ended", detail="The recording is over.")


def _slices(series: Series, gaps: tuple[Gap, ...], batch_s: float) -> Iterator[_Piece]:
    """Cut a series at batches, at gaps and at samples that are not finite."""
    starts_s = [gap.start_s for gap in gaps if gap.signal is series.signal]
    first, size = 0, _BLOCK
    while first < len(series):
        block = series.part(first, min(first + size, len(series)))
        times_s, finite = block.times_s, finite_rows(block)
        batches = np.floor_divide(times_s, batch_s).astype(np.int64)
        cuts = np.unique(
            np.concatenate(
                (
                    [0, len(block)],
                    np.flatnonzero(np.diff(batches)) + 1,
                    np.flatnonzero(np.diff(finite)) + 1,
                    np.searchsorted(times_s, starts_s, side="right"),
                )
            )
        ).tolist()
        if first + len(block) < len(series):
            cuts.pop()  # the last piece may go on in the next block
        for start, stop in pairwise(cuts):
            if finite[start]:
                yield int(batches[start]), float(times_s[start]), _cut(block, start, stop)
        size = _BLOCK if len(cuts) > 1 else 2 * size
        first += cuts[-1]


def _gaps(gaps: tuple[Gap, ...], batch_s: float) -> list[_Piece]:
    """Return each gap in the batch of its end, sorted behind the samples up to its start."""
    pieces: list[_Piece] = [(int(gap.end_s // batch_s), gap.start_s, gap) for gap in gaps]
    return sorted(pieces, key=lambda piece: piece[:2])


def _cut(chunk: Chunk, first: int, stop: int) -> Chunk:
    values: FloatArray = chunk.values[first:stop]
    if chunk.rate_hz is None:
        return Chunk.events(chunk.signal, chunk.source, chunk.times_s[first:stop], values)
    t0_s = float(chunk.times_s[first])
    return Chunk.regular(chunk.signal, chunk.source, t0_s, chunk.rate_hz, values)
