"""What every style promises; a new one is picked up by its name alone."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.compose.composer import Composer
from synth.events import Bar, Note
from synth.params import Key, Layer, Mode, MusicParams
from synth.styles.load import load, names

FOLDER = Path(__file__).parents[2] / "configs" / "styles"
EVERY_LAYER = tuple(Layer)


def compose(name: str, seed: int, track: list[MusicParams]) -> list[Bar]:
    composer = Composer(load(name, FOLDER), seed, track[0])
    bars = [composer.bar(params) for params in track]
    return [*bars, composer.ending(track[-1])]


def check(bars: list[Bar]) -> None:
    sounding: defaultdict[tuple[Layer, int], list[Note]] = defaultdict(list)
    for bar in bars:
        assert [n.beat for n in bar.notes] == sorted(n.beat for n in bar.notes)
        assert bar.chords
        for note in bar.notes:
            assert bar.beat <= note.beat < bar.beat + bar.beats
            assert note.beats > 0
            assert 21 <= note.pitch <= 108
            assert 1 <= note.velocity <= 127
            assert isinstance(note.velocity, int)
            sounding[note.layer, note.pitch].append(note)
    for notes in sounding.values():
        for first, second in pairwise(sorted(notes, key=lambda n: n.beat)):
            assert first.beat + first.beats <= second.beat + 1e-9
    ids = [note.id for bar in bars for note in bar.notes]
    assert ids == sorted(set(ids))


@pytest.mark.parametrize("name", names())
def test_the_name_is_the_one_it_is_loaded_by(name: str) -> None:
    style = load(name, FOLDER)
    assert style.name == name
    assert style.settings.layers
    assert len(set(style.settings.layers)) == len(style.settings.layers)


@pytest.mark.parametrize("name", names())
def test_equal_seed_means_equal_notes(name: str) -> None:
    track = [MusicParams(layers=EVERY_LAYER, density=2.0)] * 12
    assert compose(name, 1, track) == compose(name, 1, track)


@pytest.mark.parametrize("name", names())
def test_only_wanted_layers_that_the_style_has_play(name: str) -> None:
    style = load(name, FOLDER)
    for layer in Layer:
        bars = compose(name, 1, [MusicParams(layers=(layer,), density=2.0)] * 8)[:-1]
        heard = {note.layer for bar in bars for note in bar.notes}
        assert heard == ({layer} if layer in style.settings.layers else set())


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_extreme_parameters_give_well_formed_bars(name: str) -> None:
    extremes = product((40.0, 160.0), (0.25, 6.0), (0.0, 1.0), (-1.0, 1.0), (0.0, 1.0), (0.5, 0.67))
    for number, (tempo, density, high, register, articulation, swing) in enumerate(extremes):
        params = MusicParams(
            tempo_bpm=tempo, density=density, dynamics=high, tension=high, register=register,
            articulation=articulation, swing=swing, layers=EVERY_LAYER,
            key=Key(number % 12, tuple(Mode)[number % 6]),
        )  # fmt: skip
        check(compose(name, number, [params] * 9))


@pytest.mark.parametrize("name", names())
def test_no_layers_at_all_is_silence_that_ends_well(name: str) -> None:
    bars = compose(name, 1, [MusicParams(layers=())] * 5)
    assert all(not bar.notes for bar in bars[:-1])
    check(bars)


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
    name=st.sampled_from(names()),
    seed=st.integers(0, 2**32),
    track=st.lists(wishes, min_size=1, max_size=12),
)
def test_any_course_of_parameters_gives_well_formed_bars(
    name: str, seed: int, track: list[MusicParams]
) -> None:
    check(compose(name, seed, [params for params in track for _ in range(2)]))


@pytest.mark.parametrize("name", names())
def test_onsets_stay_within_a_human_touch_of_the_grid(name: str) -> None:
    params = replace(MusicParams(), tempo_bpm=90.0, density=4.0, layers=EVERY_LAYER)
    reach = 0.008 * 90 / 60
    late = load(name, FOLDER).settings.swing - 0.5
    grid = [beat + cell for beat in range(5) for cell in (0, 0.25 + late / 2, 0.5 + late)]
    grid += [beat + 0.75 + late / 2 for beat in range(4)]
    for bar in compose(name, 1, [params] * 8)[:-1]:
        for note in bar.notes:
            assert min(abs(note.beat - bar.beat - place) for place in grid) <= reach + 1e-9
