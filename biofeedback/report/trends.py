"""A person's sessions in order: what their numbers do, and whether it is more than noise.

Each measure gets a mean and a slope per session by least squares, each with a t interval. All
intervals hold together with 95 % (Bonferroni), so that looking at many measures finds nothing by
chance. Below five sessions nothing is said.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from biofeedback.engine.command_validation import SCALES
from biofeedback.record.catalogue import CatalogueEntry
from biofeedback.report.session_data import MetricSeries, SessionData, read_story
from biofeedback.report.summary import arousal_change

__all__ = ["FEWEST", "BoundedEstimate", "SessionMeasures", "Trend", "measured", "trends"]

FEWEST = 5  #: sessions before anything is said
_SURE = 0.95
_START_S = 120.0
_EDGE_S = 60.0
_FEWEST_VALUES = 30
_GOOD = 0.5  #: quality from which on a reading counts


@dataclass(frozen=True, slots=True)
class SessionMeasures:
    """One session in numbers, by the name of the measure; what could not be measured is absent."""

    folder: Path
    started_utc: str
    values: dict[str, float]


@dataclass(frozen=True, slots=True)
class BoundedEstimate:
    """An estimate and the bounds that hold for all measures together."""

    estimate: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether it leaves out 0."""
        return self.low > 0.0 or self.high < 0.0


@dataclass(frozen=True, slots=True)
class Trend:
    """One measure over `sessions` sessions; the intervals are None below five.

    `within` says that the measure is a change within a session, so that its mean is of interest.
    """

    name: str
    title: str
    unit: str
    within: bool
    sessions: int
    mean: BoundedEstimate | None
    slope: BoundedEstimate | None  #: per session

    @property
    def verdict(self) -> str:
        """What can be said, in a few words; it never names a cause."""
        if self.mean is None or self.slope is None:
            return f"can't tell yet: {self.sessions} of {FEWEST} sessions"
        said = []
        if self.within and self.mean.clear:
            said.append("falls within sessions" if self.mean.high < 0 else "rises within sessions")
        if self.slope.clear:
            said.append("falling over sessions" if self.slope.high < 0 else "rising over sessions")
        return ", ".join(said) or "can't tell yet: the interval holds 0"


#: name -> (title, unit, whether it is a change within a session)
_MEASURES = {
    "heart_rate_at_start": ("Heart rate, first two minutes", "per minute", False),
    "rmssd_at_start": ("RMSSD, first two minutes", "ms", False),
    "scl_at_start": ("Skin conductance, first two minutes", "µS", False),
    "arousal_change": ("Arousal, last minute less first", "", True),
    "heart_rate_change": ("Heart rate, last minute less first", "per minute", True),
    "rated_relaxation_change": ("Rated relaxation, last less first", "of 10", True),
    "rated_distress_change": ("Rated distress, last less first", "of 10", True),
    "rated_arousal_change": ("Rated arousal, last less first", "of 9", True),
    "rated_valence_change": ("Rated valence, last less first", "of 9", True),
}


def measured(
    entries: Sequence[CatalogueEntry], progress: Callable[[float], None]
) -> tuple[list[SessionMeasures], list[str]]:
    """Return a person's sessions in order, and why others are left out.

    Simulated sessions, and recordings of people who did not hear the music, say nothing.
    """
    found: list[SessionMeasures] = []
    left_out: list[str] = []
    for number, entry in enumerate(entries):
        story = read_story(entry.folder, lambda share: None)
        values = _values(story)
        if story.header.simulated:
            left_out.append(f"{entry.folder.name}: simulated")
        elif story.replayed:
            left_out.append(f"{entry.folder.name}: a replay, whose person heard nothing")
        elif not values:
            left_out.append(f"{entry.folder.name}: too short, or too little signal")
        else:
            found.append(SessionMeasures(entry.folder, entry.header.started_utc, values))
        progress((number + 1) / len(entries))
    return found, left_out


def trends(sessions: Sequence[SessionMeasures]) -> list[Trend]:
    """Return a trend for each measure that any session has; sessions are in order of time."""
    known = {
        name: [(place, session.values[name]) for place, session in enumerate(sessions)
               if name in session.values]
        for name in _MEASURES
    }  # fmt: skip
    tested = sum(1 + _MEASURES[name][2] for name, pairs in known.items() if len(pairs) >= FEWEST)
    sure = 1.0 - (1.0 - _SURE) / max(1, tested)
    return [
        Trend(name, *_MEASURES[name], len(pairs), *_estimated(pairs, sure))
        for name, pairs in known.items()
        if pairs
    ]


def _estimated(
    pairs: Sequence[tuple[int, float]], sure: float
) -> tuple[BoundedEstimate | None, BoundedEstimate | None]:
    if len(pairs) < FEWEST:
        return None, None
    from scipy.stats import t as student

    places, values = (np.array(column, dtype=np.float64) for column in zip(*pairs, strict=True))
    count = len(values)
    mean = float(values.mean())
    half = float(student.ppf(0.5 + sure / 2, count - 1) * values.std(ddof=1) / math.sqrt(count))
    x = places - places.mean()
    slope = float(x @ values / (x @ x))
    rest = values - mean - slope * x
    error = math.sqrt(float(rest @ rest) / (count - 2) / float(x @ x))
    tilt = float(student.ppf(0.5 + sure / 2, count - 2)) * error
    return BoundedEstimate(mean, mean - half, mean + half), BoundedEstimate(
        slope, slope - tilt, slope + tilt
    )


def _values(story: SessionData) -> dict[str, float]:
    values: dict[str, float] = {}
    for metric in ("heart_rate", "rmssd", "scl"):
        series = story.metrics.get(metric)
        start = None if series is None else _median(series, 0.0, _START_S)
        if start is not None:
            values[f"{metric}_at_start"] = start
    change = arousal_change(story)
    if change is not None:
        values["arousal_change"] = change.last - change.first
    heart = story.metrics.get("heart_rate")
    if heart is not None and story.duration_s > 2 * _EDGE_S:
        first = _median(heart, 0.0, _EDGE_S)
        last = _median(heart, story.duration_s - _EDGE_S, story.duration_s)
        if first is not None and last is not None:
            values["heart_rate_change"] = last - first
    for scale in SCALES:
        rated = [
            float(command.value.partition("=")[2])
            for command in story.commands
            if command.what == "rating" and command.value.startswith(f"{scale}=")
        ]
        if len(rated) > 1:
            values[f"rated_{scale}_change"] = rated[-1] - rated[0]
    return values


def _median(series: MetricSeries, from_s: float, to_s: float) -> float | None:
    inside = (series.times_s >= from_s) & (series.times_s <= to_s) & (series.quality >= _GOOD)
    values = series.values[inside & np.isfinite(series.values)]
    return statistics.median(values.tolist()) if len(values) >= _FEWEST_VALUES else None
