"""What happened in a session, in numbers, and what each stage of it cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from biofeedback.timebase import monotonic_s

__all__ = ["Counters"]


@dataclass(slots=True)
class Counters:
    """What happened, in numbers; `seconds` is the computing time of each stage.

    `bad` is how much bad input each source sent, by kind; `drift_ppm` how fast its clock ran.
    """

    inputs: int = 0
    derived: int = 0
    notes: int = 0
    gaps: int = 0
    ticks_skipped: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    bad: dict[str, dict[str, int]] = field(default_factory=dict)
    drift_ppm: dict[str, float] = field(default_factory=dict)

    def sensor(self, source: str, bad: Mapping[str, int], drift_ppm: float | None) -> None:
        """Take over what a sensor says about its bad input and its clock."""
        if bad:
            self.bad[source] = dict(bad)
        if drift_ppm is not None:
            self.drift_ppm[source] = drift_ppm

    def totals(self) -> dict[str, float]:
        """Return the counts, for the log's last line."""
        return {
            "inputs": self.inputs,
            "derived": self.derived,
            "notes": self.notes,
            "gaps": self.gaps,
            "ticks_skipped": self.ticks_skipped,
        }

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time that the block takes to a stage."""
        before = monotonic_s()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + monotonic_s() - before
