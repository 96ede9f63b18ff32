"""Measures the sound of each style and each instrument.

python benchmarks/sound_quality.py [--bars 24] [--only styles|instruments]

Styles: the loudness that a file gets, how loud the engine itself is at dynamics 0, 0.5 and 1
(it must rise), the true peak, the mean of the samples (DC), the largest step between samples,
and the spectral centroid at brightness 0 and 1. Loudness is measured by our own meter and by
pyloudnorm, without fades; at neutral dynamics -18 to -16 LUFS is asked, of true peaks -1 dBFS at
most ("its peak" is the engine's at dynamics 1). Instruments: each plays single notes at places
that are no whole samples; "onset" is how late the first sample that is not silence comes, 0.02 ms
at most; "step" the largest step between two samples in the note's first 5 ms against the largest
later, which a click would exceed; "-20 dB" is how long the tone takes to fade by that much. An
asterisk marks what fails.
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

from synth.compose.composer import Composer
from synth.compose.style import Style
from synth.events import Note
from synth.instruments.loudness import true_peak
from synth.instruments.patches import PLAIN, SOUNDS
from synth.outputs import wav
from synth.params import Layer, MusicParams
from synth.score import Score, encode_score
from synth.styles.load import load, names
from synth.tempo_map import TempoMap

FOLDER = Path(__file__).parents[1] / "configs" / "styles"
RATE = wav.SAMPLE_RATE_HZ
_PLACES_S = (0.5, 0.5137, 0.50731, 0.51999)
_MOST_LATE_MS = 0.02
Samples = NDArray[np.float64]

_RAW = """
import json, os, sys
import numpy as np
from synth.score import decode_score, encode_score
from synth.outputs import offline
request = json.load(sys.stdin)
score = decode_score(request["score"])
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
            f"{'soft':>8}{'neutral':>8}{'loud':>7}{'its peak':>10}{'dark Hz':>9}{'bright Hz':>10}"
        )
        for name in names():
            _style(load(name, FOLDER), options.bars)
    if options.only != "styles":
        print(
            f"\n{'instrument':22}{'onset ms':>10}{'to':>9}{'step on':>9}{'step later':>11}"
            f"{'-20 dB s':>9}"
        )
        for name, (sound, layer) in _parts().items():
            _instrument(name, sound, layer)


def _style(style: Style, bars: int) -> None:
    home = style.settings.home
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "piece.wav"
        stats = wav.render(path, score_of(style, home, bars))
        with wave.open(str(path)) as file:
            data = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2) / 32768.0
    inner = data[4 * RATE : -5 * RATE]
    peak_db = 20 * math.log10(true_peak(data.astype(np.float32)))
    by_dynamics = [raw(score_of(style, replace(home, dynamics=d), bars)) for d in (0.0, 0.5, 1.0)]
    levels = [lufs(samples[4 * RATE : -4 * RATE]) for samples in by_dynamics]
    live_peak_db = 20 * math.log10(true_peak(by_dynamics[-1].astype(np.float32)))
    wrong = " *" if not -18.0 <= levels[1] <= -16.0 or max(live_peak_db, peak_db) > -1.0 else ""
    colours = [raw(score_of(style, replace(home, brightness=b), bars // 2)) for b in (0.0, 1.0)]
    print(
        f"{style.name:14}{stats.loudness_lufs:>10.1f}{lufs(inner):>11.1f}{peak_db:>10.2f}"
        f"{float(np.abs(data.mean(axis=0)).max()):>9.0e}{_step(data):>7.3f}"
        f"{levels[0]:>8.1f}{levels[1]:>8.1f}{levels[2]:>7.1f}{live_peak_db:>10.2f}"
        f"{centroid(colours[0]):>9.0f}{centroid(colours[1]):>10.0f}{wrong}",
        flush=True,
    )


def _instrument(name: str, sound: str, layer: Layer) -> None:
    """Print a row for one part: single notes, each in a silence of its own."""
    pitches = {Layer.BASS: (36, 45), Layer.DRONE: (38, 45), Layer.PERCUSSION: (36, 37, 70, 82)}
    keys = pitches.get(layer, (60, 67, 76, 84))
    params = MusicParams(sound=sound)
    late, on, later, fade = [], 0.0, 0.0, []
    for number, place_s in enumerate(_PLACES_S):
        note = Note(0, place_s, 4.0, keys[number % len(keys)], 100, layer)
        samples = raw(Score((note,), TempoMap.start(0.0, 60.0), params=((0.0, params),)))
        first = int(np.nonzero(np.abs(samples).max(axis=1) > 0.0)[0][0])
        late.append((first - place_s * RATE) / RATE * 1000.0)
        heard = samples[first - 1 :]
        on = max(on, _step(heard[: RATE // 200]))
        later = max(later, _step(heard[RATE // 200 :]))
        power = np.convolve((heard**2).sum(axis=1), np.full(2400, 1 / 2400), "valid")
        top = int(power.argmax())
        quiet = np.nonzero(power[top:] < power[top] / 100.0)[0]
        fade.append(quiet[0] / RATE if len(quiet) else math.inf)
    wrong = " *" if max(map(abs, late)) > _MOST_LATE_MS or on > later else ""
    print(
        f"{name:22}{min(late):>10.4f}{max(late):>9.4f}{on:>9.4f}{later:>11.4f}"
        f"{np.median(fade):>9.2f}{wrong}",
        flush=True,
    )


def _parts() -> dict[str, tuple[str, Layer]]:
    """Return every instrument once, by a name such as "piano melody"."""
    found: dict[str, tuple[str, Layer]] = {}
    for sound, content in SOUNDS.items():
        for layer, part in content.parts.items():
            if sound == PLAIN or part != SOUNDS[PLAIN].parts[layer]:
                found[f"{sound} {layer.value}"] = (sound, layer)
    return found


def score_of(style: Style, params: MusicParams, bars: int) -> Score:
    """Return a piece with steady parameters."""
    composer = Composer(style, 1, params)
    notes = tuple(note for _ in range(bars) for note in composer.bar(params).notes)
    return Score(notes, TempoMap.start(0.0, params.tempo_bpm), params=((0.0, params),))


def raw(score: Score) -> Samples:
    """Return what the engine makes of a score before the gain of a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "raw.npy"
        request = {
            "path": str(path),
            "score": encode_score(score),
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


def lufs(samples: Samples) -> float:
    """Return the integrated loudness."""
    return float(pyloudnorm.Meter(RATE).integrated_loudness(samples))


def _step(samples: Samples) -> float:
    return float(np.abs(np.diff(samples, axis=0)).max(initial=0.0))


def centroid(samples: Samples) -> float:
    """Return the spectral centroid in Hz: the mean frequency, weighted by magnitude."""
    blocks: Sequence[Samples] = [
        samples[i : i + 8192].mean(axis=1) for i in range(0, len(samples) - 8192, 8192)
    ]
    size = np.sum([np.abs(np.fft.rfft(b * np.hanning(8192))) for b in blocks], axis=0)
    hertz = np.fft.rfftfreq(8192, 1 / RATE)
    return float((size * hertz).sum() / size.sum())


if __name__ == "__main__":
    main()
