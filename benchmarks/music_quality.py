"""Judges the music of every style over many seeds, beside notes at random, as one table.

python benchmarks/music_quality.py [--seeds 100] [--bars 32] [STYLE ...]

Every piece is written as a MIDI file and read again with mido; keys are found by music21
(Temperley and Bellman), which know nothing of how the notes came. Thresholds are a judgement
about what sounds composed: no table replaces listening.
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
from music21 import note as m21_note
from music21 import stream as m21_stream
from music21.analysis.discrete import BellmanBudge, TemperleyKostkaPayne

from synth.compose.composer import Composer
from synth.events import Bar
from synth.outputs import midi_file
from synth.params import Key, Mode, MusicParams
from synth.score import Score
from synth.styles.base import Style
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
    "mode": ("the same for the other four modes", -math.inf, math.inf),
    "density": ("8-bar windows with the density", 0.95, math.inf),
    "step": ("of a density step after 2 bars", 0.90, 1.10),
    "phrases": ("key changes at phrase starts", 1.0, 1.0),
    "tempo": ("tempo error in the .mid (share)", -math.inf, 0.001),
    "same": ("same seed, same .mid", 1.0, 1.0),
}
ROWS = FIGURES | EXTRA
Table = dict[str, list[float]]


def main() -> None:
    """Print the table, mean over pieces with the share of pieces that pass alone."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("styles", nargs="*", default=list(names()))
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--bars", type=int, default=32)
    options = parser.parse_args()
    columns: dict[str, Table] = {}
    random_in, random_all = defaultdict(list), defaultdict(list)
    for name in options.styles:
        style, table = load(name, FOLDER), defaultdict(list)
        for seed in range(options.seeds):
            key = Key(seed * 7 % 12, Mode.IONIAN if seed % 2 else Mode.AEOLIAN)
            params = replace(style.settings.home, key=key)
            bars = compose(style, seed, [params] * options.bars)
            judge(table, bars, params)
            steer(table, style, seed)
            if seed < options.seeds // 4 + 1:
                judge(random_in, analysis.randomised(bars, Random(seed), in_scale=True), params)
                judge(random_all, analysis.randomised(bars, Random(seed), in_scale=False), params)
        columns[name] = table
    columns |= {"in scale": random_in, "chromatic": random_all}
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
    table["key"] += found(heard, params.key, len(bars))
    for start in range(0, len(bars) - 7, 8):
        onsets = sum(start * 4 <= beat < start * 4 + 32 for beat, *_ in heard)
        off = abs(onsets / 8 - 4 * params.density)
        table["density"].append(float(off <= max(1.0, 0.4 * params.density)))


def steer(table: Table, style: Style, seed: int) -> None:
    """Add how one style follows steps of density, of key and of mode, and repeats itself."""
    home = style.settings.home
    low, high = 0.7 * home.density, min(6.0, 1.8 * home.density)
    step = [replace(home, density=low)] * 16 + [replace(home, density=high)] * 10
    bars = compose(style, seed, step)
    reached = sum(len(bar.notes) for bar in bars[18:]) / 32
    table["step"].append((reached - low) / (high - low))
    keys = [replace(home, key=Key(k // 7 * 5 % 12, tuple(Mode)[k // 7 % 6])) for k in range(42)]
    bars = compose(style, seed, keys)
    for before, after in pairwise(bars):
        if before.key != after.key:
            table["phrases"].append(float(after.phrase_start and after.index % 4 == 0))
    if seed % 4 == 0:
        modes = (Mode.LYDIAN, Mode.MIXOLYDIAN, Mode.DORIAN, Mode.PHRYGIAN)
        modal = replace(home, key=Key(seed % 12, modes[seed // 4 % 4]))
        heard, _ = through_a_file(compose(style, seed, [modal] * 32), home.tempo_bpm)
        table["mode"] += found(heard, modal.key, 32)
        again = [midi_bytes(compose(style, seed, [modal] * 16), home.tempo_bpm) for _ in range(2)]
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
    """Print means with the share of pieces inside the gate; an asterisk marks a failed gate."""
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
            alone = 100.0 * sum(least <= v <= most for v in values) / len(values)
            failed = not least - 1e-9 <= mean <= most + 1e-9
            failures[name] += failed
            share = "" if field in EXTRA else f"/{alone:.0f}"
            line += f"{f'{mean:.3g}{share}' + ('*' if failed else ' '):>14}"
        print(line)
    print(f"{'gates failed':49}" + "".join(f"{n:>13} " for n in failures.values()))
    if any(failures[name] for name in columns if name not in ("in scale", "chromatic")):
        sys.exit(1)


def _bound(value: float) -> str:
    return f"{value:g}" if math.isfinite(value) else ""


if __name__ == "__main__":
    main()
