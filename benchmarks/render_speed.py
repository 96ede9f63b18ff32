"""Times the offline renderer on each style with all its layers.

python benchmarks/render_speed.py [--seconds 120] [STYLE ...]

The goal is 20 times real time for the default style and 10 times for the richest. "at home" is
the style's own density, "rich" twice that at 1.4 times the tempo. Start-up of the rendering process
is included. "CPU" counts the processor's time instead of the clock's, so that other work on the
machine matters less. "voices" are all that can sound at once, "chord" those of the chords.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from synth.compose.composer import Composer
from synth.compose.style import Style
from synth.outputs import wav
from synth.params import MusicParams
from synth.score import Score
from synth.styles.load import load, names
from synth.tempo_map import TempoMap

FOLDER = Path(__file__).parents[1] / "configs" / "styles"


def main() -> None:
    """Print how many times faster than it lasts each style is rendered."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("styles", nargs="*", default=list(names()))
    parser.add_argument("--seconds", type=float, default=120.0)
    options = parser.parse_args()
    print(
        f"{'style':14}{'voices':>8}{'chord':>7}{'layers':>8}{'at home':>10}{'CPU':>7}"
        f"{'rich':>8}{'CPU':>7}  x real time"
    )
    for name in options.styles:
        style = load(name, FOLDER)
        home = style.settings.home
        rich = replace(home, density=min(6.0, 2.0 * home.density), tempo_bpm=1.4 * home.tempo_bpm)
        speeds = [_speed(style, params, options.seconds) for params in (home, rich)]
        settings = style.settings
        counts = f"{settings.polyphony:>8}{settings.voices:>7}{len(settings.layers):>8}"
        (clock, cpu), (rich_clock, rich_cpu) = speeds
        print(
            f"{name:14}{counts}{clock:>10.1f}{cpu:>7.1f}{rich_clock:>8.1f}{rich_cpu:>7.1f}",
            flush=True,
        )


def _speed(style: Style, params: MusicParams, seconds: float) -> tuple[float, float]:
    bars = round(seconds * params.tempo_bpm / 60.0 / 4.0)
    composer = Composer(style, 1, params)
    notes = tuple(note for _ in range(bars) for note in composer.bar(params).notes)
    score = Score(notes, TempoMap.start(0.0, params.tempo_bpm), params=((0.0, params),))
    with tempfile.TemporaryDirectory() as folder:
        start, cpu_s = time.perf_counter(), _children_cpu_s()
        stats = wav.render(Path(folder) / "piece.wav", score)
        clock_s = time.perf_counter() - start
        return stats.seconds / clock_s, stats.seconds / (_children_cpu_s() - cpu_s)


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
