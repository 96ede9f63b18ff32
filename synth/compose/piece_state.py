"""All that the composer remembers from bar to bar, small and immutable."""

from __future__ import annotations

from dataclasses import dataclass

from synth.compose.density import DensityAccount
from synth.compose.form import PHRASE_BARS
from synth.compose.harmony import ChordChange
from synth.compose.theme import Theme
from synth.params import Key, Layer

__all__ = ["SILENT", "Memory", "PieceState"]

SILENT: Theme = ((),) * PHRASE_BARS  #: where no melody plays
Memory = tuple[tuple[str, Theme], ...]  #: the themes of a piece by name


@dataclass(frozen=True, slots=True)
class PieceState:
    """The piece as it stands before the bar `index`.

    `coming_key` and `coming_layers` are what a phrase's last bar has prepared for the next.
    `entered` are layers that are new in this phrase. `ringing` holds (layer, pitch, end in beats
    of the session, velocity) of notes that sound on after the last bar. `cut` says that they were
    ended at this bar line, so they are to be struck again. `origin` is the bar from which the form
    counts; `density` is what the last bar was asked for, in onsets per beat, `asked` how loud it
    was to be, `dynamics` how loud the form made it, 0 to 1 both. `register` is that
    of the phrase's melody, and `memory` has the themes of the piece by name. `resting` says that
    the music is silent, or will be after this phrase, and `waking` that this is the first phrase
    after a rest.
    """

    index: int
    key: Key  #: of the phrase
    coming_key: Key
    goal: Key  #: where the last change of key was to lead in the end
    wish: Key  #: the key that was asked for when it was last decided where to go
    turned: int  #: the bar of that change
    layers: tuple[Layer, ...]
    coming_layers: tuple[Layer, ...]
    entered: tuple[Layer, ...]
    changes: tuple[ChordChange, ...]  #: the chords of the phrase
    theme: Theme  #: of the phrase, as it is to be sung
    voices: tuple[int, ...]  #: MIDI notes of the last voicing, ascending
    bass: int  #: MIDI note
    sung: int | None  #: MIDI note of the melody's last note; None before the first
    account: DensityAccount  #: what earlier bars left over in notes
    ringing: tuple[tuple[Layer, int, float, int], ...]
    cut: bool
    origin: int = 0
    density: float = 0.0
    asked: float = 0.0
    dynamics: float = 1.0
    register: float = 0.0
    memory: Memory = ()
    resting: bool = False
    waking: bool = False
