"""The way from due to sent, gone again and again while waiting, so that it is warm in the caches.

After a pause of a tenth of a second the first note would take three times as long to leave.
"""

from __future__ import annotations

from synth.events import Note
from synth.outputs.null import NullOutput
from synth.params import Layer
from synth.player.scheduler import Scheduler
from synth.tempo_map import TempoSegment

__all__ = ["CacheWarmup"]

_NOTE = (Note(0, 0.0, 1.0, 60, 1, Layer.MELODY),)


class CacheWarmup:
    """Plays one note to nobody, through the same code that plays for real."""

    def __init__(self) -> None:
        self._scheduler = Scheduler(NullOutput(remember=4))
        self._scheduler.set_tempo(TempoSegment(0.0, 0.0, 60.0))

    def once(self) -> None:
        """Begin the note, and end it; takes some hundredths of a millisecond at most."""
        self._scheduler.add(_NOTE)
        self._scheduler.advance(0.0)
        self._scheduler.advance(1.0)
        self._scheduler.lateness_s.clear()
