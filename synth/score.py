"""A whole piece as it was played: what a file of sound or MIDI is rendered from."""

from __future__ import annotations

from dataclasses import dataclass

from synth.events import Note
from synth.params import Key, MusicParams
from synth.tempo_map import TempoMap

__all__ = ["Score"]


@dataclass(frozen=True, slots=True)
class Score:
    """Notes in order of beat, with everything needed to time and colour them.

    `keys` holds (beat, key) where the key changes, `params` (time in s, parameters) in order of
    time, `markers` (time in s, text). Cancelled notes are already gone. Time 0 of a file is the
    session's time 0.
    """

    notes: tuple[Note, ...]
    tempo_map: TempoMap
    keys: tuple[tuple[float, Key], ...] = ()
    params: tuple[tuple[float, MusicParams], ...] = ()
    markers: tuple[tuple[float, str], ...] = ()

    @property
    def end_s(self) -> float:
        """Session time at which the last note ends; 0 without notes."""
        return max((self.tempo_map.time_at(n.beat + n.beats) for n in self.notes), default=0.0)
