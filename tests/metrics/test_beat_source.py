"""Claims about which origin of beats the metrics listen to, and what motion does to it."""

from itertools import pairwise

import numpy as np
import pytest

from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.metrics.base import Reading
from biofeedback.metrics.beats import Beat
from sensors.signals import Chunk, FloatArray, Signal

RATE_HZ = {Signal.ECG: 130.0, Signal.PPG: 64.0}
WIDTH_S = {Signal.ECG: 0.012, Signal.PPG: 0.1}


def wave(signal: Signal, rr_s: float, start_s: float, end_s: float) -> Chunk:
    rate_hz = RATE_HZ[signal]
    times_s = np.arange(round(start_s * rate_hz), round(end_s * rate_hz)) / rate_hz
    phase_s = (times_s + rr_s / 2) % rr_s - rr_s / 2
    values = np.exp(-((phase_s / WIDTH_S[signal]) ** 2) / 2)
    return Chunk.regular(signal, "band", float(times_s[0]), rate_hz, values)


def intervals(rr_s: float, start_s: float, end_s: float) -> Chunk:
    times_s = np.arange(np.ceil(start_s / rr_s), np.ceil(end_s / rr_s)) * rr_s
    return Chunk.events(Signal.RR, "strap", times_s, np.full(len(times_s), rr_s))


def shaking(size_g: float, start_s: float, end_s: float) -> Chunk:
    times_s = np.arange(round(32 * start_s), round(32 * end_s)) / 32.0
    along: FloatArray = 1.0 + size_g * np.sign(np.sin(2 * np.pi * 3.0 * times_s))
    return Chunk.regular(Signal.ACC, "band", start_s, 32.0, np.c_[0 * along, 0 * along, along])


def readings(bank: MetricBank, now_s: float) -> dict[str, Reading]:
    return {reading.name: reading for reading in bank.read(now_s)}


def heart_rate(bank: MetricBank, now_s: float) -> float | None:
    return readings(bank, now_s)["heart_rate"].value


@pytest.mark.parametrize("signal", [Signal.ECG, Signal.PPG])
def test_a_waveform_alone_gives_all_that_beats_give(signal: Signal) -> None:
    bank = MetricBank(MetricSettings())
    for second in range(70):
        bank.feed(wave(signal, 0.8, second, second + 1.0))
    assert heart_rate(bank, 70.0) == pytest.approx(75.0, abs=0.2)
    rmssd = readings(bank, 70.0)["rmssd"]
    assert rmssd.value is not None
    assert rmssd.value < 2.0
    if signal is Signal.ECG:
        assert rmssd.quality > 0.95
    else:  # transit times vary by themselves
        assert 0.2 < rmssd.quality < 0.3


def test_a_devices_own_intervals_are_preferred_to_its_waveform() -> None:
    bank = MetricBank(MetricSettings())
    for second in range(60):
        bank.feed(intervals(1.0, second, second + 1.0))
        bank.feed(wave(Signal.PPG, 0.8, second, second + 1.0))
    assert heart_rate(bank, 60.0) == pytest.approx(60.0)


def test_a_pulse_wave_stands_in_when_intervals_stay_away_and_steps_back_later() -> None:
    bank, events, rates = MetricBank(MetricSettings()), [], {}
    for second in range(200):
        if not 60 <= second < 130:
            events += bank.feed(intervals(1.0, second, second + 1.0))
        events += bank.feed(wave(Signal.PPG, 0.8, second, second + 1.0))
        rates[second] = heart_rate(bank, second + 1.0)
    assert rates[59] == pytest.approx(60.0)
    assert rates[110] == pytest.approx(75.0, abs=0.2)
    assert rates[199] == pytest.approx(60.0)
    beats = [event for event in events if isinstance(event, Beat)]
    assert all(later.time_s > earlier.time_s for earlier, later in pairwise(beats))
    assert all(b.rr_ms == pytest.approx(a.rr_ms, abs=5) for a, b in pairwise(beats) if b.joined)


