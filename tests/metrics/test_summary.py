"""Claims about the numbers that sum a whole recording up."""

import math
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from biofeedback.metrics.beats import Beat, BeatCleaner
from biofeedback.metrics.summary import eda_summary, hrv_summary, neighbours


def judged(rr_ms: list[float]) -> list[Beat]:
    cleaner, time_s, beats = BeatCleaner(), 0.0, []
    for interval_ms in rr_ms:
        time_s += interval_ms / 1000.0
        beats += cleaner.feed(time_s, interval_ms)
    return beats + cleaner.cut()


@pytest.mark.recordings
def test_a_recording_has_the_numbers_of_neurokit2(recordings: Path) -> None:
    import neurokit2

    nn_ms = np.array([
        beat.rr_ms
        for beat in judged(np.loadtxt(recordings / "polar_rr" / "rest_rri.txt").tolist())
        if beat.is_nn
    ])  # fmt: skip
    ends_s = np.cumsum(nn_ms) / 1000.0
    found = hrv_summary(neighbours(ends_s, nn_ms, [True] * len(nn_ms)))
    assert found is not None
    truth = neurokit2.hrv_time({"RRI": nn_ms, "RRI_Time": ends_s}).iloc[0]
    assert found.mean_nn_ms == pytest.approx(truth["HRV_MeanNN"], rel=1e-9)
    assert found.sdnn_ms == pytest.approx(truth["HRV_SDNN"], rel=1e-9)
    assert found.rmssd_ms == pytest.approx(truth["HRV_RMSSD"], rel=1e-9)
    assert found.pnn50_percent == pytest.approx(truth["HRV_pNN50"], rel=1e-9)
    assert found.lowest_bpm < found.heart_rate_bpm < found.highest_bpm
    assert found.nonlinear is not None


def test_neighbours_are_found_again_in_a_log_that_does_not_name_them() -> None:
    rng = np.random.default_rng(3)
    rr_ms = rng.normal(800.0, 30.0, 300)
    rr_ms[50] += rr_ms[51]  # a missed beat
    rr_ms[120], rr_ms[121] = 500.0, 1100.0  # an early one
    beats = judged(rr_ms.round(3).tolist())
    assert sum(not beat.is_nn for beat in beats) >= 3
    logged = neighbours(
        np.array([beat.time_s for beat in beats]).round(3),
        np.array([beat.rr_ms for beat in beats]),
        [beat.is_nn for beat in beats],
    )
    assert [beat.joined for beat in logged] == [beat.joined for beat in beats]
    mine, truth = hrv_summary(logged), hrv_summary(beats)
    assert mine is not None
    assert truth is not None
    assert mine.spectrum is not None
    assert truth.spectrum is not None  # the one number that depends on times, here in whole ms
    assert mine.spectrum.lf_hf == pytest.approx(truth.spectrum.lf_hf, rel=1e-3)
    assert replace(mine, spectrum=None) == replace(truth, spectrum=None)


def test_a_gap_joins_nothing() -> None:
    times_s = np.array([1.0, 2.0, 3.0, 14.0, 15.0])
    beats = neighbours(times_s, np.full(5, 1000.0), [True] * 5)
    assert [beat.joined for beat in beats] == [False, True, True, False, True]


def test_too_few_beats_and_no_skin_give_nothing() -> None:
    assert hrv_summary([]) is None
    assert hrv_summary(judged([800.0, 810.0] * 10)) is None
    assert eda_summary(np.array([]), 1.0, []) is None
    assert eda_summary(np.full(5, math.nan), 1.0, []) is None


def test_skin_is_summed_up_over_the_time_it_was_measured() -> None:
    level_us = np.concatenate((np.linspace(2.0, 4.0, 120), np.full(60, math.nan)))
    found = eda_summary(level_us, 1.0, [0.1, 0.3])
    assert found is not None
    assert (found.minutes, found.responses, found.responses_per_minute) == (2.0, 2, 1.0)
    assert found.median_us == pytest.approx(3.0)
    assert found.mean_amplitude_us == pytest.approx(0.2)
    silent = eda_summary(level_us, 1.0, [])
    assert silent is not None
    assert silent.mean_amplitude_us is None
