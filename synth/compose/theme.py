"""A theme as a piece keeps it, in scale steps, with fewer or more notes where asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from synth.compose.rhythm import CELLS, METRIC_WEIGHTS
from synth.params import Key
from synth.theory.scales import scale

__all__ = [
    "EIGHTH",
    "Theme",
    "ThemeNote",
    "between",
    "filled",
    "noted",
    "pitch_of",
    "size",
    "thinned",
    "tonic_near",
]

EIGHTH = 2  #: sixteenths


@dataclass(frozen=True, slots=True)
class ThemeNote:
    """A note as it is remembered: where in its bar, and where in the scale."""

    cell: int  #: sixteenth of the bar, from 0
    step: int  #: scale steps above the tonic that the theme is anchored to; negative below it
    alter: int = 0  #: semitones by which it was raised or lowered


#: The bars of a phrase, each with its notes in order of time.
Theme = tuple[tuple[ThemeNote, ...], ...]


def size(theme: Theme) -> int:
    """Return how many notes a theme has.

    Parameters
    ----------
    theme
        Bar by bar.

    Returns
    -------
    int
        Over all its bars.
    """
    return len([note for bar in theme for note in bar])


def tonic_near(key: Key, low: int, high: int) -> int:
    """Return the tonic that themes are anchored to between two pitches: the one nearest the middle.

    Parameters
    ----------
    key
        Whose tonic.
    low
        The lowest MIDI note of the melody.
    high
        The highest.

    Returns
    -------
    int
        MIDI note.
    """
    middle = (low + high) // 2
    return middle - 6 + (key.tonic - (middle - 6)) % 12


def pitch_of(note: ThemeNote, key: Key, tonic: int) -> int:
    """Return the MIDI note that a remembered note is in a key.

    Parameters
    ----------
    note
        As remembered.
    key
        The key to sing it in.
    tonic
        MIDI note that its steps count from.

    Returns
    -------
    int
        With the note's own alteration.
    """
    octave, degree = divmod(note.step, 7)
    return tonic + 12 * octave + _degrees(key)[degree] + note.alter


def noted(cell: int, pitch: int, key: Key, tonic: int) -> ThemeNote:
    """Return how a sung note is remembered.

    Parameters
    ----------
    cell
        Sixteenth of its bar.
    pitch
        MIDI note.
    key
        The key that it was sung in.
    tonic
        MIDI note that steps count from.

    Returns
    -------
    ThemeNote
        Of which `pitch_of` makes the same pitch again.
    """
    octave, above = divmod(pitch - tonic, 12)
    degree, alter = _spelled(key)[above]
    return ThemeNote(cell, 7 * octave + degree, alter)


@lru_cache(maxsize=128)
def _degrees(key: Key) -> tuple[int, ...]:
    """Return the semitones from the tonic to each degree."""
    return tuple((note - key.tonic) % 12 for note in scale(key))


@lru_cache(maxsize=128)
def _spelled(key: Key) -> tuple[tuple[int, int], ...]:
    """Return degree and alteration for each semitone above the tonic; the lower where two serve."""
    degrees = _degrees(key)
    nearest = [
        min(range(7), key=lambda d: (abs(degrees[d] - above), degrees[d] > above))
        for above in range(12)
    ]
    return tuple((degree, above - degrees[degree]) for above, degree in enumerate(nearest))


def thinned(notes: tuple[ThemeNote, ...], count: int) -> tuple[ThemeNote, ...]:
    """Return the notes of a bar that weigh most in the metre.

    Parameters
    ----------
    notes
        In order of time.
    count
        How many may stay.

    Returns
    -------
    tuple[ThemeNote, ...]
        In order of time.
    """
    ranked = sorted(notes, key=lambda note: (-METRIC_WEIGHTS[note.cell], note.cell))
    return tuple(sorted(ranked[: max(0, count)], key=lambda note: note.cell))


def filled(
    notes: tuple[ThemeNote, ...], count: int, after: ThemeNote | None, most_cell: int = CELLS - 1
) -> tuple[ThemeNote, ...]:
    """Return a bar with passing notes and neighbours between its own, until there are enough.

    Parameters
    ----------
    notes
        In order of time.
    count
        How many there should be.
    after
        The note that follows the bar; None where nothing does.
    most_cell
        No note is put after this sixteenth.

    Returns
    -------
    tuple[ThemeNote, ...]
        With `count` notes, unless the bar is full before.
    """
    result = list(notes)
    free = [c for c in range(most_cell + 1) if all(note.cell != c for note in notes)]
    for cell in sorted(free, key=lambda c: (c % EIGHTH, -METRIC_WEIGHTS[c], c)):
        if len(result) >= count:
            break
        before = [note for note in result if note.cell < cell]
        later = [note for note in result if note.cell > cell]
        left = before[-1] if before else None
        right = later[0] if later else after
        result = sorted([*result, between(cell, left, right)], key=lambda note: note.cell)
    return tuple(result)


def between(cell: int, left: ThemeNote | None, right: ThemeNote | None) -> ThemeNote:
    """Return a note on the way from one to the other, or beside the first when they are near.

    Parameters
    ----------
    cell
        The sixteenth that it is put on.
    left
        The note before, if there is one.
    right
        The note after, if there is one.

    Returns
    -------
    ThemeNote
        A step from the first, towards the second where that is farther off.
    """
    if left is None:
        return ThemeNote(cell, right.step + 1 if right else 0)
    if right is None or abs(right.step - left.step) < 2:
        return ThemeNote(cell, left.step + (1 if right is None or right.step > left.step else -1))
    return ThemeNote(cell, left.step + (1 if right.step > left.step else -1))
