"""Claims about RMSSD, SDNN, pNN50 and heart rate over sliding windows."""

import math
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.metrics.base import Reading
from biofeedback.metrics.beat_window import BeatWindow
from biofeedback.metrics.beats import Beat
from sensors.signals import Chunk, Gap, Signal


def rr_chunk(rr_ms: list[float], start_s: float = 0.0) -> Chunk:
    times = start_s + np.cumsum(rr_ms) / 1000.0
    return Chunk.events(Signal.RR, "strap", times, np.asarray(rr_ms) / 1000.0)


def readings(bank: MetricBank, now_s: float) -> dict[str, Reading]:
    return {reading.name: reading for reading in bank.read(now_s)}


def test_values_match_a_calculation_by_hand() -> None:
    window = BeatWindow(60.0)
    time_s = 0.0
    for number, rr_ms in enumerate([800.0, 860.0, 810.0, 850.0]):
        time_s += rr_ms / 1000.0
        window.feed(Beat(time_s, rr_ms, "normal", number > 0))
    assert window.mean_ms() == 830.0
    assert window.rmssd_ms() == pytest.approx(math.sqrt((60**2 + 50**2 + 40**2) / 3), rel=1e-15)
    assert window.sdnn_ms() == pytest.approx(math.sqrt((900 + 900 + 400 + 400) / 3), rel=1e-15)
    assert window.pnn50_percent() == 25.0  # one of three steps exceeds 50 ms; over 3 + 1


def test_a_hundred_thousand_beats_leave_no_drift() -> None:
    window = BeatWindow(3.0)
    rng = np.random.default_rng(2)
    time_s = 0.0
    last: list[Beat] = []
    for rr_ms in (1000.0 * rng.integers(700, 900, 100_000) / 1024).tolist():
        time_s += rr_ms / 1000.0
        beat = Beat(time_s, rr_ms, "normal", True)
        window.feed(beat)
        last = [*last[-9:], beat]
    inside = [Fraction(beat.rr_ms) for beat in last if beat.time_s > time_s - 3.0]
    assert window.mean_ms() == float(sum(inside) / len(inside))


@pytest.mark.recordings
def test_all_agree_with_neurokit2_on_the_same_nn(recordings: Path) -> None:
    import neurokit2

    rr_ms = np.loadtxt(recordings / "polar_rr" / "rest_rri.txt").tolist()
    bank = MetricBank(MetricSettings())
    chunk = rr_chunk(rr_ms)
    beats: list[Beat] = []
    compared = 0
    for start in range(0, len(rr_ms) - 23, 23):
        part = slice(start, start + 23)
        beats += bank.feed(
            Chunk.events(Signal.RR, "strap", chunk.times_s[part], chunk.values[part])
        )
        now_s = float(chunk.times_s[start + 22])
        got = readings(bank, now_s)
        inside = [beat for beat in beats if beat.time_s > now_s - 60.0]
        if now_s < 60.0 or not all(beat.is_nn for beat in inside):
            continue
        nn = np.array([beat.rr_ms for beat in inside]).round(6)
        truth = neurokit2.hrv_time({"RRI": nn, "RRI_Time": np.cumsum(nn) / 1000.0}).iloc[0]
        assert got["rmssd"].value == pytest.approx(truth["HRV_RMSSD"], rel=1e-9)
        assert got["sdnn"].value == pytest.approx(truth["HRV_SDNN"], rel=1e-9)
        assert got["pnn50"].value == pytest.approx(truth["HRV_pNN50"], rel=1e-9)
        compared += 1
    assert compared > 20


def test_ln_rmssd_is_the_logarithm_over_the_control_window() -> None:
    bank = MetricBank(MetricSettings(control_window_s=60.0))
    bank.feed(rr_chunk([800.0, 830.0] * 50))
    got = readings(bank, 80.0)
    assert got["rmssd"].value == pytest.approx(30.0)
    assert got["ln_rmssd"].value == pytest.approx(math.log(30.0))


def test_a_gap_of_twenty_seconds_is_not_bridged() -> None:
    bank = MetricBank(MetricSettings())
    bank.feed(rr_chunk([700.0] * 40))
    bank.feed(Gap(Signal.RR, "strap", 28.0, 48.0, "link"))
    bank.feed(rr_chunk([790.0] * 40, start_s=48.0))
    rmssd = readings(bank, 78.0)["rmssd"]
    assert rmssd.value == 0.0
    assert rmssd.coverage < 0.75


def test_no_value_below_half_coverage_and_less_quality_below_four_fifths() -> None:
    bank = MetricBank(MetricSettings())
    bank.feed(rr_chunk([800.0, 820.0] * 17))  # 27.5 s
    early = readings(bank, 28.0)["rmssd"]
    assert early.value is None
    assert early.quality == 0.0
    assert 0.4 < early.coverage < 0.5
    bank.feed(rr_chunk([800.0, 820.0] * 10, start_s=27.54))
    partial = readings(bank, 44.0)["rmssd"]
    assert partial.value is not None
    assert 0.5 < partial.coverage < 0.8
    assert partial.quality < partial.coverage / 1.9
    bank.feed(rr_chunk([800.0, 820.0] * 12, start_s=43.74))
    full = readings(bank, 63.2)["rmssd"]
    assert full.coverage > 0.95
    assert full.quality > 0.95


def test_readings_fade_and_end_when_the_strap_falls_silent() -> None:
    bank = MetricBank(MetricSettings())
    bank.feed(rr_chunk([800.0, 820.0] * 75))
    qualities = [readings(bank, 121.0 + later)["ln_rmssd"].quality for later in range(30)]
    assert qualities[0] > 0.95
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(qualities))
    assert readings(bank, 152.0)["ln_rmssd"].value is None


def test_heart_rate_follows_a_change_within_its_window() -> None:
    bank = MetricBank(MetricSettings())
    bank.feed(rr_chunk([1000.0] * 30 + [900.0] * 15))
    assert readings(bank, 43.5)["heart_rate"].value == pytest.approx(60_000 / 900, rel=1e-12)


def test_the_rate_of_the_device_serves_only_while_there_are_no_beats() -> None:
    bank = MetricBank(MetricSettings())
    bank.feed(Chunk.regular(Signal.HR, "band", 0.0, 1.0, [90.0] * 40))
    alone = readings(bank, 39.0)["heart_rate"]
    assert alone.value == 90.0
    assert 0.0 < alone.quality < 0.7
    bank.feed(rr_chunk([1000.0] * 20, start_s=19.0))
    assert readings(bank, 39.0)["heart_rate"].value == 60.0


def test_beats_of_a_second_source_are_ignored_until_the_first_is_silent() -> None:
    bank = MetricBank(MetricSettings())
    other = Chunk.events(Signal.RR, "other", [20.0], [0.5])
    bank.feed(rr_chunk([800.0] * 25))
    assert bank.feed(other) == ()
    late = Chunk.events(Signal.RR, "other", [60.0, 60.5, 61.0], [0.5, 0.5, 0.5])
    assert [event.time_s for event in bank.feed(late)] == pytest.approx([20.0, 60.0, 60.5])
