"""A body measured well, and the same body through a sensor that spoils what it sends.

Every signal is spoilt in every way that sensors do it; what the metrics then say is held against
what they say of the well measured body. A reading that is trusted must still be right.
"""

import math
from dataclasses import replace

import numpy as np

from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.metrics.base import Reading
from sensors.signals import Chunk, FloatArray, Signal

#: Signals that say something about a body, and at which rate; RR comes as events.
RATES_HZ = {
    Signal.RR: None, Signal.ECG: 130.0, Signal.PPG: 64.0, Signal.EDA: 4.0, Signal.ACC: 32.0,
    Signal.HR: 1.0, Signal.TEMP: 4.0,
}  # fmt: skip
WAYS = (
    "nan", "some nan", "infinite", "negative", "constant", "saturated", "out of order",
    "duplicated", "empty", "zero",
)  # fmt: skip
#: The highest that a sensor of the kind can send.
RAILS = {
    Signal.RR: 63.999, Signal.ECG: 5.0, Signal.PPG: 32767.0, Signal.EDA: 100.0, Signal.ACC: 16.0,
    Signal.HR: 255.0, Signal.TEMP: 115.0,
}  # fmt: skip
#: How far a trusted reading may be off: a share of the value, and an absolute part in its unit.
TOLERANCE = {
    "heart_rate": (0.05, 1.0), "ln_rmssd": (0.0, 0.35), "rmssd": (0.3, 2.0), "sdnn": (0.3, 3.0),
    "pnn50": (0.3, 10.0), "breathing_rate": (0.1, 1.0), "scl": (0.1, 0.05), "scr_rate": (0.3, 2.0),
    "sd1": (0.3, 2.0), "sd2": (0.3, 3.0), "stress_index": (0.3, 2.0), "coherence": (0.5, 0.5),
    "motion": (0.0, 0.05), "skin_temperature": (0.0, 0.5),
}  # fmt: skip
TRUSTED = 0.5
BEGIN_S, END_S = 120, 300


def body() -> dict[Signal, list[Chunk]]:
    """Return five minutes of each signal, a chunk a second."""
    rng = np.random.default_rng(4)
    beats_s = [0.4]
    while beats_s[-1] < END_S:
        rr_s = 0.85 + 0.04 * math.sin(2 * math.pi * 0.25 * beats_s[-1]) + rng.normal(0.0, 0.008)
        beats_s.append(beats_s[-1] + rr_s)
    beats = np.array(beats_s)
    eda_us = 3.0 + 0.002 * rng.normal(size=4 * END_S)
    times_s = np.arange(4 * END_S) / 4.0
    for onset_s in range(5, END_S, 15):
        since_s = np.clip(times_s - onset_s, 0.0, None)
        eda_us += 0.5 * (np.exp(-since_s / 4.0) - np.exp(-since_s / 0.7))
    waves = {
        Signal.ECG: _bumps(beats, 130.0, 0.015) + 0.02 * rng.normal(size=130 * END_S),
        Signal.PPG: 100.0 * _bumps(beats + 0.2, 64.0, 0.12) + rng.normal(size=64 * END_S),
        Signal.EDA: eda_us,
        Signal.HR: 70.0 + np.round(2.0 * np.sin(np.arange(END_S) / 9.0)),
        Signal.TEMP: 33.0 + 0.02 * rng.normal(size=4 * END_S),
        Signal.ACC: np.array([0.0, 0.0, 1.0]) + 0.01 * rng.normal(size=(32 * END_S, 3)),
    }
    pieces: dict[Signal, list[Chunk]] = {Signal.RR: []}
    ends_s, rr_all_s = beats[1:], np.diff(beats)
    for second in range(END_S):
        inside = (ends_s >= second) & (ends_s < second + 1)
        pieces[Signal.RR].append(Chunk.events(Signal.RR, "x", ends_s[inside], rr_all_s[inside]))
    for signal, values in waves.items():
        rate_hz = RATES_HZ[signal]
        assert rate_hz is not None
        count = int(rate_hz)
        pieces[signal] = [
            Chunk.regular(signal, "x", s, rate_hz, values[count * s : count * (s + 1)])
            for s in range(END_S)
        ]
    return pieces


def spoil(chunks: list[Chunk], way: str) -> list[list[Chunk]]:
    """Return what a spoilt sensor sends in each second, from `BEGIN_S` on."""
    sent = [[chunk] for chunk in chunks]
    for second in range(BEGIN_S, len(chunks)):
        chunk = chunks[second]
        rail = RAILS[chunk.signal]
        values = chunk.values
        match way:
            case "nan" | "infinite" | "saturated" | "zero":
                level = {"nan": math.nan, "infinite": math.inf, "saturated": rail, "zero": 0.0}[way]
                sent[second] = [replace(chunk, values=np.full_like(values, level))]
            case "some nan":
                spoilt = np.where(
                    np.arange(len(values))[:, None] % 10 == second % 10, math.nan, values
                )
                sent[second] = [replace(chunk, values=spoilt)]
            case "negative":
                sent[second] = [replace(chunk, values=-np.abs(values))]
            case "constant":
                held = chunks[BEGIN_S - 1].values[-1:]
                sent[second] = [replace(chunk, values=np.broadcast_to(held, values.shape).copy())]
            case "out of order":
                sent[second] = [chunk, chunks[second - 1], chunks[second - 3]]
            case "duplicated":
                sent[second] = [chunk, chunk]
            case "empty":
                none = replace(chunk, times_s=chunk.times_s[:0], values=values[:0])
                sent[second] = [none, chunk, none] if second % 2 else [none]
    return sent


def readings(sent: list[list[Chunk]]) -> list[dict[str, Reading]]:
    """Return what the metrics say at the end of each second."""
    bank, said = MetricBank(MetricSettings()), []
    for second, chunks in enumerate(sent):
        for chunk in chunks:
            bank.feed(chunk)
        said.append({reading.name: reading for reading in bank.read(second + 1.0)})
    return said


def confidently_wrong(
    spoilt: list[dict[str, Reading]], truth: list[dict[str, Reading]]
) -> list[tuple[str, int, float, float]]:
    """Return name, second, value and truth of each reading that is trusted, and not right.

    The first minute after the sensor fails is left out: windows still hold what was right, and a
    sensor that stands still has to stand still for a while before that can be told.
    """
    wrong = []
    for second in range(BEGIN_S + 60, END_S):
        for name, (share, plain) in TOLERANCE.items():
            said, right = spoilt[second][name], truth[second][name]
            if said.value is None or said.quality < TRUSTED or right.value is None:
                continue
            if abs(said.value - right.value) > share * abs(right.value) + plain:
                wrong.append((name, second, said.value, right.value))
    return wrong


def _bumps(centres_s: FloatArray, rate_hz: float, width_s: float) -> FloatArray:
    times_s = np.arange(int(rate_hz * END_S)) / rate_hz
    wave = np.zeros_like(times_s)
    for centre_s in centres_s:
        near = np.abs(times_s - centre_s) < 5 * width_s
        wave[near] += np.exp(-(((times_s[near] - centre_s) / width_s) ** 2) / 2)
    return wave
