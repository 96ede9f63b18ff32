"""Measures the sound of each style and each instrument.

python benchmarks/sound_quality.py [--bars 24] [--only styles|instruments]

Styles: the loudness that a file gets, how loud the engine itself is at dynamics 0, 0.5 and 1
(it must rise), the true peak, the mean of the samples (DC), the largest step between samples,
and the spectral centroid at brightness 0 and 1. Loudness is measured by our own meter and by
pyloudnorm. Instruments: each plays single notes; "onset" is how late the first audible sample
is, "step" the largest step between two samples in the note's first 5 ms against the largest
later, which a click would exceed; "-20 dB" is how long the tone takes to fade by that much.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyloudnorm
from numpy.typing import NDArray

from synth import score_json
from synth.compose.composer import Composer
from synth.events import Note
from synth.instruments.loudness import true_peak
from synth.outputs import wav
from synth.params import Layer, MusicParams
from synth.score import Score
from synth.styles.base import Style
from synth.styles.load import load, names
from synth.tempo_map import TempoMap

FOLDER = Path(__file__).parents[1] / "configs" / "styles"
RATE = wav.SAMPLE_RATE_HZ
Samples = NDArray[np.float64]

_RAW = """
import json, os, sys
import numpy as np
from synth import score_json
from synth.outputs import offline
request = json.load(sys.stdin)
score = score_json.decode(request["score"])
np.save(request["path"], np.concatenate(list(offline.play(score, 48000, request["end"]))))
sys.stdout.flush()
os._exit(0)
"""


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--bars", type=int, default=24)
    parser.add_argument("--only", choices=["styles", "instruments"])
    options = parser.parse_args()
    if options.only != "instruments":
        print(
            f"{'style':14}{'file LUFS':>10}{'pyloudnorm':>11}{'true peak':>10}{'DC':>9}{'step':>7}"
            f"{'soft':>8}{'neutral':>8}{'loud':>7}{'dark Hz':>9}{'bright Hz':>10}"
        )
        for name in names():
            _style(load(name, FOLDER), options.bars)
    if options.only != "styles":
        print(f"\n{'instrument':14}{'onset ms':>9}{'step on':>9}{'step later':>11}{'-20 dB s':>9}")
        for layer in Layer:
            _instrument(layer)


def _style(style: Style, bars: int) -> None:
    home = style.settings.home
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "piece.wav"
        stats = wav.render(path, _score(style, home, bars))
        with wave.open(str(path)) as file:
            data = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2) / 32768.0
    inner = data[4 * RATE : -5 * RATE]
    levels = [_lufs(_raw(_score(style, replace(home, dynamics=d), bars))) for d in (0.0, 0.5, 1.0)]
    colours = [_raw(_score(style, replace(home, brightness=b), bars // 2)) for b in (0.0, 1.0)]
    peak_db = 20 * math.log10(true_peak(data.astype(np.float32)))
    print(
        f"{style.name:14}{stats.loudness_lufs:>10.1f}{_lufs(inner):>11.1f}{peak_db:>10.2f}"
        f"{float(np.abs(data.mean(axis=0)).max()):>9.0e}{_step(data):>7.3f}"
        f"{levels[0]:>8.1f}{levels[1]:>8.1f}{levels[2]:>7.1f}"
        f"{_centroid(colours[0]):>9.0f}{_centroid(colours[1]):>10.0f}",
        flush=True,
    )


def _instrument(layer: Layer) -> None:
    pitches = {Layer.BASS: (36, 45), Layer.DRONE: (38, 45), Layer.PERCUSSION: (36, 37, 70, 82)}
    keys = pitches.get(layer, (60, 67, 76, 84))
    gap, held = 8.0, 4.0
    notes = [Note(k, k * gap + 0.0137, held, pitch, 100, layer) for k, pitch in enumerate(keys)]
    samples = _raw(Score(tuple(notes), TempoMap.start(0.0, 60.0)))
    late, on, later, fade = [], 0.0, 0.0, []
    for note in notes:
        due = round(note.beat * RATE)
        heard = samples[due - RATE // 100 : due + int(gap * RATE) - RATE // 50]
        level = np.abs(heard).max(axis=1)
        floor = level[: RATE // 200].max() * 1.5 + 1e-9
        late.append((np.nonzero(level > floor)[0][0] - RATE // 100) / RATE * 1000.0)
        start = RATE // 100
        on = max(on, _step(heard[: start + RATE // 200]))
        later = max(later, _step(heard[start + RATE // 200 :]))
        power = np.convolve((heard**2).sum(axis=1), np.full(2400, 1 / 2400), "valid")
        top = int(power.argmax())
        quiet = np.nonzero(power[top:] < power[top] / 100.0)[0]
        fade.append(quiet[0] / RATE if len(quiet) else math.inf)
    print(f"{layer.value:14}{max(late):>9.3f}{on:>9.4f}{later:>11.4f}{np.median(fade):>9.2f}")


def _score(style: Style, params: MusicParams, bars: int) -> Score:
    composer = Composer(style, 1, params)
    notes = tuple(note for _ in range(bars) for note in composer.bar(params).notes)
    return Score(notes, TempoMap.start(0.0, params.tempo_bpm), params=((0.0, params),))


def _raw(score: Score) -> Samples:
    """Return what the engine makes of a score before the gain of a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "raw.npy"
        request = {
            "path": str(path),
            "score": score_json.encode(score),
            "end": math.ceil((score.end_s + 2.0) * RATE),
        }
        subprocess.run(
            [sys.executable, "-P", "-c", _RAW],
            input=json.dumps(request),
            text=True,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        samples: Samples = np.load(path).astype(np.float64)
        return samples


def _lufs(samples: Samples) -> float:
    return float(pyloudnorm.Meter(RATE).integrated_loudness(samples))


def _step(samples: Samples) -> float:
    return float(np.abs(np.diff(samples, axis=0)).max(initial=0.0))


def _centroid(samples: Samples) -> float:
    blocks: Sequence[Samples] = [
        samples[i : i + 8192].mean(axis=1) for i in range(0, len(samples) - 8192, 8192)
    ]
    power = np.sum([np.abs(np.fft.rfft(b * np.hanning(8192))) ** 2 for b in blocks], axis=0)
    hertz = np.fft.rfftfreq(8192, 1 / RATE)
    return float((power * hertz).sum() / power.sum())


if __name__ == "__main__":
    main()
