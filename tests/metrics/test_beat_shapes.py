"""Claims about SD1, SD2, Baevsky's stress index and coherence."""

import math
from pathlib import Path
from random import Random

import numpy as np
import pytest

from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.metrics.base import Reading
from biofeedback.metrics.beat_window import BeatWindow
from biofeedback.metrics.beats import Beat
from biofeedback.metrics.coherence import coherence_ratio
from biofeedback.metrics.stress_index import sqrt_stress_index
from sensors.signals import FloatArray
from sensors.simulated.body import BodySettings, SimulatedBody


def window_of(rr_ms: FloatArray, window_s: float = 1e6) -> BeatWindow:
    window = BeatWindow(window_s)
    for number, (time_s, rr) in enumerate(zip(np.cumsum(rr_ms) / 1000.0, rr_ms, strict=True)):
        window.feed(Beat(float(time_s), float(rr), "normal", number > 0))
    return window


def spreads(rr_ms: FloatArray) -> tuple[float, float]:
    steps, sums = np.diff(rr_ms), rr_ms[1:] + rr_ms[:-1]
    return float(steps.std(ddof=1) / math.sqrt(2)), float(sums.std(ddof=1) / math.sqrt(2))


@pytest.mark.recordings
def test_the_poincare_plot_is_neurokit2s(recordings: Path) -> None:
    import neurokit2

    rr_ms = np.loadtxt(recordings / "polar_rr" / "rest_rri.txt")[:150]
    expected = neurokit2.hrv_nonlinear({"RRI": rr_ms, "RRI_Time": np.cumsum(rr_ms) / 1000.0})
    window = window_of(rr_ms)
    assert window.sd1_ms() == pytest.approx(float(expected["HRV_SD1"].iloc[0]), rel=1e-9)
    assert window.sd2_ms() == pytest.approx(float(expected["HRV_SD2"].iloc[0]), rel=1e-9)


def test_a_sliding_window_forgets_what_has_left_it() -> None:
    rr_ms = np.random.default_rng(1).integers(700, 900, 5000).astype(float)
    window = window_of(rr_ms, 30.0)
    times_s = np.cumsum(rr_ms) / 1000.0
    inside = rr_ms[times_s > times_s[-1] - 30.0]
    assert (window.sd1_ms(), window.sd2_ms()) == pytest.approx(spreads(inside), rel=1e-12)
    assert window.nn_ms() == inside.tolist()


def test_few_beats_have_no_shape() -> None:
    window = window_of(np.array([800.0, 810.0]))
    assert window.sd1_ms() is None
    assert window.sd2_ms() is None


def test_the_stress_index_is_what_a_hand_calculates() -> None:
    # 30 of 40 intervals in one bin of 50 ms, the median 810 ms, the range 100 ms
    nn_ms = [810.0] * 30 + [760.0] * 5 + [860.0] * 5
    assert sqrt_stress_index(nn_ms) == pytest.approx(math.sqrt(75.0 / (2 * 0.81 * 0.1)))
    assert sqrt_stress_index([800.0] * 40) is None
    assert sqrt_stress_index(nn_ms[:19]) is None


def swinging(hz: float, size_ms: float, noise_ms: float = 0.0) -> FloatArray:
    rng, beats, time_s = Random(2), [], 0.0
    while time_s < 64.0:
        rr_ms = 850.0 + size_ms * math.sin(2 * math.pi * hz * time_s) + rng.gauss(0.0, noise_ms)
        time_s += rr_ms / 1000.0
        beats.append((time_s, rr_ms))
    return np.array(beats).T


def test_one_slow_wave_is_coherent_and_noise_is_not() -> None:
    wave, noise = coherence_ratio(*swinging(0.1, 60.0)), coherence_ratio(*swinging(0.1, 0.0, 30.0))
    assert wave is not None
    assert noise is not None
    assert wave > 4.0
    assert noise < 0.6
    assert coherence_ratio(np.arange(64.0), np.full(64, 1000.0)) is None
    assert coherence_ratio(np.array([]), np.array([])) is None


def test_a_wave_outside_the_band_is_not_coherent() -> None:
    fast = coherence_ratio(*swinging(0.35, 60.0))
    assert fast is not None
    assert fast < 0.1


def test_a_body_shows_them_all_and_they_agree_with_rmssd() -> None:
    bank, body = MetricBank(MetricSettings()), SimulatedBody(BodySettings(seed=4), "body")
    for second in range(1, 121):
        for chunk in body.step(float(second)):
            bank.feed(chunk)
    found: dict[str, Reading] = {reading.name: reading for reading in bank.read(120.0)}
    value = {name: reading.value or math.nan for name, reading in found.items()}
    assert value["sd1"] == pytest.approx(value["rmssd"] / math.sqrt(2), rel=0.02)
    assert 0.0 < value["sd1"]
    assert 2.0 < value["stress_index"] < 40.0
    assert value["coherence"] > 0.0
