"""Judges the memory and the form of the music of every style, beside music that has none.

python benchmarks/music_form.py [--seeds 100] [--minutes 10] [--audio N] [STYLE ...]

Pieces are written at constant parameters and looked at as notes that somebody wrote down: nothing
but beats, pitches and the letters of the phrases. Two windows of the melody are as alike as the
share of notes that have the same sixteenth and, after the best transposition, the same pitch; the
longer one counts. "Returns" is the share of four-bar windows, one from each bar on, that are 80 %
alike to one that ended before. A "loop" is the longest run of bars that comes again note for note,
in the same pitch. With --audio, N pieces of each style are rendered: the short-term loudness
(3 s) spans so many LU between its 5th and 95th percentile, and section borders are sought in the
sound alone by the novelty of its self-similarity (Foote 2000), within two bars; in the shuffled
control the bars of the sound come in another order. Beside them stand notes at random in the
scale, and a forgetful composer: each of its phrases is another piece's. An asterisk marks what is
outside its bounds; the two that have no memory must be.
"""

from __future__ import annotations

import argparse
import importlib
import math
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct
from scipy.io import wavfile

from synth.compose.composer import Composer
from synth.compose.style import Style
from synth.events import Bar
from synth.outputs import wav
from synth.params import Key, Layer, Mode
from synth.score import Score
from synth.styles.load import load, names
from synth.tempo_map import TempoMap

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "configs" / "styles"
sys.path.insert(0, str(ROOT / "tests" / "synth"))
randomised = importlib.import_module("analysis").randomised

WINDOW_BARS = 4
ALIKE = 0.8
ROWS = {  # name: (title, least, most)
    "returns": ("windows that return", 0.15, 0.50),
    "a3": ("A3 against A1", 0.80, math.inf),
    "b": ("B against A1", -math.inf, 0.30),
    "loop": ("longest loop, bars", -math.inf, 8.0),
    "span": ("loudness spans, LU", 5.0, 9.0),
    "borders": ("section borders heard, F1", 0.70, math.inf),
    "shuffled": ("the same, bars shuffled", -math.inf, 0.30),
}
BREATHING = ("drone_breath",)  # its loudness moves with the breath
Window = frozenset[tuple[int, int]]  # (sixteenth, pitch)
Table = dict[str, list[float]]
Samples = NDArray[np.float64]


def main() -> None:
    """Print the table: means over the pieces, and the least and the most of them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("styles", nargs="*", default=list(names()))
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--audio", type=int, default=0, metavar="N")
    options = parser.parse_args()
    columns: dict[str, Table] = {}
    at_random, forgetful = defaultdict(list), defaultdict(list)
    for name in options.styles:
        style, table = load(name, FOLDER), defaultdict(list)
        for seed in range(options.seeds):
            bars = compose(style, seed, options.minutes)
            judge(table, bars)
            if seed <= options.seeds // 4:
                judge(at_random, randomised(bars, Random(seed), in_scale=True))
                judge(forgetful, forgotten(style, seed, bars))
            if seed < options.audio:
                listen(table, style, bars)
        columns[name] = table
    columns |= {"in scale": at_random, "forgetful": forgetful}
    show(columns, options.seeds)


def compose(style: Style, seed: int, minutes: float) -> list[Bar]:
    """Return a piece of so many minutes at home, in one of twelve keys and six modes."""
    home = style.settings.home
    params = replace(home, key=Key(seed * 7 % 12, tuple(Mode)[seed % 6]))
    composer = Composer(style, seed, params)
    return [composer.bar(params) for _ in range(round(minutes * home.tempo_bpm / 4.0))]


def forgotten(style: Style, seed: int, bars: Sequence[Bar]) -> list[Bar]:
    """Return a piece whose phrases are those of other pieces in the same key."""
    params = replace(style.settings.home, key=bars[0].key)
    result: list[Bar] = []
    for start in range(0, len(bars), WINDOW_BARS):
        composer = Composer(style, seed + 1000 * (1 + start), params)
        for bar in bars[start : start + WINDOW_BARS]:
            other = composer.bar(params)
            moved = tuple(replace(n, beat=n.beat - other.beat + bar.beat) for n in other.notes)
            result.append(replace(bar, notes=moved))
    return result


def judge(table: Table, bars: Sequence[Bar]) -> None:
    """Add the figures of one piece that can be had from its notes."""
    tunes = [sung(bars[i : i + WINDOW_BARS]) for i in range(len(bars) - WINDOW_BARS + 1)]
    told = [
        max((alike(tune, tunes[j]) for j in range(i - WINDOW_BARS + 1)), default=0.0)
        for i, tune in enumerate(tunes)
        if len(tune) > 1
    ]
    table["returns"].append(sum(share >= ALIKE for share in told) / max(1, len(told)))
    table["loop"].append(float(longest_loop([sung([bar]) for bar in bars])))
    for phrases in sections(bars):
        by_letter = {bars[0].section.split()[0]: sung(bars) for bars in phrases}
        for field, letter in (("a3", "A3"), ("b", "B")):
            pair = (by_letter.get("A1", frozenset()), by_letter.get(letter, frozenset()))
            if min(map(len, pair)) > 1:
                table[field].append(alike(*pair))


def sections(bars: Sequence[Bar]) -> list[list[list[Bar]]]:
    """Return the whole phrases of each section; a section begins where an A1 does."""
    result: list[list[list[Bar]]] = []
    for letter, group in groupby(bars, key=lambda bar: bar.section.split()[0]):
        phrase = list(group)
        if letter == "A1" or not result:
            result.append([])
        if len(phrase) == WINDOW_BARS:
            result[-1].append(phrase)
    return result


def sung(bars: Sequence[Bar]) -> Window:
    """Return the melody of some bars: sixteenths from the first one's start, and pitches."""
    start = bars[0].beat
    tune = [n for bar in bars for n in bar.notes if n.layer is Layer.MELODY]
    return frozenset((round((n.beat - start) * 4), n.pitch) for n in tune)


