"""What every style promises: bars that are well formed, whatever is asked of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise, product
from random import Random

from biofeedback.config.styles import load_style
from synth.compose.composer import Composer
from synth.events import Bar, Note
from synth.params import Key, Layer, Mode, MusicParams

KIND = "style"
EVERY_LAYER = tuple(Layer)


def compose(name: str, seed: int, track: list[MusicParams]) -> list[Bar]:
    composer = Composer(load_style(name), seed, track[0])
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


def test_the_name_is_the_one_it_is_loaded_by(part: str) -> None:
    style = load_style(part)
    assert style.name == part
    assert style.settings.layers
    assert len(set(style.settings.layers)) == len(style.settings.layers)


def test_equal_seed_means_equal_notes(part: str) -> None:
    track = [MusicParams(layers=EVERY_LAYER, density=2.0)] * 12
    assert compose(part, 1, track) == compose(part, 1, track)


def test_another_seed_means_other_notes(part: str) -> None:
    track = [MusicParams(layers=EVERY_LAYER, density=2.0)] * 12
    assert compose(part, 1, track) != compose(part, 2, track)


def test_only_wanted_layers_that_the_style_has_play(part: str) -> None:
    style = load_style(part)
    for layer in Layer:
        bars = compose(part, 1, [MusicParams(layers=(layer,), density=2.0)] * 8)[:-1]
        heard = {note.layer for bar in bars for note in bar.notes}
        assert heard == ({layer} if layer in style.settings.layers else set())


def test_extreme_parameters_give_well_formed_bars(part: str) -> None:
    extremes = product((40.0, 160.0), (0.25, 6.0), (0.0, 1.0), (-1.0, 1.0), (0.0, 1.0), (0.5, 0.67))
    for number, (tempo, density, high, register, articulation, swing) in enumerate(extremes):
        params = MusicParams(
            tempo_bpm=tempo, density=density, dynamics=high, tension=high, register=register,
            articulation=articulation, swing=swing, layers=EVERY_LAYER,
            key=Key(number % 12, tuple(Mode)[number % 6]),
        )  # fmt: skip
        check(compose(part, number, [params] * 9))


def test_no_layers_at_all_is_silence_that_ends_well(part: str) -> None:
    bars = compose(part, 1, [MusicParams(layers=())] * 5)
    assert all(not bar.notes for bar in bars[:-1])
    check(bars)


def test_any_course_of_parameters_gives_well_formed_bars(part: str) -> None:
    for seed in range(8):
        rng = Random(seed)
        track = [
            MusicParams(
                tempo_bpm=rng.uniform(40.0, 160.0), density=rng.uniform(0.25, 6.0),
                dynamics=rng.random(), register=rng.uniform(-1.0, 1.0), tension=rng.random(),
                articulation=rng.random(), swing=rng.uniform(0.5, 0.67),
                key=Key(rng.randrange(12), rng.choice(tuple(Mode))),
                layers=tuple(rng.sample(EVERY_LAYER, rng.randrange(len(EVERY_LAYER) + 1))),
                rest=rng.random() < 0.1,
            )
            for _ in range(12)
        ]  # fmt: skip
        check(compose(part, seed, [params for params in track for _ in range(2)]))


def test_onsets_stay_within_a_human_touch_of_the_grid(part: str) -> None:
    params = replace(MusicParams(), tempo_bpm=90.0, density=4.0, layers=EVERY_LAYER)
    reach = 0.008 * 90 / 60
    late = load_style(part).settings.swing - 0.5
    grid = [beat + cell for beat in range(5) for cell in (0, 0.25 + late / 2, 0.5 + late)]
    grid += [beat + 0.75 + late / 2 for beat in range(4)]
    for bar in compose(part, 1, [params] * 8)[:-1]:
        for note in bar.notes:
            assert min(abs(note.beat - bar.beat - place) for place in grid) <= reach + 1e-9
