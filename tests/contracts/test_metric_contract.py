"""What every metric keeps to, whatever the sensors send."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.metrics.base import Reading
from biofeedback.metrics.beats import Beat
from biofeedback.metrics.windowed import compute
from sensors.base import Sample, SensorStatus
from sensors.signals import Chunk, Gap, Signal

#: What a living person can show, by name of the reading.
PLAUSIBLE = {
    "heart_rate": (30.0, 200.0),
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

ODD = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True, width=32), st.floats(0.2, 2.5), st.just(0.0)
)
SIGNALS = st.sampled_from(list(Signal))
RATES_HZ = {Signal.EDA: 4.0, Signal.PPG: 64.0, Signal.ECG: 130.0, Signal.ACC: 32.0}


def check(readings: tuple[Reading, ...], now_s: float) -> None:
    assert [reading.name for reading in readings] == NAMES
    for reading in readings:
        assert 0.0 <= reading.quality <= 1.0
        assert 0.0 <= reading.coverage <= 1.0
        assert reading.window_s > 0.0
        assert reading.time_s <= now_s
        assert reading.value is not None or reading.quality == 0.0
        assert reading.value is None or reading.coverage >= 0.5
        if reading.value is not None:
            low, high = PLAUSIBLE[reading.name]
            assert math.isfinite(reading.value)
            assert low <= reading.value <= high, reading


def run(samples: list[tuple[float, Sample]], until_s: float) -> list[tuple[Reading, ...]]:
    bank = MetricBank(MetricSettings())
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
        check(taken[-1], now_s)
    return taken


def test_without_data_every_reading_is_there_and_empty() -> None:
    for readings in run([], 100.0):
        assert all(reading.value is None and reading.quality == 0.0 for reading in readings)


@pytest.mark.parametrize("signal", list(Signal))
def test_empty_chunks_mean_nothing(signal: Signal) -> None:
    empty = Chunk.events(signal, "odd", [], np.zeros((0, 1)))
    assert run([(1.0, empty)], 5.0) == run([], 5.0)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            SIGNALS,
            st.sampled_from(["a", "b"]),
            st.lists(ODD, max_size=30),
            st.booleans(),
            st.floats(0.0, 30.0),
        ),
        max_size=8,
    )
)
def test_odd_and_gappy_input_is_survived(pieces: list) -> None:
    samples: list[tuple[float, Sample]] = []
    now_s = 0.0
    for signal, source, values, gap, pause_s in pieces:
        rate_hz = RATES_HZ.get(signal, 1.0)
        if gap:
            samples.append((now_s + pause_s, Gap(signal, source, now_s, now_s + pause_s, "link")))
        now_s += pause_s
        chunk = Chunk.regular(signal, source, now_s, rate_hz, np.array(values, dtype=float))
        if signal is Signal.RR:
            chunk = replace(chunk, rate_hz=None)
        now_s += len(values) / rate_hz
        samples.append((now_s, chunk))
        samples.append((now_s, SensorStatus(source, now_s, "streaming", contact=not gap)))
    run(samples, now_s + 5.0)


def test_equal_input_gives_equal_readings() -> None:
    rng = np.random.default_rng(5)
    rr_s = rng.normal(0.8, 0.03, 200)
    samples: list[tuple[float, Sample]] = [
        (160.0, Chunk.events(Signal.RR, "strap", np.cumsum(rr_s), rr_s)),
        (160.0, Chunk.regular(Signal.EDA, "band", 0.0, 4.0, 2.0 + rng.normal(0.0, 0.1, 640))),
    ]
    assert run(samples, 165.0) == run(samples, 165.0)


@pytest.mark.slow
@pytest.mark.parametrize("signal", list(Signal))
@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0, 0.0, 5.0, 1e30])
def test_a_stuck_or_broken_sensor_is_never_believed(signal: Signal, value: float) -> None:
    """A sensor that sends one value for ever: what it says is missing, or a plausible constant."""
    rate_hz = RATES_HZ.get(signal, 1.0)
    samples: list[tuple[float, Sample]] = []
    for second in range(90):
        chunk = Chunk.regular(signal, "odd", second, rate_hz, np.full(int(rate_hz), value))
        chunk = replace(chunk, rate_hz=None) if signal is Signal.RR else chunk
        samples.append((second + 1.0, chunk))
    last = {reading.name: reading for reading in run(samples, 91.0)[-1]}
    for name in ("heart_rate", "rmssd", "breathing_rate", "coherence", "stress_index"):
        assert last[name].quality == 0.0


@pytest.mark.parametrize("signal", [s for s in Signal if s is not Signal.RESP])
def test_chunks_that_come_twice_or_too_late_change_nothing(signal: Signal) -> None:
    rng, rate_hz = np.random.default_rng(6), RATES_HZ.get(signal, 1.0)
    level = {Signal.RR: 0.95, Signal.HR: 60.0, Signal.TEMP: 33.0, Signal.EDA: 2.0}.get(signal, 0.0)
    once: list[tuple[float, Sample]] = []
    twice: list[tuple[float, Sample]] = []
    for second in range(90):
        values = level + 0.02 * rng.normal(size=int(rate_hz))
        chunk = Chunk.regular(signal, "band", second, rate_hz, values)
        chunk = replace(chunk, rate_hz=None) if signal is Signal.RR else chunk
        once.append((second + 1.0, chunk))
        twice += [(second + 1.0, chunk), (second + 1.0, chunk)]
        if second > 3:
            twice.append((second + 1.0, once[-3][1]))
    assert run(twice, 91.0) == run(once, 91.0)
