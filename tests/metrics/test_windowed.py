"""Claims about the metrics that need minutes of data."""

import csv
from pathlib import Path

import numpy as np
import pytest

from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.metrics.windowed import Window, compute, eda_parts, powers_ms2
from sensors.signals import Chunk, FloatArray, Signal


def breathing_nn(span_s: float, rate_hz: float, size_ms: float) -> tuple[FloatArray, FloatArray]:
    """NN intervals of 800 ms on average that swing with a single rhythm."""
    times, nn = [0.8], [800.0]
    while times[-1] < span_s:
        nn.append(800.0 + size_ms * np.sin(2 * np.pi * rate_hz * times[-1]))
        times.append(times[-1] + nn[-1] / 1000.0)
    return np.array(times), np.array(nn)


def window(times_s: FloatArray, nn_ms: FloatArray, **more: object) -> Window:
    return Window(
        start_s=0.0,
        end_s=300.0,
        rr_times_s=tuple(times_s.tolist()),
        rr_ms=tuple(nn_ms.tolist()),
        rr_clean=(True,) * len(nn_ms),
        **more,
    )


@pytest.mark.recordings
def test_lf_hf_agrees_with_the_matlab_toolbox(recordings: Path) -> None:
    folder = recordings / "hrv_reference"
    with (folder / "nsr001_rr_fs125.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["beat"] == "N"]
    ends_s = np.array([float(row["t_end_s"]) for row in rows])
    rr_ms = np.array([float(row["rr_ms"]) for row in rows])
    errors = []
    with (folder / "matlab_windows.csv").open() as file:
        for truth in csv.DictReader(file):
            inside = (ends_s >= float(truth["t_start"])) & (ends_s < float(truth["t_end"]))
            bands = powers_ms2(ends_s[inside], rr_ms[inside])
            assert bands is not None
            expected = float(truth["lf"]) / float(truth["hf"])
            errors.append(abs(bands.lf_ms2 / bands.hf_ms2 / expected - 1.0))
    assert len(errors) == 52
    assert max(errors) < 1e-4


@pytest.mark.parametrize(("rate_hz", "band"), [(0.02, 0), (0.1, 1), (0.25, 2)])
def test_a_rhythm_has_its_power_in_its_band(rate_hz: float, band: int) -> None:
    bands = powers_ms2(*breathing_nn(300.0, rate_hz, 40.0))
    assert bands is not None
    own = bands[band]
    assert own == pytest.approx(40.0**2 / 2, rel=0.1)
    assert sum(power for power in bands if power is not None) < 1.1 * own


def test_there_is_no_vlf_where_its_waves_do_not_fit() -> None:
    short, long = compute(window(*breathing_nn(240.0, 0.1, 40.0))), breathing_nn(300.0, 0.1, 40.0)
    assert short.lf_ms2 is not None
    assert short.vlf_ms2 is None
    assert compute(window(*long)).vlf_ms2 is not None


def test_there_is_no_spectrum_below_two_minutes() -> None:
    assert compute(window(*breathing_nn(115.0, 0.1, 40.0))).lf_hf is None
    assert compute(window(*breathing_nn(125.0, 0.1, 40.0))).lf_hf is not None


def test_a_gap_is_left_empty_and_lowers_the_coverage() -> None:
    times, nn = breathing_nn(300.0, 0.1, 40.0)
    kept = (times < 100.0) | (times > 160.0)
    result = compute(window(times[kept], nn[kept]))
    assert result.rr_coverage == pytest.approx(0.8, abs=0.01)
    assert result.lf_ms2 == pytest.approx(800.0, rel=0.15)


def test_beats_that_are_not_normal_do_not_count() -> None:
    times, nn = breathing_nn(300.0, 0.1, 40.0)
    clean = np.ones(len(nn), dtype=bool)
    clean[50] = False
    spoilt = nn.copy()
    spoilt[50] = 1900.0
    args = {"start_s": 0.0, "end_s": 300.0, "rr_times_s": tuple(times.tolist())}
    a = compute(Window(rr_ms=tuple(nn.tolist()), rr_clean=tuple(clean.tolist()), **args))
    b = compute(Window(rr_ms=tuple(spoilt.tolist()), rr_clean=tuple(clean.tolist()), **args))
    assert a == b


def test_tonic_and_phasic_parts_separate_a_level_from_a_ripple() -> None:
    times = np.arange(0.0, 240.0, 0.25)
    parts = eda_parts(3.0 + 0.2 * np.sin(2 * np.pi * 0.2 * times), 4.0)
    assert parts is not None
    assert parts[0] == pytest.approx(3.0, abs=0.02)
    assert parts[1] == pytest.approx(0.2 * 2 / np.pi, rel=0.1)
    assert eda_parts(np.full(100, 3.0), 4.0) is None
    assert eda_parts(np.array([]), 0.0) is None


def test_windows_end_on_the_grid_and_come_once() -> None:
    bank = MetricBank(MetricSettings())
    times, nn = breathing_nn(200.0, 0.1, 40.0)
    bank.feed(Chunk.events(Signal.RR, "strap", times, nn / 1000.0))
    assert bank.window(10.0) is None
    due = bank.window(197.3)
    assert due is not None
    assert due.end_s == 195.0
    assert max(due.rr_times_s) <= 195.0
    assert bank.window(197.8) is None


def test_a_result_becomes_readings_that_fade_with_age() -> None:
    bank = MetricBank(MetricSettings())
    times, nn = breathing_nn(200.0, 0.1, 40.0)
    bank.feed(Chunk.events(Signal.RR, "strap", times, nn / 1000.0))
    due = bank.window(195.0)
    assert due is not None
    bank.feed(compute(due))

    def lf_hf(now_s: float) -> tuple[float | None, float]:
        reading = next(r for r in bank.read(now_s) if r.name == "lf_hf")
        return reading.value, reading.quality

    fresh, ageing, old = lf_hf(196.0), lf_hf(250.0), lf_hf(300.0)
    assert fresh[0] == ageing[0] is not None
    assert fresh[1] > ageing[1] > 0.0
    assert old == (None, 0.0)
