"""How many beats a breath gets, by hand."""

from biofeedback.control.pace import BreathBeats


def test_the_beats_are_those_whose_tempo_is_nearest_below_and_stay_while_it_is_calm() -> None:
    breath = BreathBeats()
    assert not breath.choose(12.0, 62.0)  # 4 beats at 48; 6 would be 72
    assert breath.beats == 4
    breath.arrive(48.0, 12.0)
    assert not breath.choose(10.0, 48.0)  # 40, still calm
    assert breath.choose(9.0, 40.0)  # 36 would be too slow: the fewest more, 6 at 54
    assert breath.beats == 6


def test_a_pace_that_quickens_leaves_as_many_beats_as_are_calm() -> None:
    breath = BreathBeats()
    breath.choose(6.0, 75.0)  # 12 beats at 72
    breath.arrive(72.0, 6.0)
    assert breath.beats == 12
    assert breath.choose(7.0, 72.0)  # 84 would be too fast: 8 at 56, not 6 at 42
    assert breath.beats == 8
