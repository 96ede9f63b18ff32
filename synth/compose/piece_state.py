"""All that the composer remembers from bar to bar, small and immutable."""

from __future__ import annotations

from dataclasses import dataclass

from synth.compose.density import DensityAccount
from synth.compose.harmony import ChordChange
from synth.compose.melodic_state import MelodicState
from synth.compose.motif import Motif
from synth.params import Key, Layer

__all__ = ["PieceState"]


@dataclass(frozen=True, slots=True)
class PieceState:
    """The piece as it stands before the bar `index`.

    `coming_key` and `coming_layers` are what a phrase's last bar has prepared for the next.
    `entered` are layers that are new in this phrase. `ringing` holds (layer, pitch, end in beats
    of the session, velocity) of notes that sound on after the last bar. `cut` says that they were
    ended at this bar line, so they are to be struck again. `origin` is the bar from which the form
    counts, and `density` what the last bar was asked for, in onsets per beat. `resting` says that
    the music is silent, or will be after this phrase, and `waking` that this is the first phrase
    after a rest.
    """

    index: int
    key: Key
    coming_key: Key
    layers: tuple[Layer, ...]
    coming_layers: tuple[Layer, ...]
    entered: tuple[Layer, ...]
    changes: tuple[ChordChange, ...]
    motif: Motif
    voices: tuple[int, ...]
    bass: int
    line: MelodicState
    account: DensityAccount
    ringing: tuple[tuple[Layer, int, float, int], ...]
    cut: bool
    origin: int = 0
    density: float = 0.0
    resting: bool = False
    waking: bool = False
