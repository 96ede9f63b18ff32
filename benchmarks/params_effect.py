"""Shows for every style what each field of the parameters does to the music, as one table.

python benchmarks/params_effect.py [--seeds 6] [--bars 32] [--sound] [STYLE ...]

Each field moves over its range while the others stay at home; the figure named in the row must
move with it in one direction. An asterisk marks a row that does not. With --sound the rows of
brightness and dynamics are rendered and measured: the spectral centroid in Hz (of the magnitudes)
and the integrated loudness in LUFS (pyloudnorm).
"""

from __future__ import annotations

import argparse
import importlib
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from synth.compose.composer import Composer
from synth.compose.style import Style
from synth.events import Bar, Note
from synth.params import Layer, MusicParams
from synth.styles.load import load, names
from synth.theory.scales import scale

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "configs" / "styles"
sys.path.insert(0, str(ROOT / "benchmarks"))
sys.path.insert(0, str(ROOT / "tests" / "synth"))
sound_quality = importlib.import_module("sound_quality")
analysis = importlib.import_module("analysis")  # the tests' own view of bars
FIXED = (Layer.BASS, Layer.DRONE, Layer.PERCUSSION)  # stay where they are in every register
Measure = Callable[[Sequence[Bar]], float]


def main() -> None:
    """Print a row for each field with its figure at each value."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("styles", nargs="*", default=list(names()))
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--bars", type=int, default=32)
    parser.add_argument("--sound", action="store_true")
    options = parser.parse_args()
    print(f"{'style':13}{'field':13}{'figure':34}values of the field -> figure")
    failed = 0
    for name in options.styles:
        style = load(name, FOLDER)
        for field, values, title, measure in ROWS:
            if field == "layers":
                values = values[: len(style.settings.layers)]
            found = [effect(style, field, v, measure, options) for v in values]
            failed += row(name, field, title, values, found)
        if options.sound:
            for field, title in (("brightness", "spectral centroid, Hz"), ("dynamics", "LUFS")):
                ladder = (0.0, 0.25, 0.5, 0.75, 1.0)
                found = [heard(style, field, value) for value in ladder]
                failed += row(name, field, title, ladder, found)
    sys.exit(1 if failed else 0)


def row(
    style: str, field: str, title: str, values: Sequence[object], found: Sequence[float]
) -> bool:
    """Print one row; tell whether the figure fails to rise with every step."""
    wrong = any(b <= a for a, b in pairwise(found))
    cells = "  ".join(f"{v}: {x:.4g}" for v, x in zip(values, found, strict=True))
    print(f"{style:13}{field:13}{title:34}{cells}{' *' if wrong else ''}", flush=True)
    return wrong


def effect(
    style: Style, field: str, value: object, measure: Measure, options: argparse.Namespace
) -> float:
    """Return a figure of pieces whose field has a value, as the mean over seeds that show one."""
    if field == "layers":
        value = style.settings.layers[: int(str(value))]
    params = replace(style.settings.home, **{field: value})
    figures = [measure(compose(style, seed, params, options.bars)) for seed in range(options.seeds)]
    shown = [figure for figure in figures if not math.isnan(figure)]
    return sum(shown) / len(shown)


def compose(style: Style, seed: int, params: MusicParams, bars: int) -> list[Bar]:
    """Return a piece with steady parameters."""
    composer = Composer(style, seed, params)
    return [composer.bar(params) for _ in range(bars)]


def heard(style: Style, field: str, value: float) -> float:
    """Return the loudness or the colour of a rendered piece."""
    params = replace(style.settings.home, **{field: value})
    samples = sound_quality.raw(sound_quality.score_of(style, params, 10))[4 * 48000 : -4 * 48000]
    if field == "dynamics":
        return float(sound_quality.lufs(samples))
    return float(sound_quality.centroid(samples))


def notes_of(bars: Sequence[Bar]) -> list[Note]:
    """Return all notes of a piece."""
    return [note for bar in bars for note in bar.notes]


def onsets_a_beat(bars: Sequence[Bar]) -> float:
    """Density as it came out."""
    return len(notes_of(bars)) / sum(bar.beats for bar in bars)


def velocity(bars: Sequence[Bar]) -> float:
    """Mean velocity."""
    return float(np.mean([note.velocity for note in notes_of(bars)]))


def pitch(bars: Sequence[Bar]) -> float:
    """Mean pitch of the layers that follow the register."""
    return float(np.mean([n.pitch for n in notes_of(bars) if n.layer not in FIXED]))


def tones(bars: Sequence[Bar]) -> float:
    """Share of time whose chord has a seventh, a suspension or a tone outside the key."""
    spans = [(bar, symbol) for bar in bars for symbol in bar.chords]
    rich = []
    for bar, symbol in spans:
        foreign = analysis.chord_tones(symbol) - set(scale(bar.key))
        rich.append(bool("7" in symbol or "sus" in symbol or foreign) / len(bar.chords))
    return sum(rich) / len(bars)


def length(bars: Sequence[Bar]) -> float:
    """How long the melody's notes sound, as a share of the time to the next, at most 1."""
    line = [note for note in notes_of(bars) if note.layer is Layer.MELODY]
    gaps = [(a, b.beat - a.beat) for a, b in pairwise(line) if b.beat - a.beat > 0.1]
    return float(np.mean([min(1.0, note.beats / gap) for note, gap in gaps if gap <= 2.0]))


def offbeat(bars: Sequence[Bar]) -> float:
    """Where in its beat the off-beat falls; NaN in a piece that has none."""
    places = [note.beat % 1.0 for note in notes_of(bars)]
    off = [place for place in places if 0.42 < place < 0.73]
    return float(np.median(off)) if off else math.nan


def players(bars: Sequence[Bar]) -> float:
    """How many layers are heard."""
    return float(len({note.layer for note in notes_of(bars)}))


ROWS: tuple[tuple[str, tuple[object, ...], str, Measure], ...] = (
    ("density", (0.5, 1.0, 2.0, 3.0, 4.5, 6.0), "onsets a beat", onsets_a_beat),
    ("dynamics", (0.0, 0.25, 0.5, 0.75, 1.0), "mean velocity", velocity),
    ("register", (-1.0, -0.5, 0.0, 0.5, 1.0), "mean pitch", pitch),
    ("tension", (0.0, 0.25, 0.5, 0.75, 1.0), "share of coloured chords", tones),
    ("articulation", (0.0, 0.25, 0.5, 0.75, 1.0), "melody's duration to next onset", length),
    ("swing", (0.5, 0.55, 0.6, 0.67), "place of the off-beat", offbeat),
    ("layers", (1, 2, 3, 4, 5), "layers heard", players),
)


if __name__ == "__main__":
    main()
