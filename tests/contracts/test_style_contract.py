"""Any course of parameters, beyond the few that the shipped suite tries of each style."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biofeedback.config.styles import STYLES
from biofeedback.testing.test_style import check, compose
from synth.params import Key, Layer, Mode, MusicParams

wishes = st.builds(
    MusicParams,
    tempo_bpm=st.floats(40, 160),
    key=st.builds(Key, st.integers(0, 11), st.sampled_from(Mode)),
    density=st.floats(0.25, 6),
    dynamics=st.floats(0, 1),
    register=st.floats(-1, 1),
    tension=st.floats(0, 1),
    articulation=st.floats(0, 1),
    swing=st.floats(0.5, 0.67),
    layers=st.lists(st.sampled_from(Layer), unique=True).map(tuple),
)


@pytest.mark.slow
@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    name=st.sampled_from(STYLES.built_in),
    seed=st.integers(0, 2**32),
    track=st.lists(wishes, min_size=1, max_size=12),
)
def test_any_course_of_parameters_gives_well_formed_bars(
    name: str, seed: int, track: list[MusicParams]
) -> None:
    check(compose(name, seed, [params for params in track for _ in range(2)]))
