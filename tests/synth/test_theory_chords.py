"""Chords on degrees, their symbols, and the scale that goes with a foreign tone."""

import pytest

from synth.params import Key, Mode
from synth.theory.chords import Chord, diatonic, local_scale


def test_the_seven_triads_of_c_major() -> None:
    symbols = [diatonic(Key(0), degree).symbol(Key(0)) for degree in range(7)]
    assert symbols == ["C", "Dm", "Em", "F", "G", "Am", "Bdim"]


def test_the_seven_seventh_chords_of_e_flat_major() -> None:
    key = Key(3)
    symbols = [diatonic(key, degree, seventh=True).symbol(key) for degree in range(7)]
    assert symbols == ["Ebmaj7", "Fm7", "Gm7", "Abmaj7", "Bb7", "Cm7", "Dm7b5"]


def test_chords_are_spelled_in_their_key() -> None:
    assert diatonic(Key(4), 2).symbol(Key(4)) == "G#m"
    assert diatonic(Key(8, Mode.AEOLIAN), 5).symbol(Key(8, Mode.AEOLIAN)) == "E"
    assert Chord(4, "7", 8).symbol(Key(9, Mode.AEOLIAN)) == "E7/G#"


def test_an_inversion_names_its_bass() -> None:
    assert Chord(0, "", 4).symbol(Key(0)) == "C/E"


@pytest.mark.parametrize(
    ("chord", "tones"),
    [
        (Chord(7, "7", 7), (7, 11, 2, 5)),
        (Chord(9, "m7", 9), (9, 0, 4, 7)),
        (Chord(2, "sus4", 2), (2, 7, 9)),
        (Chord(5, "add9", 5), (5, 9, 0, 7)),
    ],
)
def test_pitch_classes_rise_from_the_root(chord: Chord, tones: tuple[int, ...]) -> None:
    assert chord.pitch_classes == tones


def test_the_dominant_of_a_minor_raises_its_leading_tone() -> None:
    e_seven = Chord(4, "7", 4)
    assert local_scale(Key(9, Mode.AEOLIAN), e_seven) == (0, 2, 4, 5, 8, 9, 11)


def test_a_diatonic_chord_leaves_the_scale_alone() -> None:
    assert local_scale(Key(0), diatonic(Key(0), 1)) == (0, 2, 4, 5, 7, 9, 11)
