"""What every metric gives: a value that says how far it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sensors.signals import Chunk, Gap

__all__ = ["Metric", "Reading"]


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
    """A streaming metric: fed with what the sensors send, read whenever somebody asks."""

    def update(self, sample: Chunk | Gap) -> None:
        """Take in a sample; samples of signals that do not concern it change nothing."""

    def read(self, now_s: float) -> Reading:
        """Return the value over the window that ends at `now_s`."""
