"""The composer as its callers know it: repeatable, steerable, and able to think again."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from analysis import key_notes, phrases

from synth.compose.composer import Composer
from synth.events import Bar
from synth.params import Key, Layer, Mode, MusicParams
from synth.styles.load import load, names
from synth.theory.scales import BRIGHTNESS, circle_steps

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "configs" / "styles"
PARAMS = MusicParams()
BRIGHT = Key(9, Mode.LYDIAN)


def composer(name: str = "ambient", seed: int = 1, params: MusicParams = PARAMS) -> Composer:
    return Composer(load(name, FOLDER), seed, params)


def compose(name: str, seed: int, track: list[MusicParams]) -> list[Bar]:
    writer = composer(name, seed, track[0])
    return [writer.bar(params) for params in track]


def plain(bar: Bar) -> list[tuple[float, float, int, int, Layer]]:
    return [(n.beat, n.beats, n.pitch, n.velocity, n.layer) for n in bar.notes]


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_equal_seed_and_parameters_give_equal_bars(name: str) -> None:
    track = [replace(PARAMS, density=1 + i % 5, key=Key(i // 8 % 12)) for i in range(40)]
    assert compose(name, 7, track) == compose(name, 7, track)
    assert compose(name, 7, track) != compose(name, 8, track)


@pytest.mark.rig
def test_another_process_with_another_hash_seed_writes_the_same_notes() -> None:
    script = (
        "from pathlib import Path; from synth.compose.composer import Composer;"
        "from synth.params import MusicParams; from synth.styles.load import load;"
        f"p = MusicParams(tension=0.9); c = Composer(load('piano', Path({str(FOLDER)!r})), 3, p);"
        "import zlib; print(zlib.crc32(repr([c.bar(p) for _ in range(24)]).encode()))"
    )
    sums = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": value, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
        ).stdout
        for value in ("1", "2")
    ]
    assert sums[0] == sums[1] != b""


def test_bars_follow_each_other_and_ids_never_repeat() -> None:
    bars = compose("pulse", 2, [replace(PARAMS, layers=tuple(Layer))] * 20)
    assert [bar.index for bar in bars] == list(range(20))
    assert [bar.beat for bar in bars] == [4.0 * i for i in range(20)]
    ids = [note.id for bar in bars for note in bar.notes]
    assert ids == list(range(len(ids)))


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("density", [0.25, 0.5, 1.0, 2.0, 3.5, 6.0])
def test_density_is_met_over_eight_bars(name: str, density: float) -> None:
    for seed in range(3):
        bars = compose(name, seed, [replace(PARAMS, density=density)] * 32)
        for start in (0, 8, 16, 24):
            onsets = sum(len(bar.notes) for bar in bars[start : start + 8]) / 8
            assert abs(onsets - 4 * density) <= max(1.0, 0.4 * density)


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize(("before", "after"), [(1.0, 4.0), (4.0, 1.0), (0.5, 6.0), (3.0, 2.0)])
def test_a_step_of_density_is_met_within_two_bars(name: str, before: float, after: float) -> None:
    reached = []
    for seed in range(20):
        step = 16 + seed % 4
        track = [replace(PARAMS, density=before)] * step + [replace(PARAMS, density=after)] * 5
        bars = compose(name, seed, track)
        reached.append(sum(len(bar.notes) for bar in bars[step + 1 :]) / 16)
    mean = sum(reached) / len(reached)
    assert abs(mean - before) >= 0.9 * abs(after - before)
    assert abs(mean - after) <= 0.1 * max(abs(after - before), after)


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_more_density_never_means_fewer_notes(name: str) -> None:
    counts = [
        sum(len(bar.notes) for bar in compose(name, 3, [replace(PARAMS, density=d / 4)] * 16))
        for d in range(1, 25)
    ]
    assert all(b >= a for a, b in pairwise(counts))


@pytest.mark.slow
def test_the_key_changes_at_phrase_starts_alone_and_in_gentle_steps() -> None:
    for seed in range(10):
        track = [replace(PARAMS, key=Key(0))] * 6 + [replace(PARAMS, key=BRIGHT)] * 20
        track += [replace(PARAMS, key=Key(6, Mode.PHRYGIAN))] * 40
        bars = compose("piano", seed, track)
        changes = [(a, b) for a, b in pairwise(bars) if a.key != b.key]
        assert len(changes) >= 6
        for before, after in changes:
            assert after.phrase_start
            assert after.index % 4 == 0
            assert abs(circle_steps(before.key.tonic, after.key.tonic)) <= 2
            steps = BRIGHTNESS.index(after.key.mode) - BRIGHTNESS.index(before.key.mode)
            assert abs(steps) <= 1
        assert bars[26].key == BRIGHT
        assert bars[-1].key == Key(6, Mode.PHRYGIAN)


def test_a_new_key_is_prepared_by_a_pivot_and_its_own_dominant() -> None:
    for seed in range(10):
        track = [replace(PARAMS, key=Key(0))] * 3 + [replace(PARAMS, key=Key(7))] * 3
        bars = compose("ambient", seed, track)
        pivot, dominant = bars[3].chords
        assert pivot.split("/")[0] in ("C", "Am", "Em", "G")
        assert dominant in ("D", "D7")
        assert bars[4].chords[0].startswith("G")
        assert bars[4].key == Key(7)


def test_layers_come_and_go_at_phrases() -> None:
    few = replace(PARAMS, layers=(Layer.PAD, Layer.BASS), density=3.0)
    many = replace(few, layers=(Layer.PAD, Layer.BASS, Layer.MELODY))
    bars = compose("ambient", 1, [few] * 6 + [many] * 8 + [few] * 6)
    sung = [any(n.layer is Layer.MELODY for n in bar.notes) for bar in bars]
    assert not any(sung[:8])
    assert all(any(sung[i : i + 4]) for i in (8, 12))
    assert not any(sung[16:])


def test_dynamics_register_and_articulation_are_heard() -> None:
    base = replace(PARAMS, density=3.0)

    def mean(field: str, params: MusicParams) -> float:
        notes = [n for bar in compose("piano", 4, [params] * 16) for n in bar.notes]
        tune = [n for n in notes if n.layer is Layer.MELODY]
        return sum(getattr(n, field) for n in tune) / len(tune)

    louder = mean("velocity", replace(base, dynamics=1.0)) - mean(
        "velocity", replace(base, dynamics=0.0)
    )
    assert louder > 40
    higher = mean("pitch", replace(base, register=1.0)) - mean("pitch", base)
    assert 9 <= higher <= 15
    longer = mean("beats", replace(base, articulation=1.0)) / mean(
        "beats", replace(base, articulation=0.0)
    )
    assert longer > 2


@pytest.mark.slow
def test_tension_thickens_the_chords() -> None:
    def colours(tension: float) -> int:
        track = [replace(PARAMS, tension=tension)] * 64
        symbols = [c for s in range(5) for bar in compose("piano", s, track) for c in bar.chords]
        return sum("7" in symbol or "sus" in symbol for symbol in symbols)

    assert colours(0.0) < colours(0.5) < colours(1.0)


@pytest.mark.slow
def test_even_high_tension_stays_mostly_in_key() -> None:
    notes = [
        note.pitch % 12 in key_notes(bar.key)
        for seed in range(10)
        for bar in compose("piano", seed, [replace(PARAMS, tension=1.0, density=2.5)] * 32)
        for note in bar.notes
    ]
    assert sum(notes) / len(notes) >= 0.95


def test_a_rewound_bar_is_composed_the_same_again_with_new_ids() -> None:
    writer = composer("piano", 5, replace(PARAMS, density=2.0))
    params = replace(PARAMS, density=2.0, articulation=0.4)
    first = [writer.bar(params) for _ in range(10)]
    writer.rewind(6)
    again = [writer.bar(params) for _ in range(4)]
    assert [plain(bar) for bar in again] == [plain(bar) for bar in first[6:]]
    assert [(b.chords, b.key) for b in again] == [(b.chords, b.key) for b in first[6:]]
    assert min(n.id for n in again[0].notes) > max(n.id for n in first[-1].notes)


def test_what_sounded_into_a_rewound_bar_is_struck_again() -> None:
    writer = composer("ambient", 5)
    bars = [writer.bar(PARAMS) for _ in range(10)]
    index = next(
        bar.index + 1
        for bar in bars[2:]
        if any(n.beat + n.beats > bar.beat + 5.0 for n in bar.notes)
    )
    line = 4.0 * index
    cut = [(n.layer, n.pitch) for b in bars[:index] for n in b.notes if n.beat + n.beats > line + 1]
    writer.rewind(index)
    struck = [(n.layer, n.pitch) for n in writer.bar(PARAMS).notes if n.beat == line]
    assert cut
    assert set(cut) <= set(struck)


def test_a_rewound_bar_follows_other_parameters() -> None:
    writer = composer("piano", 5, replace(PARAMS, density=5.0))
    for _ in range(8):
        writer.bar(replace(PARAMS, density=5.0))
    writer.rewind(6)
    calm = [writer.bar(replace(PARAMS, density=1.0)) for _ in range(2)]
    assert sum(len(bar.notes) for bar in calm) <= 14


def test_too_old_a_bar_cannot_be_taken_back() -> None:
    writer = composer()
    for _ in range(40):
        writer.bar(PARAMS)
    with pytest.raises(ValueError, match="bar 3 is not among the last 16"):
        writer.rewind(3)


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("bars", [0, 1, 5, 16])
def test_an_ending_closes_on_the_held_tonic(name: str, bars: int) -> None:
    for seed in range(5):
        params = replace(PARAMS, key=Key(seed), density=2.0)
        writer = composer(name, seed, params)
        piece = [writer.bar(params) for _ in range(bars)]
        ending = writer.ending(params)
        assert ending.index == bars
        assert ending.beats in (8.0, 12.0, 16.0)
        end = ending.beat + ending.beats
        held = [n for n in ending.notes if n.beat + n.beats > end - 1.0]
        tonic = params.key.tonic
        assert {n.pitch % 12 for n in held} == {tonic, (tonic + 4) % 12, (tonic + 7) % 12}
        if Layer.BASS in load(name, FOLDER).settings.layers:
            assert min(held, key=lambda n: n.pitch).pitch % 12 == tonic
        assert all(n.id >= sum(len(bar.notes) for bar in piece) for n in ending.notes)


def test_a_plunge_of_the_density_begins_a_phrase_at_once_with_the_layers_then_wanted() -> None:
    wild = replace(PARAMS, density=4.0, layers=tuple(Layer))
    calm = replace(PARAMS, density=1.0, layers=(Layer.PAD,))
    bars = compose("pulse", 1, [wild] * 10 + [calm] * 8)
    assert [bar.index for bar in bars if bar.phrase_start] == [0, 4, 8, 10, 14]
    assert {n.layer for bar in bars[10:] for n in bar.notes} == {Layer.PAD}
    assert sum(len(bar.notes) for bar in bars[10:12]) <= 12


@pytest.mark.parametrize("name", names())
def test_the_sparsest_music_rests_for_a_bar_in_every_phrase(name: str) -> None:
    sparse = compose(name, 1, [replace(PARAMS, density=0.25)] * 32)
    for phrase in phrases(sparse):
        assert any(not bar.notes for bar in phrase[1:3])
    lively = compose(name, 1, [replace(PARAMS, density=3.0)] * 32)
    assert all(bar.notes for bar in lively)


def test_another_style_takes_over_where_a_phrase_starts_and_keeps_its_own_layers() -> None:
    params = replace(PARAMS, layers=tuple(Layer), density=3.0)
    writer, chamber = composer(params=params), load("chamber", FOLDER)
    bars = [writer.bar(params) for _ in range(6)]  # the second phrase has begun
    writer.restyle(chamber)
    bars += [writer.bar(params) for _ in range(2)]
    assert writer.style.name == "ambient"
    assert [plain(bar) for bar in bars] == [plain(b) for b in compose("ambient", 1, [params] * 8)]
    bars = [writer.bar(params) for _ in range(8)]
    assert writer.style is chamber
    assert bars[0].phrase_start
    assert [bar.beat for bar in bars] == [32.0 + 4.0 * k for k in range(8)]
    for note in (note for bar in bars for note in bar.notes):
        instrument = chamber.settings.instrument(note.layer)
        assert instrument.low - 12 <= note.pitch <= instrument.high + 12


def test_a_rewound_bar_is_in_the_style_that_it_had() -> None:
    writer = composer()
    writer.restyle(load("piano", FOLDER))
    first = [writer.bar(PARAMS) for _ in range(3)]
    assert writer.style.name == "piano"  # the first bar starts a phrase
    writer.restyle(load("lofi", FOLDER))
    writer.bar(PARAMS)
    other = writer.bar(PARAMS)
    writer.rewind(3)
    writer.restyle(load("piano", FOLDER))
    writer.bar(PARAMS)
    assert writer.style.name == "piano"
    assert plain(writer.bar(PARAMS)) != plain(other)
    assert first[0].phrase_start


def test_phrases_have_four_bars() -> None:
    bars = compose("ambient", 1, [PARAMS] * 32)
    assert [len(phrase) for phrase in phrases(bars)] == [4] * 8
    assert bars[5].section == "A2 bar 2/4"
