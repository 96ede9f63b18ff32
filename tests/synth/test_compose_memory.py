"""A piece remembers its themes: they come back, and vary by known means instead of anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from synth.compose.composer import Composer
from synth.compose.form import Treatment
from synth.compose.theme import Theme, ThemeNote, filled, noted, pitch_of, thinned
from synth.compose.variation import varied
from synth.events import Bar
from synth.params import Key, Layer, Mode
from synth.styles.load import load, names

FOLDER = Path(__file__).parents[2] / "configs" / "styles"
THEME: Theme = (
    (ThemeNote(0, 0), ThemeNote(8, 2)),
    (ThemeNote(0, 4), ThemeNote(4, 3), ThemeNote(8, 2)),
    (ThemeNote(0, 1), ThemeNote(8, 3)),
    (ThemeNote(0, 4),),
)


def piece(name: str, seed: int, bars: int = 16) -> list[Bar]:
    style = load(name, FOLDER)
    params = replace(style.settings.home, key=Key(seed * 7 % 12, tuple(Mode)[seed % 6]))
    composer = Composer(style, seed, params)
    return [composer.bar(params) for _ in range(bars)]


def tune(bars: Sequence[Bar]) -> dict[tuple[int, int], int]:
    """Return pitches by (bar of the phrase, sixteenth)."""
    sung = [(k, bar, n) for k, bar in enumerate(bars) for n in bar.notes if n.layer is Layer.MELODY]
    return {(k, round((n.beat - bar.beat) * 4)): n.pitch for k, bar, n in sung}


def alike(one: Sequence[Bar], other: Sequence[Bar]) -> float:
    """Return the share of notes with the same place and, transposed at best, the same pitch."""
    a, b = tune(one), tune(other)
    shifts = Counter(a[place] - b[place] for place in a if place in b)
    return max(shifts.values(), default=0) / max(len(a), len(b))


@pytest.mark.parametrize("name", names())
def test_the_first_theme_returns_at_a_sections_end_and_the_second_contrasts(name: str) -> None:
    contrasts = []
    for seed in range(3):
        bars = piece(name, seed)
        assert alike(bars[0:4], bars[12:16]) >= 0.8
        contrasts.append(alike(bars[0:4], bars[8:12]))
    assert sum(contrasts) / 3 <= 0.3


def test_the_second_phrase_is_the_first_with_an_ending_of_its_own() -> None:
    for seed in range(3):
        bars = piece("piano", seed, bars=8)
        assert tune(bars[0:2]) == tune(bars[4:6])
        assert tune(bars[2:4]) != tune(bars[6:8])


def test_the_fourth_section_brings_the_first_theme_back_note_for_note() -> None:
    bars = piece("chamber", 2, bars=52)
    assert tune(bars[48:52]) == tune(bars[0:4])
    assert alike(bars[16:20], bars[0:4]) < 1.0  # ornamented in between


def test_a_plunge_of_the_density_begins_with_the_first_theme() -> None:
    style = load("chamber", FOLDER)
    params = style.settings.home
    composer = Composer(style, 3, params)
    before = [composer.bar(params) for _ in range(10)]
    calm = replace(params, density=0.4 * params.density)
    after = [composer.bar(calm) for _ in range(4)]
    kept, first = tune(after), tune(before[:4])
    assert len(kept) > 2
    # Of fewer notes than before, all are where the theme has them.
    assert sum(place in first for place in kept) / len(kept) >= 0.8


def test_more_and_fewer_notes_leave_the_theme_where_it_is() -> None:
    bar = THEME[1]
    assert thinned(bar, 2) == (bar[0], bar[2])
    fuller = filled(bar, 6, THEME[2][0])
    assert len(fuller) == 6
    assert set(bar) < set(fuller)
    assert filled(bar, 99, None, most_cell=10)[-1].cell <= 10


def test_a_remembered_pitch_is_the_one_that_was_sung() -> None:
    for mode in Mode:
        key = Key(7, mode)
        assert all(pitch_of(noted(0, p, key, 67), key, 67) == p for p in range(50, 90))


def steps(theme: Theme) -> list[int]:
    return [note.step for bar in theme for note in bar]


def vary(treatment: Treatment, seed: int = 1) -> Theme:
    return varied(THEME, treatment, tuple(Random(f"{seed}/{k}") for k in range(5)))


def test_variations_are_the_known_means() -> None:
    higher = {b - a for a, b in zip(steps(THEME), steps(vary(Treatment.SEQUENCE)), strict=True)}
    assert len(higher) == 1
    assert higher != {0}
    mirrored = {a + b for a, b in zip(steps(THEME), steps(vary(Treatment.INVERSION)), strict=True)}
    assert len(mirrored) == 1
    slow = vary(Treatment.AUGMENTATION)
    assert [(k, n.cell, n.step) for k, bar in enumerate(slow) for n in bar] == [
        (0, 0, 0), (1, 0, 2), (2, 0, 4), (2, 8, 3), (3, 0, 2),
    ]  # fmt: skip
    ornamented = vary(Treatment.ORNAMENT)
    for plain, rich in zip(THEME, ornamented, strict=True):
        assert set(plain) <= set(rich)
    assert len(steps(ornamented)) > len(steps(THEME))
