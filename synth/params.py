"""What the music should be like: the one value that steers the composer."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

__all__ = [
    "DENSITY_RANGE",
    "TEMPO_RANGE_BPM",
    "TONIC_NAMES",
    "Key",
    "Layer",
    "Mode",
    "MusicParams",
]

TEMPO_RANGE_BPM = (32.0, 160.0)
DENSITY_RANGE = (0.25, 6.0)
TONIC_NAMES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
_SHARP_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


class Mode(StrEnum):
    """The diatonic modes in use, from the brightest to the darkest."""

    LYDIAN = "lydian"
    IONIAN = "ionian"
    MIXOLYDIAN = "mixolydian"
    DORIAN = "dorian"
    AEOLIAN = "aeolian"
    PHRYGIAN = "phrygian"


class Layer(StrEnum):
    """A voice group of the arrangement; each has an instrument of its own."""

    PAD = "pad"
    BASS = "bass"
    MELODY = "melody"
    PLUCK = "pluck"
    BELLS = "bells"
    PERCUSSION = "percussion"
    DRONE = "drone"


@dataclass(frozen=True, slots=True)
class Key:
    """A tonic (pitch class 0 to 11, C = 0) and a mode."""

    tonic: int = 0  #: pitch class
    mode: Mode = Mode.IONIAN  #: what its other notes are

    def __post_init__(self) -> None:
        if not 0 <= self.tonic <= 11:
            raise ValueError(f"tonic {self.tonic} is not a pitch class (0 to 11)")

    def __str__(self) -> str:
        sharps = (7 * self.tonic + 7 - list(Mode).index(self.mode)) % 12 - 6
        names = _SHARP_NAMES if sharps > 0 else TONIC_NAMES
        return f"{names[self.tonic]} {self.mode.value}"

    @classmethod
    def parse(cls, name: str) -> Self:
        """Return the key of a name such as "F# aeolian"; raise ValueError for any other text.

        Parameters
        ----------
        name
            A tonic in sharps or flats, a space, a mode in small letters.

        Returns
        -------
        Self
            The key.

        Raises
        ------
        ValueError
            For any other text.
        """
        tonic, _, mode = name.partition(" ")
        names = TONIC_NAMES if tonic in TONIC_NAMES else _SHARP_NAMES
        return cls(names.index(tonic), Mode(mode))


@dataclass(frozen=True, slots=True)
class MusicParams:
    """A complete description of the wanted music at one moment.

    Tempo follows at once; dynamics, brightness and articulation from the next bar; density from
    the next bar; key, layers and a rest from the next phrase, the melody's register too; the end
    of a rest from the next bar.
    """

    tempo_bpm: float = 66.0  #: 32 (four breaths of eight beats a minute) to 160
    key: Key = field(default_factory=Key)  #: where the piece is to go
    density: float = 1.5  #: expected onsets per beat over all layers, 0.25 to 6
    dynamics: float = 0.5  #: 0 very soft to 1 loud
    register: float = 0.0  #: -1 an octave lower to 1 an octave higher
    brightness: float = 0.5  #: timbre, 0 dark to 1 bright
    tension: float = 0.2  #: harmonic, 0 plain triads to 1 sevenths, suspensions, borrowed chords
    articulation: float = 0.8  #: 0 short and separate to 1 fully tied
    swing: float = 0.5  #: share of a beat before the off-beat, 0.5 straight to 0.67 triplet
    swell: float = 0.0  #: depth of a rise and fall of loudness with each breath, 0 none to 1 full
    #: those that play, where the style has them
    layers: tuple[Layer, ...] = (Layer.PAD, Layer.BASS, Layer.MELODY)
    rest: bool = False  #: close the phrase and be silent until this is taken back
    sound: str = ""  #: the set of instruments that audio outputs play, empty for the plain one
    breath_beats: int = 8  #: of a breath
    breath_in: float = 0.4  #: share of the breath in, of in and out
    breath_hold: float = 0.0  #: share of the whole for which it is held full
    breath_pause: float = 0.0  #: and empty
