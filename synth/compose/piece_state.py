"""All that the composer remembers from bar to bar, small and immutable."""

from __future__ import annotations

from dataclasses import dataclass

from synth.compose.density import DensityAccount
from synth.compose.harmony import ChordChange
from synth.compose.motif import Motif
from synth.params import Key, Layer

__all__ = ["MelodicState", "PieceState"]


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
        """Return the line after a bar with these pitches on these sixteenths.

        Parameters
        ----------
        pitches
            MIDI notes in order; none leaves the pitch as it was.
        cells
            The sixteenths of the bar they start on.

        Returns
        -------
        MelodicState
            Shares remember some seven intervals and bars.
        """
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
        """Return the line after a silence: what comes next follows no pitch.

        Returns
        -------
        MelodicState
            With the shares and the rhythms as they were.
        """
        return MelodicState(None, 0, self.steps, self.returns, self.rhythms)


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
    key: Key  #: of the phrase
    coming_key: Key
    layers: tuple[Layer, ...]
    coming_layers: tuple[Layer, ...]
    entered: tuple[Layer, ...]
    changes: tuple[ChordChange, ...]  #: the chords of the phrase
    motif: Motif  #: of the phrase
    voices: tuple[int, ...]  #: MIDI notes of the last voicing, ascending
    bass: int  #: MIDI note
    line: MelodicState
    account: DensityAccount  #: what earlier bars left over in notes
    ringing: tuple[tuple[Layer, int, float, int], ...]
    cut: bool
    origin: int = 0
    density: float = 0.0
    resting: bool = False
    waking: bool = False
