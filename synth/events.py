"""What the composer writes and a player plays, in beats."""

from __future__ import annotations

from dataclasses import dataclass

from synth.params import Key, Layer

__all__ = ["Bar", "Cancel", "Note"]


@dataclass(frozen=True, slots=True)
class Note:
    """One note. `beat` counts from the start of the session, so does `id`, without a repeat."""

    id: int
    beat: float
    beats: float  #: duration, above 0
    pitch: int  #: MIDI note number
    velocity: int  #: 1 to 127
    layer: Layer  #: who plays it


@dataclass(frozen=True, slots=True)
class Cancel:
    """Withdraw each note that has not begun by `from_beat`; end those that sound on after it."""

    from_beat: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar as it was composed: its place, its harmony and its notes."""

    index: int  #: from 0
    beat: float  #: where it starts, in beats of the session
    beats: float  #: its length
    key: Key  #: of its phrase
    chords: tuple[str, ...]  #: chord symbols in order, such as "Dm7"
    section: str  #: place in the form, such as "A2 bar 3/4"
    phrase_start: bool  #: whether it begins a phrase
    notes: tuple[Note, ...]  #: in order of beat
