"""Keys, modes and their distances, against values any harmony book gives."""

from itertools import pairwise

import pytest

from synth.params import Key, Mode
from synth.theory.scales import BRIGHTNESS, circle_steps, scale, signature, spell, step_toward

C, D, E, F, G, A, B = 0, 2, 4, 5, 7, 9, 11


@pytest.mark.parametrize(
    ("key", "notes"),
    [
        (Key(C, Mode.IONIAN), (C, D, E, F, G, A, B)),
        (Key(F, Mode.LYDIAN), (F, G, A, B, C, D, E)),
        (Key(E, Mode.PHRYGIAN), (E, F, G, A, B, C, D)),
        (Key(A, Mode.AEOLIAN), (A, B, C, D, E, F, G)),
        (Key(D, Mode.DORIAN), (D, E, F, G, A, B, C)),
        (Key(G, Mode.MIXOLYDIAN), (G, A, B, C, D, E, F)),
    ],
)
def test_the_white_keys_are_one_scale_in_six_modes(key: Key, notes: tuple[int, ...]) -> None:
    assert scale(key) == notes
    assert signature(key) == 0


@pytest.mark.parametrize(
    ("key", "sharps"),
    [
        (Key(G), 1), (Key(D), 2), (Key(B), 5), (Key(F), -1), (Key(1), -5), (Key(6), -6),
        (Key(E, Mode.AEOLIAN), 1), (Key(C, Mode.AEOLIAN), -3), (Key(C, Mode.PHRYGIAN), -4),
    ],
)  # fmt: skip
def test_signatures_follow_the_circle_of_fifths(key: Key, sharps: int) -> None:
    assert signature(key) == sharps


def test_neighbouring_modes_differ_in_one_note() -> None:
    for bright, dark in pairwise(BRIGHTNESS):
        assert len(set(scale(Key(0, bright))) - set(scale(Key(0, dark)))) == 1


@pytest.mark.parametrize(
    ("start", "end", "steps"), [(C, G, 1), (C, F, -1), (C, A, 3), (C, 3, -3), (C, 6, 6), (D, D, 0)]
)
def test_circle_steps_count_fifths_the_short_way(start: int, end: int, steps: int) -> None:
    assert circle_steps(start, end) == steps


def test_every_key_is_reached_by_steps_that_change_at_most_two_notes() -> None:
    keys = [Key(tonic, mode) for tonic in range(12) for mode in Mode]
    for start in keys:
        for goal in keys:
            here, phrases = start, 0
            while here != goal:
                near = step_toward(here, goal)
                assert abs(circle_steps(here.tonic, near.tonic)) <= 2
                assert abs(BRIGHTNESS.index(here.mode) - BRIGHTNESS.index(near.mode)) <= 1
                assert len(set(scale(near)) - set(scale(here))) <= 2
                here, phrases = near, phrases + 1
                assert phrases <= 9
    assert step_toward(Key(C), Key(C)) == Key(C)
    assert step_toward(Key(C), Key(A)) == Key(D)


@pytest.mark.parametrize(
    ("pitch_class", "key", "name"),
    [
        (6, Key(D), "F#"), (6, Key(1), "Gb"), (8, Key(E), "G#"), (8, Key(C, Mode.AEOLIAN), "Ab"),
        (11, Key(6), "Cb"), (10, Key(C), "Bb"), (8, Key(A, Mode.AEOLIAN), "G#"), (5, Key(C), "F"),
    ],
)  # fmt: skip
def test_notes_are_spelled_as_their_key_writes_them(pitch_class: int, key: Key, name: str) -> None:
    assert spell(pitch_class, key) == name