def alike(one: Window, other: Window) -> float:
    """Return the share of notes that two windows have in common at the best transposition."""
    pitches = defaultdict(list)
    for cell, pitch in other:
        pitches[cell].append(pitch)
    shifts = Counter(pitch - there for cell, pitch in one for there in pitches[cell])
    return max(shifts.values(), default=0) / max(1, len(one), len(other))


def longest_loop(bars: Sequence[Window]) -> int:
    """Return how many bars the longest passage has that comes again note for note, without rests.

    The two do not overlap; a passage counts from its first bar with notes to its last.
    """
    longest = 0
    for i in range(len(bars)):
        for j in range(i + 1, len(bars)):
            length = 0
            while i + length < j and j + length < len(bars):
                if bars[i + length] != bars[j + length]:
                    break
                length += 1
            while length and not bars[i + length - 1]:
                length -= 1
            if bars[i]:
                longest = max(longest, length)
    return longest


def listen(table: Table, style: Style, bars: Sequence[Bar]) -> None:
    """Add what can be had from the sound of a piece alone."""
    home = style.settings.home
    notes = tuple(note for bar in bars for note in bar.notes)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "piece.wav"
        score = Score(notes, TempoMap.start(0.0, home.tempo_bpm), params=((0.0, home),))
        wav.render(path, score)
        rate, data = wavfile.read(path)
    bar_s = 240.0 / home.tempo_bpm
    samples: Samples = data[: round(len(bars) * bar_s * rate)].astype(np.float64) / 32768.0
    spectra = power(samples, rate)
    if style.name not in BREATHING:
        loud = loudness(spectra, rate)
        low, high = np.percentile(loud[loud > -70.0], (5, 95))
        table["span"].append(float(high - low))
    starts = [bar.beat / 4.0 for bar in bars if bar.section.startswith("A1 bar 1/")][1:]
    table["borders"].append(f1(borders(spectra, rate, bar_s), starts))
    size = round(bar_s * rate)
    order = Random(len(bars)).sample(range(len(bars)), len(bars))
    mixed = np.concatenate([samples[k * size : (k + 1) * size] for k in order])
    table["shuffled"].append(f1(borders(power(mixed, rate), rate, bar_s), starts))


STEP_S = 0.1


