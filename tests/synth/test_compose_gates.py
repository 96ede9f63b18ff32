"""What separates music from notes, measured over many seeds of each style.

The thresholds are our judgement of what sounds composed; notes at random, whether in the scale or
not, must fail them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from random import Random

import pytest
from analysis import Figures, figures, found_keys, phrases, randomised

from synth.compose.composer import Composer
from synth.events import Bar
from synth.params import Key, Layer, Mode, MusicParams
from synth.styles.load import load, names

FOLDER = Path(__file__).parents[2] / "configs" / "styles"
SEEDS = range(20)
COMMON = (Layer.PAD, Layer.BASS, Layer.MELODY)


def compose(name: str, seed: int, bars: int = 32, **changes: object) -> list[Bar]:
    style = load(name, FOLDER)
    wanted: dict[str, object] = {
        "tempo_bpm": style.settings.tempo_bpm,
        "density": style.settings.density,
        "layers": style.settings.layers,
        "key": Key(seed * 7 % 12, Mode.IONIAN if seed % 2 else Mode.AEOLIAN),
    }
    params = MusicParams(**(wanted | changes))
    composer = Composer(style, seed, params)
    return [composer.bar(params) for _ in range(bars)]


@cache
def piece(name: str, seed: int, layers: tuple[Layer, ...] | None = None) -> tuple[Bar, ...]:
    return tuple(compose(name, seed, **({"layers": layers} if layers else {})))


def pooled(pieces: Sequence[Sequence[Bar]]) -> Figures:
    """Return the mean figures over pieces."""
    every = [figures(bars) for bars in pieces]
    fields = Figures.__dataclass_fields__
    return Figures(**{f: sum(getattr(x, f) for x in every) / len(every) for f in fields})


@pytest.mark.slow
@pytest.mark.parametrize("layers", [None, COMMON], ids=["all-layers", "pad-bass-melody"])
@pytest.mark.parametrize("name", names())
def test_each_style_passes_all_gates(name: str, layers: tuple[Layer, ...] | None) -> None:
    result = pooled([piece(name, seed, layers) for seed in SEEDS])
    assert result.failed_gates() == []
    assert result.wide_leaps == 0.0
    assert result.phrase_end_rests >= 0.95
    assert result.widest_spacing <= 12


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_single_pieces_pass_the_gates_in_all_modes(name: str) -> None:
    failed: Counter[str] = Counter()
    for seed in range(24):
        key = Key(seed * 7 % 12, tuple(Mode)[seed % 6])
        bars = compose(name, seed, key=key)
        failed.update(figures(bars).failed_gates())
        wanted = (key.tonic, "major" if seed % 6 < 3 else "minor")
        heard = [wanted in found_keys(bars[start : start + 16]) for start in (0, 16)]
        failed.update([] if all(heard) else ["key"])
    assert all(count <= 2 for count in failed.values()), failed


@pytest.mark.slow
@pytest.mark.parametrize("in_scale", [True, False], ids=["in-scale", "chromatic"])
@pytest.mark.parametrize("name", names())
def test_random_notes_fail_the_gates(name: str, in_scale: bool) -> None:
    pieces = [randomised(piece(name, s), Random(s), in_scale=in_scale) for s in SEEDS]
    failed = pooled(pieces).failed_gates()
    assert {"strong-beat chord tones", "steps", "leap recovery", "rhythm recurrence"} <= set(failed)
    assert ("scale" in failed) is not in_scale


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_a_key_finder_hears_the_key_that_was_asked_for(name: str) -> None:
    right, windows = 0, 0
    for seed in SEEDS:
        bars = piece(name, seed, COMMON)
        for start in range(0, len(bars), 16):
            key = bars[start].key
            asked = (key.tonic, "major" if key.mode is Mode.IONIAN else "minor")
            right += asked in found_keys(bars[start : start + 16])
            windows += 1
    assert right / windows >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_cadences_stand_where_the_form_wants_them(name: str) -> None:
    for seed in SEEDS:
        bars = piece(name, seed)
        for start in range(0, len(bars), 16):
            key = bars[start].key
            section = bars[start : start + 16]
            names_of = [bar.chords[-1].split("/")[0] for bar in section]
            fifth = degree_name(key, 4)
            assert names_of[3].startswith(fifth)
            assert names_of[7].startswith(fifth)
            assert names_of[14].startswith(fifth)
            assert section[15].chords[0].startswith(degree_name(key, 0))


def degree_name(key: Key, degree: int) -> str:
    from synth.theory.scales import scale, spell

    return spell(scale(key)[degree], key)


def test_the_form_is_a_a_b_a_with_a_shared_beginning() -> None:
    for seed in SEEDS:
        bars = piece("piano", seed)
        first, second, contrast, third = phrases(bars[:16])
        assert first[0].chords == second[0].chords == third[0].chords
        assert first[1].chords == second[1].chords == third[1].chords
        assert contrast[0].section == "B bar 1/4"
        assert [bar.chords for bar in contrast] != [bar.chords for bar in first]
