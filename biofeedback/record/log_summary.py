"""What a session came to, from its whole log: levels, gaps, and what was said."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from biofeedback.record import lines
from biofeedback.record.reader import read

__all__ = ["LogSummary", "summary"]

#: How much of the beginning and the end of a session is averaged.
_EDGE_S = 60.0
_SURE = 0.25  #: confidence from which on an arousal counts; the one at which music follows


@dataclass(frozen=True, slots=True)
class LogSummary:
    """What a whole log amounts to: pairs are the first and the last minute that is known.

    Arousal counts where it was tracked with confidence, heart rate where it was measured.
    """

    arousal: tuple[float, float] | None  #: 0 to 1
    heart_rate_bpm: tuple[float, float] | None  #: as read
    tempo_bpm: tuple[float, float] | None  #: of the music
    gaps: dict[str, int]  #: by reason
    gap_s: float  #: all gaps together
    markers: tuple[tuple[float, str], ...]  #: time in s and text
    said: tuple[tuple[float, str, str], ...]  #: time in s, "rating", "note" or "adverse", its text
    notes: int  #: that were played


def summary(folder: Path) -> LogSummary:
    """Read a whole log and say what it amounts to.

    Parameters
    ----------
    folder
        A session's.

    Returns
    -------
    LogSummary
        None in it for what was never known.

    Raises
    ------
    LogError
        When the log cannot be read.
    """
    arousal: list[tuple[float, float]] = []
    heart: list[tuple[float, float]] = []
    tempo: list[tuple[float, float]] = []
    markers: list[tuple[float, str]] = []
    said: list[tuple[float, str, str]] = []
    gaps: Counter[str] = Counter()
    gap_s, notes = 0.0, 0
    for _, line in read(folder):
        match line:
            case lines.StateLine(phase="tracking") if line.confidence >= _SURE:
                arousal.append((line.t, line.arousal))
            case lines.ReadingLine():
                heart += [
                    (line.t, reading.value)
                    for reading in line.readings
                    if reading.name == "heart_rate" and reading.value is not None
                ]
            case lines.DecisionLine():
                tempo.append((line.t, line.params.tempo_bpm))
            case lines.GapLine():
                gaps[line.reason] += 1
                gap_s += line.end - line.start
            case lines.CommandLine(what="marker"):
                markers.append((line.at, line.value))
            case lines.CommandLine(what="rating" | "note" | "adverse"):
                said.append((line.at, line.what, line.value))
            case lines.NoteLine():
                notes += 1
            case _:
                pass
    return LogSummary(
        _edges(arousal),
        _edges(heart),
        _edges(tempo),
        dict(gaps),
        gap_s,
        tuple(sorted(markers)),
        tuple(sorted(said)),
        notes,
    )


def _edges(values: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    """Return the medians of the first and of the last minute of (time_s, value); None if empty."""
    if not values:
        return None
    begin_s, end_s = values[0][0], values[-1][0]
    first = statistics.median(value for t, value in values if t <= begin_s + _EDGE_S)
    last = statistics.median(value for t, value in values if t >= end_s - _EDGE_S)
    return first, last
