"""How much of the loudness is the breath, in each style, in sound and on the wire.

python benchmarks/breath.py [--minutes 3] [--seed 1] [STYLE ...]

Each style plays as in a breathing programme, 6 breaths a minute at the calm level of `breathe`,
through our instruments. Momentary loudness (0.4 s, ten times a second, ITU-R BS.1770) is explained
by the phase of the breath with three harmonics; the share of its variance in decibels is printed.
Beside it: the same with breaths turned by random phases ("shuffled"), with no swell, and the share
of controller 11's variance that the phase explains on the wire. At least 60 % is asked of both.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from biofeedback.control.curves import Curves, Palette
from synth.compose.composer import Composer
from synth.instruments.loudness import Loudness
from synth.outputs.midi_map import MidiMap
from synth.outputs.midi_messages import MidiMessages
from synth.outputs.null import NullOutput
from synth.player.scheduler import Scheduler
from synth.score import Score, encode_score
from synth.styles.load import load, names
from synth.tempo_map import TempoMap

FOLDER = Path(__file__).parents[1] / "configs" / "styles"
RATE = 48_000
LEVEL, BREATHS, BEATS = 0.25, 6.0, 8
WARM_UP_S = 20.0  # layers enter
_RAW = """
import json, os, sys
import numpy as np
from synth.score import decode_score
from synth.outputs import offline
request = json.load(sys.stdin)
score = decode_score(request["score"])
np.save(request["path"], np.concatenate(list(offline.play(score, 48000, request["end"]))))
sys.stdout.flush()
os._exit(0)
"""
Floats = NDArray[np.float64]


def played(name: str, seed: int, minutes: float, swell: float) -> Score:
    """Compose a style as a breathing programme asks for it."""
    style = load(name, FOLDER)
    curves = Curves(Palette(), style.settings.home, LEVEL)
    bpm = BREATHS * BEATS
    params = replace(curves.params(LEVEL, bpm), swell=swell, breath_beats=BEATS)
    composer = Composer(style, seed, params)
    notes = []
    while composer.beat < minutes * bpm:
        notes += composer.bar(params).notes
    return Score(tuple(notes), TempoMap.start(0.0, bpm), params=((0.0, params),))


def momentary(score: Score, minutes: float) -> tuple[Floats, Floats]:
    """Return times in s and the loudness of the 0.4 s around each, in LUFS."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/sound.npy"
        request = {"score": encode_score(score), "path": path, "end": int(minutes * 60 * RATE)}
        subprocess.run([sys.executable, "-c", _RAW], input=json.dumps(request), text=True,
                       check=True, capture_output=True)  # fmt: skip
        meter = Loudness(RATE)
        meter.feed(np.load(path))
    heard = meter.momentary()
    times = 0.1 * np.arange(len(heard)) + 0.2
    kept = times >= WARM_UP_S
    return times[kept], heard[kept]


def explained(phase: Floats, heard: Floats) -> float:
    """Return the share of the variance that three harmonics of the phase explain."""
    turns = [f(2 * np.pi * k * phase) for k in (1, 2, 3) for f in (np.sin, np.cos)]
    design = np.column_stack([np.ones_like(phase), *turns])
    fitted = design @ np.linalg.lstsq(design, heard, rcond=None)[0]
    return float(1.0 - np.var(heard - fitted) / np.var(heard))


def shuffled(breaths: Floats, rng: np.random.Generator) -> Floats:
    """Return the phases of breaths each turned by a random one."""
    turns = rng.random(int(breaths.max()) + 2)
    return (breaths + turns[breaths.astype(int)]) % 1.0


def on_the_wire(score: Score, minutes: float) -> tuple[Floats, Floats]:
    """Return phase and value of each controller 11 that a port is sent."""
    messages, params = MidiMessages(MidiMap()), score.params[0][1]
    sent: list[tuple[float, float]] = []
    now_s = 0.0

    class Port(NullOutput):
        def set_signals(self, values: object) -> None:
            for message in messages.signals(values):  # type: ignore[arg-type]
                if message[1] == 11 and message[0] == 0xB0:
                    sent.append((score.tempo_map.breath_at(now_s), message[2]))

    scheduler = Scheduler(Port(), sways=True)
    list(messages.colours(params))
    scheduler.set_params(params)
    scheduler.set_tempo(score.tempo_map.latest)
    while now_s < minutes * 60.0:
        scheduler.step(now_s)
        now_s += 0.002
    phase, value = np.array(sent).T
    return phase, value


def main() -> None:
    """Print a line a style."""
    parser = argparse.ArgumentParser()
    parser.add_argument("styles", nargs="*", default=names())
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    rng = np.random.default_rng(chosen.seed)
    print(
        f"{'style':14}{'explained':>10}{'shuffled':>10}{'no swell':>10}{'wire':>8}{'span, LU':>10}"
    )
    for name in chosen.styles or names():
        score = played(name, chosen.seed, chosen.minutes, 1.0)
        times, heard = momentary(score, chosen.minutes)
        breaths = times * BREATHS / 60.0
        plain = momentary(played(name, chosen.seed, chosen.minutes, 0.0), chosen.minutes)[1]
        share = explained(breaths % 1.0, heard)
        chance = explained(shuffled(breaths, rng), heard)
        still = explained(breaths % 1.0, plain)
        wire = explained(*on_the_wire(score, chosen.minutes))
        span = np.percentile(heard, 95) - np.percentile(heard, 5)
        fails = " *" if min(share, wire) < 0.6 else ""
        row = f"{share:10.0%}{chance:10.0%}{still:10.0%}{wire:8.0%}{span:10.1f}"
        print(f"{name:14}{row}{fails}", flush=True)


if __name__ == "__main__":
    main()
