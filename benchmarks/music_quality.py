"""Judges the music of every style over many seeds, beside notes at random, as one table.

python benchmarks/music_quality.py [--seeds 100] [--bars 32] [--audio] [STYLE ...]

Every piece is written as a MIDI file and read again with mido; keys are found by music21
(Temperley and Bellman), which know nothing of how the notes came; with --audio librosa finds the
tempo of rendered pieces. The pieces go through all six modes; those profiles know major and minor
alone, so a Lydian or Mixolydian piece counts as major on its tonic, the others as minor. A gate
must hold for 95 of 100 pieces of a style, each by itself. Thresholds are a judgement about what
sounds composed: no table replaces listening.
"""

from __future__ import annotations

import argparse
import importlib
import math
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random

import mido
import numpy as np
from music21 import note as m21_note
from music21 import stream as m21_stream
from music21.analysis.discrete import BellmanBudge, TemperleyKostkaPayne

from synth.compose.composer import Composer
from synth.compose.style import Style
from synth.events import Bar
from synth.outputs import midi_file
from synth.params import Key, Mode, MusicParams
from synth.score import Score
from synth.styles.load import load, names
from synth.tempo_map import TempoMap

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "configs" / "styles"
sys.path.insert(0, str(ROOT / "tests" / "synth"))
analysis = importlib.import_module("analysis")  # the tests' own view of bars
MAJOR_LIKE = (Mode.LYDIAN, Mode.IONIAN, Mode.MIXOLYDIAN)
FIGURES = {  # field of `Figures`: (row, least, most)
    "motion_per_voice": ("semitones per voice a chord change", -math.inf, 2.0),
    "parallels_per_change": ("parallel fifths, octaves a change", -math.inf, 0.02),
    "strong_chord_tones": ("chord tones on strong beats", 0.85, math.inf),
    "steps": ("melodic steps", 0.60, 0.85),
    "wide_leaps": ("leaps over 7 semitones", -math.inf, 0.0),
    "leap_recovery": ("leaps recovered", 0.70, math.inf),
    "in_key": ("notes in the current key", 0.95, math.inf),
    "rhythm_recurrence": ("rhythm cells that recur", 0.50, 0.90),
    "phrase_end_rests": ("phrases that end with a breath", 0.90, math.inf),
}
EXTRA = {
    "key": ("16-bar windows whose key is found", 0.95, math.inf),
    "density": ("8-bar windows with the density", 1.0, math.inf),
    "range": ("the same, 0.25 to 6 onsets a beat", 1.0, math.inf),
    "step": ("of a density step after 2 bars", 0.90, 1.15),
    "phrases": ("key changes at phrase starts", 1.0, 1.0),
    "tempo": ("tempo error in the .mid (share)", -math.inf, 0.001),
    "same": ("same seed, same .mid", 1.0, 1.0),
}
ROWS = FIGURES | EXTRA
ENOUGH = 0.95  # of the pieces
DENSITIES = (0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
Table = dict[str, list[float]]


def main() -> None:
    """Print the table, mean over pieces with the share of pieces that pass alone."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("styles", nargs="*", default=list(names()))
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--bars", type=int, default=32)
    parser.add_argument("--audio", action="store_true")
    options = parser.parse_args()
    columns: dict[str, Table] = {}
    random_in, random_all = defaultdict(list), defaultdict(list)
    for name in options.styles:
        style, table = load(name, FOLDER), defaultdict(list)
        for seed in range(options.seeds):
            key = Key(seed * 7 % 12, tuple(Mode)[seed % 6])
            params = replace(style.settings.home, key=key)
            bars = compose(style, seed, [params] * options.bars)
            judge(table, bars, params)
            steer(table, style, seed)
            if seed < options.seeds // 4 + 1:
                judge(random_in, analysis.randomised(bars, Random(seed), in_scale=True), params)
                judge(random_all, analysis.randomised(bars, Random(seed), in_scale=False), params)
        columns[name] = table
    columns |= {"in scale": random_in, "chromatic": random_all}
    if options.audio:
        listen(options.styles)
    show(columns, options.seeds)


def compose(style: Style, seed: int, track: Sequence[MusicParams]) -> list[Bar]:
    """Return one bar for each of the parameters."""
    composer = Composer(style, seed, track[0])
    return [composer.bar(params) for params in track]


def judge(table: Table, bars: Sequence[Bar], params: MusicParams) -> None:
    """Add the figures of one piece, those of its harmony from bars, the rest from a MIDI file."""
    result = analysis.figures(bars)
    for field in FIGURES:
        table[field].append(float(getattr(result, field)))
    heard, tempo_bpm = through_a_file(bars, params.tempo_bpm)
    table["tempo"].append(abs(tempo_bpm / params.tempo_bpm - 1.0))
    windows = found(heard, params.key, len(bars))
    table["key"].append(sum(windows) / max(1, len(windows)))
    table["density"].append(dense([beat for beat, *_ in heard], params.density, len(bars)))


def dense(onsets: Sequence[float], density: float, bars: int) -> float:
    """Return the share of windows of 8 bars within 10 % of a density, or one onset a bar."""
    met = []
    for start in range(0, bars - 7, 8):
        count = sum(start * 4 <= beat < start * 4 + 32 for beat in onsets)
        met.append(abs(count / 8 - 4 * density) <= max(1.0, 0.4 * density))
    return sum(met) / len(met)


def steer(table: Table, style: Style, seed: int) -> None:
    """Add how one style follows steps of density, of key and of mode, and repeats itself."""
    home = style.settings.home
    low, high = 0.7 * home.density, min(6.0, 1.8 * home.density)
    step = [replace(home, density=low)] * 16 + [replace(home, density=high)] * 10
    bars = compose(style, seed, step)
    reached = sum(len(bar.notes) for bar in bars[18:]) / 32
    table["step"].append((reached - low) / (high - low))
    wide = replace(home, density=DENSITIES[seed % len(DENSITIES)])
    bars = compose(style, seed, [wide] * 16)
    onsets = [note.beat + 0.01 for bar in bars for note in bar.notes]  # a touch early is in time
    table["range"].append(dense(onsets, wide.density, len(bars)))
    keys = [replace(home, key=Key(k // 7 * 5 % 12, tuple(Mode)[k // 7 % 6])) for k in range(42)]
    bars = compose(style, seed, keys)
    for before, after in pairwise(bars):
        if before.key != after.key:
            table["phrases"].append(float(after.phrase_start and after.index % 4 == 0))
    if seed % 4 == 0:
        again = [midi_bytes(compose(style, seed, keys[:16]), home.tempo_bpm) for _ in range(2)]
        table["same"].append(float(again[0] == again[1]))


def midi_bytes(bars: Sequence[Bar], tempo_bpm: float) -> bytes:
    """Return bars as a MIDI file."""
    notes = tuple(sorted((n for bar in bars for n in bar.notes), key=lambda n: n.beat))
    score = Score(notes, TempoMap.start(0.0, tempo_bpm), keys=((0.0, bars[0].key),))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "piece.mid"
        midi_file.write(path, score)
        return path.read_bytes()


def through_a_file(
    bars: Sequence[Bar], tempo_bpm: float
) -> tuple[list[tuple[float, float, int, int]], float]:
    """Return (beat, beats, pitch, channel) as mido reads them from a file, and its tempo."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "piece.mid"
        path.write_bytes(midi_bytes(bars, tempo_bpm))
        file = mido.MidiFile(path)
    heard, read_bpm = [], 0.0
    for track in file.tracks:
        tick, held = 0, {}
        for message in track:
            tick += message.time
            if message.type == "set_tempo" and not read_bpm:
                read_bpm = mido.tempo2bpm(message.tempo)
            elif message.type == "note_on" and message.velocity:
                held[message.channel, message.note] = tick
            elif message.type in ("note_off", "note_on"):
                start = held.pop((message.channel, message.note), None)
                if start is not None:
                    length = (tick - start) / file.ticks_per_beat
                    place = start / file.ticks_per_beat
                    heard.append((place, length, message.note, message.channel))
    return sorted(heard), read_bpm


def found(heard: Sequence[tuple[float, float, int, int]], key: Key, bars: int) -> list[float]:
    """Return for each window of 16 bars 1 when Temperley or Bellman finds its key, else 0."""
    result = []
    for start in range(0, bars - 15, 16):
        window = m21_stream.Stream()
        for beat, beats, pitch, channel in heard:
            if start * 4 <= beat < start * 4 + 64 and channel != 9:
                window.append(m21_note.Note(pitch, quarterLength=round(beats * 8) / 8 or 0.125))
        answers = [finder().getSolution(window) for finder in (TemperleyKostkaPayne, BellmanBudge)]
        wanted = (key.tonic, "major" if key.mode in MAJOR_LIKE else "minor")
        result.append(float(wanted in [(a.tonic.pitchClass, a.mode) for a in answers]))
    return result


def show(columns: dict[str, Table], seeds: int) -> None:
    """Print means and the share of pieces inside each gate; an asterisk marks a failed gate."""
    print(f"{seeds} seeds a style; mean, and after / the per cent of pieces within the gate\n")
    print(f"{'':36}{'gate':>13}" + "".join(f"{name:>14}" for name in columns))
    failures = dict.fromkeys(columns, 0)
    for field, (title, least, most) in ROWS.items():
        gate = f"{_bound(least)}..{_bound(most)}"
        line = f"{title:36}{gate:>13}"
        for name, table in columns.items():
            values = table.get(field, [])
            if not values:
                line += f"{'-':>14}"
                continue
            mean = sum(values) / len(values)
            inside = sum(least - 1e-9 <= v <= most + 1e-9 for v in values) / len(values)
            failed = inside < ENOUGH
            failures[name] += failed
            line += f"{f'{mean:.3g}/{100 * inside:.0f}' + ('*' if failed else ' '):>14}"
        print(line)
    print(f"{'gates failed':49}" + "".join(f"{n:>13} " for n in failures.values()))
    if any(failures[name] for name in columns if name not in ("in scale", "chromatic")):
        sys.exit(1)


def listen(names_of_styles: Sequence[str]) -> None:
    """Print the tempo that librosa hears in rendered pieces beside the one asked for.

    It looks for a beat: what it says of held chords means little.
    """
    import librosa

    from synth.outputs import wav

    print(
        f"\n{'tempo heard by librosa':24}{'asked':>8}{'heard':>8}{'nearest factor':>16}{'off %':>7}"
    )
    for name in names_of_styles:
        style = load(name, FOLDER)
        home = replace(style.settings.home, density=max(2.5, style.settings.density))
        notes = tuple(n for bar in compose(style, 1, [home] * 24) for n in bar.notes)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "piece.wav"
            tempo_map = TempoMap.start(0.0, home.tempo_bpm)
            wav.render(path, Score(notes, tempo_map, params=((0.0, home),)))
            samples, rate = librosa.load(path, sr=22050)
        heard = float(np.atleast_1d(librosa.feature.tempo(y=samples, sr=rate))[0])
        factor = min((1 / 3, 0.5, 2 / 3, 1, 1.5, 2, 3, 4), key=lambda f: _off(heard, f, home))
        off = 100.0 * _off(heard, factor, home)
        print(f"{name:24}{home.tempo_bpm:>8.1f}{heard:>8.1f}{factor:>16.3g}{off:>7.1f}", flush=True)


def _off(heard_bpm: float, factor: float, params: MusicParams) -> float:
    return abs(heard_bpm / (factor * params.tempo_bpm) - 1.0)


def _bound(value: float) -> str:
    return f"{value:g}" if math.isfinite(value) else ""


if __name__ == "__main__":
    main()
