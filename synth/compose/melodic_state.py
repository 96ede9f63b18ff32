"""What a melody remembers of itself, so that it stays of one piece however long it becomes."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MelodicState"]

_MEMORY = 0.15  #: weight of the newest interval in the share of steps
_BAR_MEMORY = 0.15  #: weight of the newest bar in the share of rhythms that return
_RHYTHMS = 16  #: bars for which a rhythm is remembered
_STEP = 2  #: semitones up to which an interval is a step


@dataclass(frozen=True, slots=True)
class MelodicState:
    """The last pitch and the interval that led to it, in semitones; shares of steps and returns.

    `pitch` is None before the first note. `rhythms` holds the last bars' sixteenths, newest last.
    """

    pitch: int | None = None
    interval: int = 0
    steps: float = 0.73  #: recent share of intervals up to a whole tone
    returns: float = 0.72  #: recent share of bars whose rhythm was heard before
    rhythms: tuple[tuple[int, ...], ...] = ()

    def after(self, pitches: tuple[int, ...], cells: tuple[int, ...]) -> MelodicState:
        """Return the line after a bar with these pitches on these sixteenths."""
        pitch, interval, steps = self.pitch, self.interval, self.steps
        for new in pitches:
            if pitch is not None:
                interval = new - pitch
                steps += _MEMORY * ((abs(interval) <= _STEP) - steps)
            pitch = new
        returns = self.returns
        if len(cells) > 1:
            returns += _BAR_MEMORY * ((cells in self.rhythms) - returns)
        return MelodicState(pitch, interval, steps, returns, (*self.rhythms, cells)[-_RHYTHMS:])

    def lifted(self) -> MelodicState:
        """Return the line after a silence: what comes next follows no pitch."""
        return MelodicState(None, 0, self.steps, self.returns, self.rhythms)
