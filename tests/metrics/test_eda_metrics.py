"""Claims about skin conductance: level, responses and what is not trusted."""

from pathlib import Path

import numpy as np
import pytest

from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.metrics.base import Reading
from biofeedback.metrics.scr import Scr
from sensors.base import SensorStatus
from sensors.signals import Chunk, FloatArray, Gap, Signal


def eda(values: FloatArray, rate_hz: float = 4.0, start_s: float = 0.0) -> Chunk:
    return Chunk.regular(Signal.EDA, "band", start_s, rate_hz, values)


def response(times_s: FloatArray, onset_s: float, size_us: float) -> FloatArray:
    """A response that rises within about 2 s and decays with a time constant of 5 s."""
    since = np.clip(times_s - onset_s, 0.0, None)
    shape = np.exp(-since / 5.0) - np.exp(-since / 0.75)
    return size_us * shape / 0.6


def readings(bank: MetricBank, now_s: float) -> dict[str, Reading]:
    return {reading.name: reading for reading in bank.read(now_s)}


@pytest.mark.parametrize("rate_hz", [4.0, 15.0, 32.0, 100.0])
@pytest.mark.parametrize("noise_us", [0.0, 0.001])
def test_a_flat_signal_has_no_responses(rate_hz: float, noise_us: float) -> None:
    noise = np.random.default_rng(3).normal(0.0, 1.0, int(120 * rate_hz))
    bank = MetricBank(MetricSettings())
    assert bank.feed(eda(2.0 + noise_us * noise, rate_hz)) == ()
    assert readings(bank, 120.0)["scr_rate"].value == 0.0


def test_a_slow_drift_has_no_responses() -> None:
    assert MetricBank(MetricSettings()).feed(eda(2.0 + 0.02 * np.arange(1200) / 4.0)) == ()


@pytest.mark.parametrize("rate_hz", [4.0, 100.0])
@pytest.mark.parametrize("size_us", [0.15, 1.0, 5.0])
def test_each_response_is_found_once_and_early(rate_hz: float, size_us: float) -> None:
    times = np.arange(0.0, 120.0, 1.0 / rate_hz)
    onsets = [20.0, 45.0, 80.0]
    signal = 2.0 + sum(response(times, onset, size_us) for onset in onsets)
    bank = MetricBank(MetricSettings())
    found = [event for event in bank.feed(eda(signal, rate_hz)) if isinstance(event, Scr)]
    assert [scr.onset_s for scr in found] == pytest.approx(onsets, abs=0.6)
    for scr in found:
        assert 0.0 < scr.alarm_s - scr.onset_s <= 1.5
        assert scr.onset_s < scr.alarm_s <= scr.peak_s <= scr.time_s <= scr.onset_s + 6.5
        assert scr.amplitude_us == pytest.approx(size_us, rel=0.35)
    assert readings(bank, 120.0)["scr_rate"].value == pytest.approx(1.0, rel=0.02)


def test_the_level_is_a_causal_low_pass() -> None:
    bank = MetricBank(MetricSettings())
    bank.feed(eda(np.r_[np.full(240, 2.0), np.full(240, 3.0)]))
    assert readings(bank, 120.0)["scl"].value == pytest.approx(3.0, abs=1e-4)
    bank = MetricBank(MetricSettings())
    bank.feed(eda(np.r_[np.full(240, 2.0), np.full(32, 3.0)]))
    level = readings(bank, 68.0)["scl"].value
    assert level is not None
    assert 2.4 < level < 2.8


def test_a_jump_that_skin_cannot_make_is_cut_out_with_a_guard() -> None:
    bank = MetricBank(MetricSettings())
    found = bank.feed(eda(np.r_[np.full(400, 2.0), np.full(4, 30.0), np.full(40, 2.0)]))
    assert found == ()
    assert readings(bank, 111.0)["scl"].value == pytest.approx(2.0)
    assert readings(bank, 111.0)["scl"].coverage < 0.8


@pytest.mark.parametrize("value_us", [np.nan, -1.0, 80.0])
def test_impossible_samples_count_as_missing(value_us: float) -> None:
    bank = MetricBank(MetricSettings())
    bank.feed(eda(np.r_[np.full(240, 2.0), np.full(120, value_us)]))
    scl = readings(bank, 90.0)["scl"]
    assert scl.value is None
    assert scl.quality == 0.0


