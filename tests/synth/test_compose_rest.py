"""Silence as a choice, and endings that fit the time that is left."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from synth.compose.composer import Composer
from synth.events import Bar
from synth.params import Key, Layer, Mode, MusicParams
from synth.styles.load import load, names

FOLDER = Path(__file__).parents[2] / "configs" / "styles"


def composer(name: str, seed: int = 1, **changes: object) -> tuple[Composer, MusicParams]:
    style = load(name, FOLDER)
    params = replace(style.settings.home, key=Key(2, Mode.DORIAN), **changes)
    return Composer(style, seed, params), params


def compose(name: str, seed: int, rests: list[bool]) -> list[Bar]:
    writer, params = composer(name, seed)
    return [writer.bar(replace(params, rest=rest)) for rest in rests]


@pytest.mark.parametrize("name", names())
def test_a_rest_closes_the_phrase_on_the_tonic_and_is_silent_until_it_is_taken_back(
    name: str,
) -> None:
    for seed in range(5):
        bars = compose(name, seed, [False] * 5 + [True] * 8 + [False] * 4)
        assert all(bar.notes for bar in bars[:8])
        assert not any(bar.notes for bar in bars[8:13])
        assert {bar.section for bar in bars[8:13]} == {"rest"}
        assert bars[7].chords[-1] == "Dm"
        assert max(n.beat + n.beats for bar in bars for n in bar.notes if n.beat < 50) <= 33
        assert bars[13].phrase_start
        assert bars[13].notes


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_music_fades_into_a_rest_and_wakes_softly(name: str) -> None:
    def loudness(bars: list[Bar], steady: list[Bar]) -> float:
        found = [n.velocity for bar in bars for n in bar.notes]
        usual = [n.velocity for bar in steady for n in bar.notes]
        return sum(found) / len(found) / (sum(usual) / len(usual))

    late, woken, later = [], [], []
    for seed in range(8):
        steady = compose(name, seed, [False] * 24)
        bars = compose(name, seed, [False] * 5 + [True] * 7 + [False] * 12)
        late.append(loudness(bars[7:8], steady[7:8]))
        woken.append(loudness(bars[12:14], steady[12:14]))
        later.append(loudness(bars[20:], steady[20:]))
    assert sum(late) / 8 < 0.95 or name == "drone_breath"  # which breathes out there anyhow
    assert sum(woken) / 8 < 0.75
    assert 0.9 < sum(later) / 8 < 1.1


def test_a_rest_together_with_a_plunge_of_the_density_begins_with_the_next_bar() -> None:
    writer, params = composer("pulse")
    bars = [writer.bar(params) for _ in range(5)]
    bars += [writer.bar(replace(params, density=0.25, rest=True)) for _ in range(3)]
    assert bars[4].notes
    assert not any(bar.notes for bar in bars[5:])


def test_a_rest_taken_back_before_the_phrase_is_over_never_falls_silent() -> None:
    bars = compose("piano", 3, [False] * 5 + [True] * 3 + [False] * 8)
    assert all(bar.notes for bar in bars)


def test_a_piece_may_begin_and_end_with_a_rest() -> None:
    writer, params = composer("chamber", rest=True)
    assert not any(writer.bar(params).notes for _ in range(3))
    ending = writer.ending(params)
    assert (ending.beats, ending.notes) == (1.0, ())
    writer, params = composer("chamber", rest=True)
    writer.bar(params)
    assert writer.bar(replace(params, rest=False)).notes


def test_a_rest_can_be_taken_back_with_rewind() -> None:
    writer, params = composer("ambient")
    for _ in range(6):
        writer.bar(params)
    for _ in range(6):
        writer.bar(replace(params, rest=True))
    writer.rewind(10)
    assert writer.bar(params).notes


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("within_beats", [0.2, 1.0, 3.0, 4.0, 5.5, 8.0, 11.0])
def test_an_ending_fits_into_the_beats_that_are_left(name: str, within_beats: float) -> None:
    for seed in range(3):
        for layers in (tuple(Layer), (Layer.MELODY,)):
            writer, params = composer(name, seed, layers=layers)
            for _ in range(6 + seed):
                writer.bar(params)
            ending = writer.ending(params, within_beats=within_beats)
            end = ending.beat + ending.beats
            assert ending.beats <= max(1.0, within_beats)
            assert ending.notes
            assert all(n.beat + n.beats <= end + 0.02 for n in ending.notes)  # a human touch
            last = [n for n in ending.notes if n.beat + n.beats > end - 0.5]
            assert {n.pitch % 12 for n in last} <= {2, 5, 9}
            assert ending.chords[-1] == "Dm"