def power(samples: Samples, rate: int) -> Samples:
    """Return the power spectrum of each tenth of a second, both channels together."""
    step = round(STEP_S * rate)
    blocks = samples[: len(samples) // step * step].reshape(-1, step, 2)
    window = np.hanning(step)[None, :]
    left, right = (np.abs(np.fft.rfft(blocks[:, :, c] * window)) ** 2 for c in (0, 1))
    spectra: Samples = (left + right) / step**2 * (8.0 / 3.0) * 2.0
    return spectra


def loudness(spectra: Samples, rate: int) -> Samples:
    """Return the short-term loudness of BS.1770 in LUFS, each tenth of a second over 3 s."""
    hertz = np.arange(spectra.shape[1]) / STEP_S
    z = np.exp(-2j * np.pi * hertz / 48000.0)  # the standard's coefficients, given for 48 kHz
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1.0 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    high_pass = (1.0 - 2.0 * z + z**2) / (1.0 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    weighted = spectra @ np.abs(shelf * high_pass) ** 2
    mean = np.convolve(weighted, np.full(30, 1 / 30), "valid")
    found: Samples = -0.691 + 10.0 * np.log10(mean + 1e-12)
    return found


def borders(spectra: Samples, rate: int, bar_s: float) -> list[float]:
    """Return where the sound becomes another, in bars: peaks of novelty, the field's usual way.

    Timbre (cepstrum of 30 bands), pitch classes and level, smoothed over two bars; a checkerboard
    of twelve bars each way is moved along the diagonal of their self-similarity.
    """
    hertz = np.arange(spectra.shape[1]) / STEP_S
    edges = np.geomspace(40.0, 12000.0, 31)
    bands = np.array([[low <= h < high for h in hertz] for low, high in pairwise(edges)])
    decibels = 10.0 * np.log10(spectra @ bands.T.astype(float) + 1e-10)
    heard = hertz > 55.0
    classes = np.round(12.0 * np.log2(np.maximum(hertz, 1.0) / 440.0)).astype(int) % 12
    chroma = np.sqrt(spectra @ np.array([(classes == c) & heard for c in range(12)]).T)
    chroma /= chroma.sum(axis=1, keepdims=True) + 1e-9
    each = np.hstack([dct(decibels, norm="ortho")[:, :13], 20.0 * chroma])
    bar = max(1, round(bar_s / STEP_S))
    hop = max(1, bar // 4)
    smooth = np.cumsum(np.vstack([np.zeros(each.shape[1]), each]), axis=0)
    ends = np.arange(2 * bar, len(smooth), hop)
    rows = (smooth[ends] - smooth[ends - 2 * bar]) / (2 * bar)
    rows = (rows - rows.mean(axis=0)) / (rows.std(axis=0) + 1e-9)
    distance = ((rows[:, None, :] - rows[None, :, :]) ** 2).mean(axis=2)
    same = np.exp(-distance / distance.mean())
    half = round(12 * bar / hop)
    at = (np.arange(2 * half) - half + 0.5) / half
    kernel = np.sign(at[:, None] * at[None, :]) * np.exp(-2.0 * (at[:, None] ** 2 + at**2))
    padded = np.pad(same, half, mode="edge")
    novelty = np.array(
        [(padded[i : i + 2 * half, i : i + 2 * half] * kernel).sum() for i in range(len(rows))]
    )
    apart = round(8 * bar / hop)
    level = float(novelty.mean() + 0.25 * novelty.std())
    peaks = [
        i
        for i in range(half // 2, len(novelty) - half // 2)
        if novelty[i] >= level and novelty[i] == novelty[max(0, i - apart) : i + apart + 1].max()
    ]
    return [float((ends[i] - bar) / bar) for i in peaks]


def f1(found: Sequence[float], right: Sequence[float]) -> float:
    """Return the F measure of borders, each met within two bars and once at most."""
    left, hits = list(found), 0
    for border in right:
        near = [f for f in left if abs(f - border) <= 2.0]
        if near:
            left.remove(min(near, key=lambda f: abs(f - border)))
            hits += 1
    return 2.0 * hits / max(1, len(found) + len(right))


def show(columns: dict[str, Table], seeds: int) -> None:
    """Print means with the least and the most; an asterisk marks a mean outside its bounds."""
    print(f"{seeds} seeds a style; mean, least and most\n")
    print(f"{'':27}{'bounds':>10}" + "".join(f"{name:>18}" for name in columns))
    failures = dict.fromkeys(columns, 0)
    for field, (title, least, most) in ROWS.items():
        line = f"{title:27}{_bound(least) + '..' + _bound(most):>10}"
        for name, table in columns.items():
            values = table.get(field, [])
            if not values:
                line += f"{'-':>18}"
                continue
            mean = sum(values) / len(values)
            worst = max(values) if field == "loop" else mean
            failed = not least <= worst <= most
            failures[name] += failed
            line += f"{f'{mean:.2f} {min(values):.2f} {max(values):.2f}' + ' *'[failed]:>18}"
        print(line)
    print(f"{'outside':37}" + "".join(f"{n:>17} " for n in failures.values()))
    fails = {name for name, count in failures.items() if count}
    if fails - {"in scale", "forgetful"} or not {"in scale", "forgetful"} <= fails:
        sys.exit(1)


def _bound(value: float) -> str:
    return f"{value:g}" if math.isfinite(value) else ""


if __name__ == "__main__":
    main()
