"""The one relation between session time and beats, which every player executes."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Self

__all__ = ["TempoMap", "TempoSegment"]


@dataclass(frozen=True, slots=True)
class TempoSegment:
    """From `time_s` on, where the music stands at `beat`, it moves at `bpm`."""

    time_s: float
    beat: float
    bpm: float


@dataclass(frozen=True, slots=True)
class TempoMap:
    """Segments in order of time; continuous in beats, so a change never jumps the phase.

    Only where another device's clock was stopped do beats leap, to the bar line where it goes on.
    """

    segments: tuple[TempoSegment, ...]

    @classmethod
    def start(cls, time_s: float, bpm: float) -> Self:
        """Return the map whose beat 0 falls on `time_s`."""
        return cls((TempoSegment(time_s, 0.0, bpm),))

    def change(self, time_s: float, bpm: float) -> Self:
        """Return the map with another tempo from `time_s` on, which must not precede the last."""
        last = self.segments[-1]
        if time_s < last.time_s:
            raise ValueError(f"a tempo at {time_s} s would precede the one at {last.time_s} s")
        return type(self)((*self.segments, TempoSegment(time_s, self.beat_at(time_s), bpm)))

    def beat_at(self, time_s: float) -> float:
        """Return the beat at a time; negative before the start."""
        index = bisect_right(self.segments, time_s, key=lambda s: s.time_s)
        segment = self.segments[max(0, index - 1)]
        return segment.beat + (time_s - segment.time_s) * segment.bpm / 60.0

    def time_at(self, beat: float) -> float:
        """Return the time of a beat; of one that was leapt over, that of the leap."""
        index = bisect_right(self.segments, beat, key=lambda s: s.beat)
        segment = self.segments[max(0, index - 1)]
        time_s = segment.time_s + (beat - segment.beat) * 60.0 / segment.bpm
        return min(time_s, self.segments[index].time_s) if index < len(self.segments) else time_s
