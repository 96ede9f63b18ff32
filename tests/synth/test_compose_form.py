"""A piece has a form: sections differ in who plays, how loud and where, and it ends as it began."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from synth.compose.arc import destination, shaded, sounding
from synth.compose.composer import Composer
from synth.compose.form import SECTION_BARS, place
from synth.events import Bar
from synth.params import Key, Layer, Mode, MusicParams
from synth.styles.load import load, names

FOLDER = Path(__file__).parents[2] / "configs" / "styles"


def compose(name: str, keys: Sequence[Key], seed: int = 1) -> list[Bar]:
    style = load(name, FOLDER)
    home = style.settings.home
    composer = Composer(style, seed, replace(home, key=keys[0]))
    return [composer.bar(replace(home, key=key)) for key in keys]


@pytest.mark.parametrize("name", names())
def test_layers_come_and_go_with_sections_and_all_of_them_play(name: str) -> None:
    settings = load(name, FOLDER).settings
    players = [
        set(sounding(settings, settings.layers, section, 4.0 * settings.density))
        for section in range(6)
    ]
    assert set.union(*players) == set(settings.layers)
    assert all(a != b for a, b in pairwise(players[:3]))
    assert all(Layer.MELODY in each for each in players)
    # What the density needs is never taken away.
    assert sounding(settings, settings.layers, 0, 24.0) == settings.layers


def test_a_layer_that_is_asked_for_alone_always_plays() -> None:
    settings = load("ambient", FOLDER).settings
    for section in range(6):
        assert sounding(settings, (Layer.BELLS,), section, 4.0) == (Layer.BELLS,)


@pytest.mark.parametrize("asked", [0.0, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("section", [0, 1])
def test_loudness_moves_by_a_third_at_most_and_is_what_was_asked_on_average(
    asked: float, section: int
) -> None:
    places = [place(section * SECTION_BARS + bar) for bar in range(SECTION_BARS)]
    heard = [shaded(MusicParams(dynamics=asked), where).dynamics for where in places]
    assert sum(heard) / len(heard) == pytest.approx(asked)
    assert max(heard) - min(heard) <= 1 / 3
    assert 0.0 <= min(heard)
    assert max(heard) <= 1.0
    assert asked != 0.5 or max(heard) - min(heard) > 0.25


def test_a_third_section_visits_a_neighbouring_mode_and_the_next_comes_home() -> None:
    home = Key(2, Mode.DORIAN)
    bars = compose("piano", [home] * 64)
    keys = [bar.key for bar in bars]
    assert set(keys[:32]) == {home}
    assert set(keys[32:48]) == {destination(home, 2)} != {home}
    assert set(keys[48:]) == {home}
    assert {key.tonic for key in keys} == {2}


@pytest.mark.parametrize("asked_at", [1, 18, 33, 38, 47, 50])
def test_a_key_that_is_asked_for_comes_with_the_next_phrase_and_the_form_keeps_it(
    asked_at: int,
) -> None:
    bars = compose("piano", [Key(2)] * asked_at + [Key(9)] * (96 - asked_at))
    arrived = next(bar.index for bar in bars if bar.key.tonic == 9)
    assert arrived - asked_at <= 8  # decided in a phrase's last bar, which may have been written
    later = [b.index for a, b in pairwise(bars) if a.key != b.key and b.index > arrived]
    assert all(b - a >= SECTION_BARS for a, b in pairwise([arrived, *later]))


@pytest.mark.parametrize("begins", [0, 5, 16, 27])
@pytest.mark.parametrize("step", [0.001, 0.02])
def test_the_form_is_never_louder_while_the_controller_asks_for_less(
    begins: int, step: float
) -> None:
    style = load("piano", FOLDER)
    composer = Composer(style, 1, style.settings.home)
    loud = []
    for bar in range(begins + 24):
        asked = max(0.0, 0.6 - step * max(0, bar - begins))
        composer.bar(replace(style.settings.home, dynamics=asked))
        loud.append(composer._state.dynamics)
    assert max(loud[: begins + 1]) - min(loud[: begins + 1]) > 0.1 or begins < 16
    assert all(later <= before for before, later in pairwise(loud[begins:]))


@pytest.mark.parametrize("name", names())
def test_the_end_begins_with_the_first_theme_and_closes_on_the_tonic(name: str) -> None:
    style = load(name, FOLDER)
    composer = Composer(style, 4, style.settings.home)
    bars = [composer.bar(style.settings.home) for _ in range(16)]
    ending = composer.ending(style.settings.home)
    first = [n.pitch for n in bars[0].notes if n.layer is Layer.MELODY]
    last = [n.pitch for n in ending.notes if n.layer is Layer.MELODY]
    assert last[: len(first)] == first
    assert last[-1] % 12 == style.settings.home.key.tonic
    assert len(ending.chords) == 3
