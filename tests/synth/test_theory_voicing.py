"""Voice leading against progressions voiced by hand."""

import itertools

import pytest

from synth.params import Key, Mode
from synth.theory.chords import diatonic
from synth.theory.voicing import MAX_SPACING, motion, parallels, revoice, stack

C_MAJOR = (60, 64, 67)


def test_motion_counts_semitones_of_all_voices() -> None:
    assert motion((60, 64, 67), (60, 65, 69)) == 3


def test_c_to_f_keeps_the_common_tone() -> None:
    assert revoice(C_MAJOR, (5, 9, 0), (48, 53), 48, 76) == (60, 65, 69)


def test_c_to_a_minor_moves_a_single_voice() -> None:
    assert revoice(C_MAJOR, (9, 0, 4), (48, 45), 48, 76) == (60, 64, 69)


def test_parallel_fifths_and_octaves_are_counted() -> None:
    assert parallels((60, 67), (62, 69)) == 1
    assert parallels((60, 72), (65, 77)) == 1
    assert parallels((60, 67), (60, 67)) == 0
    assert parallels((60, 64), (62, 66)) == 0
    assert parallels((60, 67), (65, 72)) == 1


def test_f_to_g_avoids_the_parallels_of_plain_shifting() -> None:
    after = revoice((60, 65, 69), (7, 11, 2), (53, 55), 48, 76)
    assert parallels((60, 65, 69), after) == 0


@pytest.mark.slow
def test_every_pair_of_chords_is_voiced_closely_and_completely() -> None:
    chords = [
        diatonic(Key(tonic, mode), degree, seventh=seventh)
        for tonic in (0, 5, 11) for mode in Mode for degree in range(7) for seventh in (False, True)
    ]  # fmt: skip
    for before, after in itertools.product(chords[::5], chords[::3]):
        start = stack(before.pitch_classes, 4, 50, 79)
        voices = revoice(start, after.pitch_classes, (40, 43), 50, 79)
        assert len(voices) == 4
        assert {pitch % 12 for pitch in voices} == set(after.pitch_classes)
        assert all(0 < b - a <= MAX_SPACING for a, b in itertools.pairwise(voices))
        assert 50 <= voices[0] <= voices[-1] <= 79


def test_voices_outside_the_range_are_led_back() -> None:
    assert all(60 <= pitch <= 88 for pitch in revoice(C_MAJOR, (0, 4, 7), (48, 48), 62, 88))