def test_a_shaken_pulse_wave_counts_as_missing() -> None:
    bank = MetricBank(MetricSettings())
    for second in range(60):
        bank.feed(shaking(0.0 if second < 30 else 0.5, second, second + 1.0))
        bank.feed(wave(Signal.PPG, 0.8, second, second + 1.0))
        if second == 29:
            assert heart_rate(bank, 30.0) == pytest.approx(75.0, abs=0.2)
    assert heart_rate(bank, 60.0) is None


def test_motion_lowers_the_trust_in_skin() -> None:
    quality = {}
    for size_g in (0.0, 0.5):
        bank = MetricBank(MetricSettings())
        for second in range(60):
            bank.feed(shaking(size_g, second, second + 1.0))
            bank.feed(Chunk.regular(Signal.EDA, "band", second, 4.0, np.full(4, 2.0)))
        found = readings(bank, 60.0)
        assert found["motion"].value == pytest.approx(size_g, rel=0.05)
        quality[size_g] = found["scl"].quality
    assert quality[0.5] == pytest.approx(quality[0.0] / 2)


def test_a_devices_rate_is_worth_little_once_its_beats_are_lost() -> None:
    without, lost = MetricBank(MetricSettings()), MetricBank(MetricSettings())
    lost.feed(intervals(0.8, 0.0, 20.0))
    for bank in (without, lost):
        bank.feed(Chunk.regular(Signal.HR, "strap", 20.0, 1.0, np.full(40, 58.0)))
    weak, usual = readings(lost, 60.0)["heart_rate"], readings(without, 60.0)["heart_rate"]
    assert weak.value == usual.value == 58.0
    assert weak.quality < usual.quality / 2


@pytest.mark.parametrize(("value_c", "worn"), [(33.0, True), (22.0, False)])
def test_skin_temperature_shows_whether_the_sensor_is_worn(value_c: float, worn: bool) -> None:
    bank = MetricBank(MetricSettings())
    bank.feed(Chunk.regular(Signal.TEMP, "band", 0.0, 4.0, np.full(80, value_c)))
    reading = readings(bank, 20.0)["skin_temperature"]
    assert reading.value == pytest.approx(value_c)
    assert (reading.quality > 0.9) == worn


@pytest.mark.parametrize("value_c", [np.nan, np.inf, -5.0, 80.0])
def test_what_no_skin_has_is_no_temperature(value_c: float) -> None:
    bank = MetricBank(MetricSettings())
    bank.feed(Chunk.regular(Signal.TEMP, "band", 0.0, 4.0, np.full(80, value_c)))
    assert readings(bank, 20.0)["skin_temperature"].value is None


NOISES = {
    "white": lambda t, rng: rng.normal(size=len(t)),
    "drift": lambda t, rng: np.cumsum(rng.normal(size=len(t))),
    "tone": lambda t, rng: np.sin(2 * np.pi * 17.0 * t),
    "square": lambda t, rng: np.sign(np.sin(2 * np.pi * 3.3 * t)),
    "saturated": lambda t, rng: np.clip(20.0 * rng.normal(size=len(t)), -5.0, 5.0),
    "constant": lambda t, rng: np.full(len(t), 3.3),
}


@pytest.mark.parametrize("signal", [Signal.ECG, Signal.PPG])
@pytest.mark.parametrize("kind", NOISES)
def test_what_is_no_heart_is_never_taken_for_one_with_confidence(signal: Signal, kind: str) -> None:
    rate_hz, bank = RATE_HZ[signal], MetricBank(MetricSettings())
    times_s = np.arange(int(120 * rate_hz)) / rate_hz
    values = NOISES[kind](times_s, np.random.default_rng(2))
    for second in range(120):
        piece = values[int(second * rate_hz) : int((second + 1) * rate_hz)]
        bank.feed(Chunk.regular(signal, "band", float(second), rate_hz, piece))
        found = readings(bank, second + 1.0)
        assert found["heart_rate"].quality < 0.45
        assert found["rmssd"].quality < 0.3
