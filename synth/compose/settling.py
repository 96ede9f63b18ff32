"""How a theme settles over the chords of its phrase, and what speaks against one that has."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from synth.compose.form import BEATS_PER_BAR
from synth.compose.harmony import ChordChange
from synth.compose.rhythm import METRIC_WEIGHTS, STRONG
from synth.compose.theme import Theme, ThemeNote, noted, pitch_of, size, tonic_near
from synth.params import Key
from synth.theory.chords import Chord, local_scale

__all__ = ["LEAP", "Ground", "closing", "faults", "settled"]

LEAP = 4  #: semitones above which an interval is a leap that wants an answer
_STEPS = (0.66, 0.74, 0.80)  #: least, best and most share of steps
_NEAR = 3  #: semitones from the middle within which a phrase begins and ends
_WIDE = 12  #: semitones that a theme spans at most
_MOST_ALIKE = 0.25  #: of a contrasting theme's notes at any transposition


@dataclass(frozen=True, slots=True)
class Ground:
    """What a theme is sung over: a key, chords, and a range of MIDI notes.

    `chords` are those of the phrase, `later` those that it comes back over; what suits both is
    preferred.
    """

    key: Key  #: of the phrase
    chords: tuple[ChordChange, ...]
    later: tuple[ChordChange, ...]
    low: int  #: lowest MIDI note
    high: int  #: highest

    @property
    def tonic(self) -> int:
        """The MIDI note that steps count from."""
        return tonic_near(self.key, self.low, self.high)

    @property
    def middle(self) -> int:
        """The MIDI note in the middle of the range."""
        return (self.low + self.high) // 2

    def chord(self, number: int, cell: int, *, later: bool = False) -> Chord:
        """Return the chord of a sixteenth of a bar of the phrase.

        Parameters
        ----------
        number
            Of the bar, from 0.
        cell
            The sixteenth, from 0.
        later
            Whether it is asked about where the theme comes back.

        Returns
        -------
        Chord
            The last that has begun by then.
        """
        chords, beat = self.later if later else self.chords, number * BEATS_PER_BAR + cell / 4
        return next((c.chord for c in reversed(chords) if c.at <= beat), chords[0].chord)


def settled(theme: Theme, ground: Ground) -> Theme:
    """Return a theme whose strong notes are of the chords, and the others of the scale.

    Its first and last notes are drawn to the middle, so that any phrase may follow any other.

    Parameters
    ----------
    theme
        In steps that no chord has been heard to yet.
    ground
        What it is sung over.

    Returns
    -------
    Theme
        Moved as little as that takes.
    """
    key, tonic, middle = ground.key, ground.tonic, ground.middle
    ends = [note for bar in theme for note in bar][:: max(1, size(theme) - 1)]
    result = []
    for number, bar in enumerate(theme):
        notes = []
        for note in bar:
            chord = ground.chord(number, note.cell)
            choices = [local_scale(key, chord)]
            if note is ends[-1] or METRIC_WEIGHTS[note.cell] >= STRONG:
                tones = chord.pitch_classes
                later = ground.chord(number, note.cell, later=True).pitch_classes
                choices = [tuple(tone for tone in tones if tone in later), tones]
            wanted = pitch_of(note, key, tonic)
            if note in ends:
                wanted = max(middle - _NEAR, min(middle + _NEAR, wanted))
            pitch = _nearest(wanted, choices[0] or choices[-1], middle)
            notes.append(noted(note.cell, pitch, key, tonic))
        result.append(tuple(notes))
    return tuple(result)


def _nearest(wanted: int, tones: tuple[int, ...], middle: int) -> int:
    """Return the pitch of some tones that is nearest; of two, the one nearer the middle."""
    for off in range(7):
        near = [pitch for pitch in (wanted - off, wanted + off) if pitch % 12 in tones]
        if near:
            return min(near, key=lambda pitch: abs(pitch - middle))
    raise ValueError("no tones to choose from")


def closing(theme: Theme, ground: Ground) -> Theme:
    """Return a settled theme as it ends a section: over the later chords, and still itself.

    Parameters
    ----------
    theme
        As it settled over the chords that it was stated with.
    ground
        What it is sung over.

    Returns
    -------
    Theme
        With one note in five moved at most, the last ones first.
    """
    left = max(0, size(theme) - 2) // 5
    result: list[tuple[ThemeNote, ...]] = []
    for number, bar in reversed(list(enumerate(theme))):
        notes = []
        for place, note in reversed(list(enumerate(bar))):
            tones = ground.chord(number, note.cell, later=True).pitch_classes
            pitch = pitch_of(note, ground.key, ground.tonic)
            final = not any(result) and place == len(bar) - 1
            strong = final or METRIC_WEIGHTS[note.cell] >= STRONG
            if strong and left and pitch % 12 not in tones:
                pitch = _nearest(pitch, tones, 0)
                left -= 1
            notes.append(noted(note.cell, pitch, ground.key, ground.tonic))
        result.append(tuple(reversed(notes)))
    return tuple(reversed(result))


def faults(theme: Theme, ground: Ground, contrast: Theme = ()) -> float:
    """Return what speaks against a theme that has settled; the weights are our own.

    Parameters
    ----------
    theme
        To be judged.
    ground
        What it is sung over.
    contrast
        What it should be unlike; empty for nothing.

    Returns
    -------
    float
        0 for what is faultless.
    """
    key, tonic, middle = ground.key, ground.tonic, ground.middle
    notes = [(k, n.cell, pitch_of(n, key, tonic)) for k, bar in enumerate(theme) for n in bar]
    if not notes:
        return 0.0
    pitches = [pitch for _, _, pitch in notes]
    moves = [b - a for a, b in pairwise(pitches)]
    least, best, most = _STEPS
    steps = len([m for m in moves if abs(m) <= 2]) / len(moves) if moves else best
    found = 60.0 * (max(0.0, least - steps) + max(0.0, steps - most)) + 4.0 * abs(steps - best)
    for first, second in pairwise(moves):
        if abs(first) > LEAP and (first * second >= 0 or abs(second) >= abs(first)):
            found += 8.0
    found += 20.0 * len([m for m in moves if abs(m) > 7])
    for end in (pitches[0], pitches[-1]):
        found += 2.0 * max(0, abs(end - middle) - _NEAR)
    found += 2.0 * max(0, max(pitches) - min(pitches) - _WIDE)
    found += 12.0 * max(0.0, moves.count(0) / max(1, len(moves)) - 0.15)
    found += 1.5 * max(0, min(4, len(notes) - 1) - len(set(pitches)))
    for number, cell, pitch in notes:
        last = (number, cell, pitch) == notes[-1]
        if last or METRIC_WEIGHTS[cell] >= STRONG:
            for later, weight in ((False, 6.0), (True, 8.0 if last else 4.0)):
                tones = ground.chord(number, cell, later=later).pitch_classes
                found += weight * (pitch % 12 not in tones)
    return found + _likeness(theme, contrast)


def _likeness(theme: Theme, contrast: Theme) -> float:
    """Return what a theme owes to the one that it should contrast with."""
    there = {(k, n.cell): n.step for k, bar in enumerate(contrast) for n in bar}
    if not there:
        return 0.0
    here = {(k, n.cell): n.step for k, bar in enumerate(theme) for n in bar}
    shifts = Counter(here[place] - there[place] for place in here if place in there)
    alike = max(shifts.values(), default=0) / max(len(there), len(here), 1)
    rhythms = [tuple(n.cell for n in bar) for bar in contrast]
    same = [bar for bar in theme if len(bar) > 1 and tuple(n.cell for n in bar) in rhythms]
    return 60.0 * max(0.0, alike - _MOST_ALIKE) + 3.0 * len(same)
