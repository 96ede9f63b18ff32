"""How well another device's MIDI clock is followed through its jitter: worst tempo, worst phase.

python benchmarks/clock_in.py [--seeds 200]

Ticks at 60 to 174 BPM, each early or late by up to 1, 3 or 5 ms, and with 1, 3 or 10 in a hundred
lost from the second on, in virtual time. Positions told from beat 4 to 24 are compared with the
truth. The goal is 5 ms from beat 4 on, and at 5 ms of jitter 0.5 BPM from beat 8 on.
"""

import argparse
import random

from synth.midi_clock import ClockListener

CASES = ((1.0, 0.0), (3.0, 0.0), (5.0, 0.0), (2.0, 0.01), (2.0, 0.03), (2.0, 0.1), (3.0, 0.1))
TEMPI = (60.0, 90.0, 120.0, 174.0)
FROM_BEAT, STEADY_BEAT, TO_BEAT = 4, 8, 24


def worst(bpm: float, jitter_s: float, loss: float, seed: int) -> tuple[float, float]:
    """Return the worst error of tempo in BPM and of phase in ms."""
    rng, listener = random.Random(seed), ClockListener()
    listener.feed((0xFA,), 0.0)
    tempo = phase = 0.0
    for k in range(24 * TO_BEAT):
        if k and rng.random() < loss:
            continue
        told = listener.feed((0xF8,), k * 2.5 / bpm + rng.uniform(-jitter_s, jitter_s))
        if told is not None and told.beat >= FROM_BEAT:
            if told.beat >= STEADY_BEAT:
                tempo = max(tempo, abs(told.bpm - bpm))
            phase = max(phase, 1000.0 * abs(told.time_s - told.beat * 60.0 / bpm))
    return tempo, phase


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    options = parser.parse_args()
    print(f"{'jitter':>8}{'lost':>7}{'BPM':>7}{'tempo off, BPM':>16}{'phase off, ms':>15}")
    for jitter_ms, loss in CASES:
        for bpm in TEMPI:
            errors = [worst(bpm, jitter_ms / 1000.0, loss, s) for s in range(options.seeds)]
            tempo, phase = (max(column) for column in zip(*errors, strict=True))
            print(f"{jitter_ms:6g} ms{loss:7.0%}{bpm:7g}{tempo:16.3f}{phase:15.2f}")


if __name__ == "__main__":
    main()
