"""What every metric gives: a value that says how far it can be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from sensors.signals import Chunk

__all__ = ["Metric", "Reading", "samples"]


@dataclass(frozen=True, slots=True)
class Reading:
    """One metric at one moment.

    `value` is None when there is too little to say anything (coverage below one half, or nothing
    measured yet). `coverage` is the share of the window that holds trustworthy data, `quality`
    the overall trust in the value; both 0 to 1.
    """

    name: str
    value: float | None
    unit: str
    window_s: float
    time_s: float
    quality: float
    coverage: float


class Metric(Protocol):
    """A streaming metric: read whenever somebody asks.

    What it is fed with is cleaned before and shared among metrics: beats with verdicts, or
    trusted samples of skin conductance. `MetricBank` does both.
    """

    def read(self, now_s: float, contact: float) -> Reading:
        """Return the value over the window that ends at `now_s`; `contact` scales the quality."""


def samples(chunk: Chunk) -> Iterator[tuple[float, float]]:
    """Return the pairs (time_s, value) of the first channel, as plain floats."""
    # A chunk has made sure of equal lengths; `strict` would double the cost of a beat's chunk.
    return zip(chunk.times_s.tolist(), chunk.values[:, 0].tolist())  # noqa: B905
