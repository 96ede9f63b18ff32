"""What a style is told about the bar that it is to fill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from synth.compose.form import BarPlace
from synth.compose.theme import Theme
from synth.params import Key, Layer
from synth.theory.chords import Chord

__all__ = ["BarContext", "DraftNote", "RhythmSlot"]


@dataclass(frozen=True, slots=True)
class DraftNote:
    """A note before performance: beats of the bar, straight, with an accent of 0 to 1."""

    at: float  #: where it starts
    beats: float  #: how long it sounds
    pitch: int  #: MIDI note number
    accent: float  #: 0 to 1
    layer: Layer  #: who plays it


@dataclass(frozen=True, slots=True)
class RhythmSlot:
    """A chord in this bar: from `at` on for `beats`, which may lead beyond the bar.

    `voices` is its voicing and `bass` its bass note; `fresh` is false for a chord that has begun
    in an earlier bar. `after` is the voicing that follows in this phrase, empty if unknown.
    """

    at: float
    beats: float
    chord: Chord
    voices: tuple[int, ...]
    bass: int
    fresh: bool
    after: tuple[int, ...]
    after_beats: float  #: how long that one lasts


@dataclass(frozen=True, slots=True)
class BarContext:
    """A bar to fill: its place, harmony, theme, budget, and what earlier bars left behind.

    `onsets` says how many notes each sounding layer may start. `ringing` holds the notes that
    sound on into this bar as (layer, pitch, end in beats of this bar). `sung` is the melody's last
    pitch, None before the first.
    """

    index: int  #: of the bar in the piece
    place: BarPlace  #: in the form
    key: Key  #: of the bar
    slots: tuple[RhythmSlot, ...]  #: its chords in order, one at least
    theme: Theme  #: of the phrase, without notes where no melody plays
    register: float  #: of the melody, which moves with phrases
    onsets: tuple[tuple[Layer, int], ...]
    ringing: tuple[tuple[Layer, int, float], ...]
    sung: int | None

    def slot_at(self, at: float) -> RhythmSlot:
        """Return the chord that sounds at a beat of the bar.

        Parameters
        ----------
        at
            In beats of the bar, from 0.

        Returns
        -------
        RhythmSlot
            The last chord that has begun by then; the first one before that.
        """
        found = self.slots[0]
        for slot in self.slots:
            if slot.at <= at:
                found = slot
        return found

    def slots_at(self, places: Sequence[float]) -> list[RhythmSlot]:
        """Return the chords that sound at some beats of the bar.

        Parameters
        ----------
        places
            In beats of this bar.

        Returns
        -------
        list[RhythmSlot]
            One for each place.
        """
        return [self.slot_at(at) for at in places]

    def ringing_until(self, layer: Layer) -> dict[int, float]:
        """Return the beat of this bar until which each pitch of a layer sounds on, if it does.

        Parameters
        ----------
        layer
            The layer that plays it.

        Returns
        -------
        dict[int, float]
            In beats of this bar, by MIDI note number.
        """
        ends: dict[int, float] = {}
        for name, pitch, end in self.ringing:
            if name is layer:
                ends[pitch] = max(end, ends.get(pitch, 0.0))
        return ends
