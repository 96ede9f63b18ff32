"""What every metric keeps to, whatever the sensors send."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from biofeedback.metrics.added import METRICS
from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.metrics.base import Reading
from biofeedback.metrics.beats import Beat
from biofeedback.metrics.windowed import compute
from sensors.base import Sample, SensorStatus
from sensors.signals import Chunk, Gap, Signal

KIND = "metric"
#: What a living person can show, by name of the reading.
PLAUSIBLE = {
    "heart_rate": (24.0, 250.0),  # intervals of 2,500 to 240 ms
    "ln_rmssd": (-5.0, 8.0),
    "rmssd": (0.0, 1700.0),
    "sdnn": (0.0, 1000.0),
    "pnn50": (0.0, 100.0),
    "breathing_rate": (4.8, 30.0),
    "scl": (0.0, 60.0),
    "scr_rate": (0.0, 60.0),
    "vlf": (0.0, 1e6),
    "lf": (0.0, 1e6),
    "hf": (0.0, 1e6),
    "lf_hf": (0.0, 1e6),
    "eda_tonic": (-1.0, 60.0),
    "eda_phasic": (0.0, 60.0),
    "sd1": (0.0, 1300.0),
    "sd2": (0.0, 1300.0),
    "stress_index": (0.0, 10_000.0),
    "coherence": (0.0, 1000.0),
    "motion": (0.0, 16.0),
    "skin_temperature": (15.0, 45.0),
}
NAMES = list(PLAUSIBLE)
RATES_HZ = {
    Signal.EDA: 4.0, Signal.PPG: 64.0, Signal.ECG: 130.0, Signal.ACC: 32.0, Signal.RESP: 10.0,
}  # fmt: skip
Timed = list[tuple[float, Sample]]


def settings_with(part: str) -> MetricSettings:
    return MetricSettings() if part in METRICS.built_in else MetricSettings(plugins={part: {}})


def check(readings: tuple[Reading, ...], now_s: float, names: list[str]) -> None:
    assert [reading.name for reading in readings] == names
    for reading in readings:
        assert 0.0 <= reading.quality <= 1.0, reading
        assert 0.0 <= reading.coverage <= 1.0, reading
        assert reading.window_s > 0.0, reading
        assert reading.time_s <= now_s, reading
        assert reading.value is not None or reading.quality == 0.0, reading
        assert reading.value is None or reading.coverage >= 0.5, reading
        if reading.value is not None:
            low, high = PLAUSIBLE.get(reading.name, (-1e9, 1e9))
            assert math.isfinite(reading.value), reading
            assert low <= reading.value <= high, reading


def run(samples: Timed, until_s: float, part: str = "heart_rate") -> list[tuple[Reading, ...]]:
    names = NAMES if part in METRICS.built_in else [*NAMES, part]
    bank = MetricBank(settings_with(part))
    taken = []
    todo = list(samples)
    last_beat_s = -math.inf
    for second in range(int(until_s) + 1):
        now_s = float(second)
        while todo and todo[0][0] <= now_s:
            for event in bank.feed(todo.pop(0)[1]):
                if isinstance(event, Beat):
                    assert event.time_s >= last_beat_s
                    last_beat_s = event.time_s
        if (window := bank.window(now_s)) is not None:
            bank.feed(compute(window))
        taken.append(bank.read(now_s))
        check(taken[-1], now_s, names)
    return taken


def chunk_of(signal: Signal, start_s: float, values: np.ndarray) -> Chunk:
    rate_hz = RATES_HZ.get(signal, 1.0)
    chunk = Chunk.regular(signal, "odd", start_s, rate_hz, values)
    return replace(chunk, rate_hz=None) if signal is Signal.RR else chunk


def test_without_data_every_reading_is_there_and_empty(part: str) -> None:
    for readings in run([], 100.0, part):
        assert all(reading.value is None and reading.quality == 0.0 for reading in readings)


@pytest.mark.parametrize("signal", list(Signal))
def test_empty_chunks_mean_nothing(part: str, signal: Signal) -> None:
    empty = Chunk.events(signal, "odd", [], np.zeros((0, 1)))
    assert run([(1.0, empty)], 5.0, part) == run([], 5.0, part)


@pytest.mark.parametrize("seed", range(10))
def test_odd_and_gappy_input_is_survived(part: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples: Timed = []
    now_s = 0.0
    for _ in range(8):
        signal = list(Signal)[rng.integers(len(Signal))]
        pause_s = rng.uniform(0.0, 30.0)
        if gap := rng.random() < 0.5:
            samples.append((now_s + pause_s, Gap(signal, "odd", now_s, now_s + pause_s, "link")))
        now_s += pause_s
        values = rng.uniform(0.2, 2.5, rng.integers(30))
        nonsense = rng.random(len(values)) < 0.2
        values[nonsense] = rng.choice([0.0, math.nan, math.inf, -math.inf, 1e30], nonsense.sum())
        samples.append((now_s, chunk_of(signal, now_s, values)))
        now_s += len(values) / RATES_HZ.get(signal, 1.0)
        samples.append((now_s, SensorStatus("odd", now_s, "streaming", contact=not gap)))
    run(samples, now_s + 5.0, part)


def test_equal_input_gives_equal_readings(part: str) -> None:
    rng = np.random.default_rng(5)
    rr_s = rng.normal(0.8, 0.03, 200)
    breath = np.sin(np.arange(1600) / 10.0 * 2.0 * np.pi * 0.2)
    samples: Timed = [
        (160.0, Chunk.events(Signal.RR, "strap", np.cumsum(rr_s), rr_s)),
        (160.0, Chunk.regular(Signal.EDA, "band", 0.0, 4.0, 2.0 + rng.normal(0.0, 0.1, 640))),
        (160.0, Chunk.regular(Signal.RESP, "belt", 0.0, 10.0, breath)),
    ]
    assert run(samples, 165.0, part) == run(samples, 165.0, part)


@pytest.mark.parametrize("signal", list(Signal))
@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0, 0.0, 5.0, 1e30])
def test_a_stuck_or_broken_sensor_is_never_believed(
    part: str, signal: Signal, value: float
) -> None:
    """A sensor that sends one value for ever: what it says is missing, or a plausible constant."""
    rate_hz = RATES_HZ.get(signal, 1.0)
    samples: Timed = [
        (second + 1.0, chunk_of(signal, second, np.full(int(rate_hz), value)))
        for second in range(90)
    ]
    last = {reading.name: reading for reading in run(samples, 91.0, part)[-1]}
    for name in ("heart_rate", "rmssd", "breathing_rate", "coherence", "stress_index"):
        assert last[name].quality == 0.0


@pytest.mark.parametrize("signal", list(Signal))
def test_chunks_that_come_twice_or_too_late_change_nothing(part: str, signal: Signal) -> None:
    rng, rate_hz = np.random.default_rng(6), RATES_HZ.get(signal, 1.0)
    level = {Signal.RR: 0.95, Signal.HR: 60.0, Signal.TEMP: 33.0, Signal.EDA: 2.0}.get(signal, 0.0)
    once: Timed = []
    twice: Timed = []
    for second in range(90):
        values = level + 0.02 * rng.normal(size=int(rate_hz))
        chunk = chunk_of(signal, second, values)
        once.append((second + 1.0, chunk))
        twice += [(second + 1.0, chunk), (second + 1.0, chunk)]
        if second > 3:
            twice.append((second + 1.0, once[-3][1]))
    assert run(twice, 91.0, part) == run(once, 91.0, part)
