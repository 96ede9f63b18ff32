"""What the core derives from its inputs, each a line of the log or more."""

from __future__ import annotations

from dataclasses import dataclass

from biofeedback.control.base import Decision
from biofeedback.group.subjects import SubjectEvent
from biofeedback.metrics.base import Reading
from biofeedback.metrics.beats import Beat
from biofeedback.metrics.scr import Scr
from biofeedback.metrics.windowed import Window
from biofeedback.state.estimator import State
from synth.events import Bar, Cancel
from synth.tempo_map import TempoSegment

__all__ = ["Derived", "WindowRequest"]


@dataclass(frozen=True, slots=True)
class WindowRequest:
    """Data for the worker, and the first and last input that it was made of."""

    window: Window
    from_seq: int
    to_seq: int


Derived = (
    Beat
    | Scr
    | SubjectEvent
    | tuple[Reading, ...]
    | WindowRequest
    | State
    | Decision
    | TempoSegment
    | Bar
    | Cancel
)
