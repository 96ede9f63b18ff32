"""What is known of one wearer of a group at one moment."""

from __future__ import annotations

from dataclasses import dataclass

from biofeedback.metrics.base import Reading
from biofeedback.state.estimator import State

__all__ = ["SubjectState"]


@dataclass(frozen=True, slots=True)
class SubjectState:
    """A wearer's state and readings."""

    state: State
    readings: tuple[Reading, ...]