def test_a_dry_wrist_is_flagged_and_kept() -> None:
    dry, moist = MetricBank(MetricSettings()), MetricBank(MetricSettings())
    ripple = 0.001 * (np.arange(400) % 2)
    dry.feed(eda(0.03 + ripple))
    moist.feed(eda(0.3 + ripple))
    assert readings(dry, 100.0)["scl"].value == pytest.approx(0.03, abs=0.001)
    assert readings(dry, 100.0)["scl"].quality < 0.6 < readings(moist, 100.0)["scl"].quality


def test_a_gap_starts_the_level_anew() -> None:
    bank = MetricBank(MetricSettings())
    bank.feed(eda(np.full(400, 2.0)))
    bank.feed(Gap(Signal.EDA, "band", 100.0, 130.0, "link"))
    assert bank.feed(eda(np.full(80, 4.0), start_s=130.0)) == ()
    assert readings(bank, 150.0)["scl"].value == 4.0


def test_lost_contact_lowers_the_quality() -> None:
    bank = MetricBank(MetricSettings())
    bank.feed(eda(2.0 + 0.001 * (np.arange(400) % 2)))
    before = readings(bank, 100.0)["scl"].quality
    bank.feed(SensorStatus("band", 100.0, "streaming", contact=False))
    assert readings(bank, 100.0)["scl"].quality < before / 3


@pytest.mark.parametrize("rate_hz", [15.0, 32.0, 100.0])
def test_how_skin_is_cut_into_chunks_changes_nothing(rate_hz: float) -> None:
    times = np.arange(0.0, 60.0, 1.0 / rate_hz)
    signal = 2.0 + response(times, 20.0, 1.0) + response(times, 40.0, 0.3)
    whole, pieces = MetricBank(MetricSettings()), MetricBank(MetricSettings())
    events = list(whole.feed(eda(signal, rate_hz)))
    found = []
    for start in range(0, len(signal), 7):
        piece = signal[start : start + 7]
        found += pieces.feed(Chunk.regular(Signal.EDA, "band", times[start], rate_hz, piece))
    assert [scr.onset_s for scr in found] == pytest.approx([scr.onset_s for scr in events])
    assert len(found) == 2
    for name in ("scl", "scr_rate"):
        mine, theirs = readings(pieces, 60.0)[name], readings(whole, 60.0)[name]
        assert mine.value == pytest.approx(theirs.value)


def test_a_rise_that_stays_small_is_no_response() -> None:
    times = np.arange(0.0, 60.0, 0.25)
    bank = MetricBank(MetricSettings())
    assert bank.feed(eda(2.0 + response(times, 20.0, 0.04))) == ()
    assert readings(bank, 60.0)["scr_rate"].value == 0.0


def test_skin_drying_out_again_after_a_response_is_no_response() -> None:
    times = np.arange(0.0, 90.0, 0.25)
    bank = MetricBank(MetricSettings())
    found = bank.feed(eda(2.0 + response(times, 20.0, 3.0) - 0.01 * times))
    assert len(found) == 1


@pytest.mark.recordings
def test_responses_are_those_of_neurokit2(recordings: Path) -> None:
    import neurokit2
    import pandas as pd

    frame = pd.read_csv(recordings / "neurokit" / "bio_eventrelated_100hz.csv")
    signal = frame["EDA"].to_numpy()
    clean = neurokit2.eda_clean(signal, sampling_rate=100)
    phasic = neurokit2.eda_phasic(clean, sampling_rate=100)["EDA_Phasic"].to_numpy()
    _, info = neurokit2.eda_peaks(phasic, sampling_rate=100, amplitude_min=0)
    onsets, peaks = info["SCR_Onsets"].astype(int), info["SCR_Peaks"].astype(int)
    rises_us = np.minimum(info["SCR_Amplitude"], signal[peaks] - signal[onsets])
    expected_s = peaks[rises_us >= 0.05] / 100.0
    found = [scr.peak_s for scr in MetricBank(MetricSettings()).feed(eda(signal, 100.0))]
    hits = sum(min(abs(expected_s - peak_s)) <= 1.5 for peak_s in found)
    assert 2 * hits / (len(found) + len(expected_s)) >= 0.9
