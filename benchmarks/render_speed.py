"""Times the offline renderer on each style with all its layers.

python benchmarks/render_speed.py [--seconds 120] [STYLE ...]

The goal is 20 times real time for the default style and 10 times for the richest. "at home" is
the style's own density, "rich" twice that. Start-up of the rendering process is included.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from synth.compose.composer import Composer
from synth.outputs import wav
from synth.params import MusicParams
from synth.score import Score
from synth.styles.base import Style
from synth.styles.load import load, names
from synth.tempo_map import TempoMap

FOLDER = Path(__file__).parents[1] / "configs" / "styles"


def main() -> None:
    """Print how many times faster than it lasts each style is rendered."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("styles", nargs="*", default=list(names()))
    parser.add_argument("--seconds", type=float, default=120.0)
    options = parser.parse_args()
    print(f"{'style':14}{'chord voices':>13}{'layers':>8}{'at home':>10}{'rich':>8}  x real time")
    for name in options.styles:
        style = load(name, FOLDER)
        home = style.settings.home
        rich = replace(home, density=min(6.0, 2.0 * home.density), tempo_bpm=1.4 * home.tempo_bpm)
        speeds = [_speed(style, params, options.seconds) for params in (home, rich)]
        counts = f"{style.settings.voices:>13}{len(style.settings.layers):>8}"
        print(f"{name:14}{counts}{speeds[0]:>10.1f}{speeds[1]:>8.1f}", flush=True)


def _speed(style: Style, params: MusicParams, seconds: float) -> float:
    bars = round(seconds * params.tempo_bpm / 60.0 / 4.0)
    composer = Composer(style, 1, params)
    notes = tuple(note for _ in range(bars) for note in composer.bar(params).notes)
    score = Score(notes, TempoMap.start(0.0, params.tempo_bpm), params=((0.0, params),))
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        stats = wav.render(Path(folder) / "piece.wav", score)
        return stats.seconds / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
