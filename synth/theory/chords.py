"""Chords as a root and a quality, and how they are built on a degree of a key."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from synth.params import Key
from synth.theory.scales import scale, spell

__all__ = ["QUALITIES", "Chord", "diatonic", "local_scale"]

#: Semitones above the root, by the suffix of the chord's symbol.
QUALITIES = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "dim": (0, 3, 6),
    "sus2": (0, 2, 7),
    "sus4": (0, 5, 7),
    "add9": (0, 4, 7, 2),
    "madd9": (0, 3, 7, 2),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "m7b5": (0, 3, 6, 10),
}
#: Pitch classes by root and quality, looked up many times a bar.
_TONES = {
    (root, quality): tuple((root + interval) % 12 for interval in intervals)
    for root in range(12)
    for quality, intervals in QUALITIES.items()
}
_SUFFIX = {intervals: suffix for suffix, intervals in QUALITIES.items()}


@dataclass(frozen=True, slots=True)
class Chord:
    """A root (pitch class 0 to 11), a quality from `QUALITIES` and the pitch class in the bass."""

    root: int  #: pitch class
    quality: str  #: a key of `QUALITIES`
    bass: int  #: pitch class

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        """The chord's tones from the root upwards."""
        return _TONES[self.root, self.quality]

    def symbol(self, key: Key) -> str:
        """Return the chord symbol as spelled in a key, such as "Dm7" or "C/E".

        Parameters
        ----------
        key
            Decides between sharps and flats.

        Returns
        -------
        str
            Root and quality; a slash and the bass where that is not the root.
        """
        name = spell(self.root, key) + self.quality
        return name if self.bass == self.root else f"{name}/{spell(self.bass, key)}"


def diatonic(key: Key, degree: int, *, seventh: bool = False) -> Chord:
    """Return the triad or seventh chord on a degree (0 is the tonic) from the key's own notes.

    Parameters
    ----------
    key
        Tonic and mode.
    degree
        Scale degree, 0 is the tonic; any whole number, taken modulo 7.
    seventh
        Four notes rather than three.

    Returns
    -------
    Chord
        In root position.
    """
    notes = scale(key)
    root = notes[degree % 7]
    thirds = (0, 2, 4, 6) if seventh else (0, 2, 4)
    intervals = tuple((notes[(degree + third) % 7] - root) % 12 for third in thirds)
    return Chord(root, _SUFFIX[intervals], root)


@lru_cache(maxsize=1024)
def local_scale(key: Key, chord: Chord) -> tuple[int, ...]:
    """Return the key's pitch classes, ascending, with the chord's foreign tones in place of theirs.

    A foreign tone displaces the key's note of the same letter, taken to be the neighbour a
    semitone away that is no tone of the chord.

    Parameters
    ----------
    key
        Tonic and mode.
    chord
        The chord that sounds.

    Returns
    -------
    tuple[int, ...]
        Pitch classes, 0 to 11, ascending.
    """
    notes = list(scale(key))
    tones = chord.pitch_classes
    for tone in tones:
        if tone in notes:
            continue
        for neighbour in ((tone - 1) % 12, (tone + 1) % 12):
            if neighbour in notes and neighbour not in tones:
                notes.remove(neighbour)
                break
        notes.append(tone)
    return tuple(sorted(notes))
