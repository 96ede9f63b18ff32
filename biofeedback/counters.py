"""What happened in a session, in numbers, and what each stage of it cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from biofeedback.timebase import monotonic_s

__all__ = ["Counters"]


@dataclass(slots=True)
class Counters:
    """What happened, in numbers; `seconds` is the computing time of each stage."""

    inputs: int = 0
    derived: int = 0
    notes: int = 0
    gaps: int = 0
    ticks_skipped: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

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
