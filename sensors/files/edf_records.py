"""When the records of an EDF file were, and the samples within them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sensors.errors import RecordingError
from sensors.files.notes import BadStretch
from sensors.files.recording import on_grid
from sensors.files.series import PackedSeries, Series
from sensors.files.times import LONGEST_BREAK_S
from sensors.signals import FloatArray

__all__ = ["RecordGrid", "starts_of"]

_LIE_S = 1.0  #: by which a record may be off, of those that follow one another
_OVERLAP = 0.1  #: of a record, which rounding explains; ours
_EVEN_S = 1e-4  #: records that follow this closely leave no break


class RecordGrid:
    """Places series, of which each record holds so many samples.

    Parameters
    ----------
    starts_s
        Of the records, in s, shape (n,), never decreasing.
    seconds
        The length of each of them.
    """

    def __init__(self, starts_s: FloatArray, seconds: float) -> None:
        self._starts_s, self._seconds = starts_s, seconds
        self._even = np.allclose(np.diff(starts_s), seconds, rtol=0.0, atol=_EVEN_S)

    def placed(
        self, series: PackedSeries, labels: Sequence[str], bad: Sequence[BadStretch]
    ) -> Series:
        """Return a series in its time, blank where it is bad, and cut where it is so at its ends.

        Parameters
        ----------
        series
            Its rate is the samples of a record.
        labels
            Of its channels.
        bad
            Stretches that are no data.

        Returns
        -------
        Series
            As it was where its records follow one another; with NaN, or a time for each sample,
            where they do not.
        """
        samples = round(series.rate_hz)
        rate_hz = samples / self._seconds
        within_s: FloatArray = np.arange(samples, dtype=np.float64) * (self._seconds / samples)
        blank: list[tuple[int, int, int]] = []
        begin, end = 0, len(series)
        for stretch in bad:
            if stretch.label and stretch.label not in labels:
                continue
            half_s = self._seconds / samples / 2
            first = self._place(within_s, stretch.start_s - half_s)
            stop = self._place(within_s, stretch.end_s - half_s)
            for channel, label in enumerate(labels):
                if label == (stretch.label or label):
                    blank.append((channel, first, stop))
            begin = stop if first == 0 else begin
            end = first if stop == len(series) else end
        begin, end = (begin, max(begin, end)) if begin < end else (0, len(series))
        placed = replace(
            series,
            rate_hz=rate_hz,
            digital=series.digital[begin:end],
            blank=tuple((channel, a - begin, b - begin) for channel, a, b in blank),
        )
        if self._even:
            record, place = divmod(begin, samples)
            return replace(placed, t0_s=float(self._starts_s[record] + within_s[place]))
        times_s = np.maximum.accumulate((self._starts_s[:, None] + within_s).ravel())
        return on_grid(series.signal, series.source, times_s[begin:end], placed.values)

    def _place(self, within_s: FloatArray, time_s: float) -> int:
        """Return the place of the first sample that is not before a time."""
        record = int(np.searchsorted(self._starts_s, time_s)) - 1
        if record < 0:
            return 0
        return record * len(within_s) + int(
            np.searchsorted(self._starts_s[record] + within_s, time_s)
        )


def starts_of(
    told_s: FloatArray, seconds: float, name: str, *, broken: bool
) -> tuple[FloatArray, str]:
    """Return when the records began, and what is doubtful about it; empty for nothing.

    Parameters
    ----------
    told_s
        What each tells of itself, in s, shape (n,); NaN where it tells nothing.
    seconds
        The length of each.
    name
        The file's, for the error.
    broken
        Whether there may be breaks between them (EDF+D); else one follows the other.

    Returns
    -------
    tuple[FloatArray, str]
        Never decreasing.

    Raises
    ------
    RecordingError
        Where a clock was set while it was recorded.
    """
    told = np.flatnonzero(np.isfinite(told_s))
    even_s: FloatArray = np.arange(len(told_s), dtype=np.float64) * seconds
    if not len(told):
        return even_s, ""
    if not broken:
        even_s += told_s[told[0]] - even_s[told[0]]
        off = told[np.abs(told_s[told] - even_s[told]) > _LIE_S]
        if not len(off):
            return even_s, ""
        return even_s, (
            f"{name} says that its records follow one another, but record {off[0] + 1} says that "
            f"it began {told_s[off[0]] - even_s[off[0]]:+.0f} s off: they are read without a break"
        )
    # One that tells nothing follows the last that did.
    since = np.maximum(np.searchsorted(told, np.arange(len(told_s)), side="right") - 1, 0)
    last = told[since]
    starts_s = told_s[last] + (np.arange(len(told_s)) - last) * seconds
    steps_s = np.diff(starts_s)
    for row, what in (
        (
            np.flatnonzero(steps_s < (1.0 - _OVERLAP) * seconds - _EVEN_S),
            "begins before {} is over",
        ),
        (np.flatnonzero(steps_s > LONGEST_BREAK_S), "begins more than a day after {}"),
    ):
        if len(row):
            raise RecordingError(
                f"the times of {name} jump: record {row[0] + 2} "
                f"{what.format(f'record {row[0] + 1}')}, so its clock was set there",
                hint="Export each part as a file of its own.",
            )
    return np.maximum.accumulate(starts_s), ""
