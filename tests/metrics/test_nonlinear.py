"""Claims about the nonlinear indices, on series whose indices are known."""

from pathlib import Path

import numpy as np
import pytest

from biofeedback.metrics.beats import Beat
from biofeedback.metrics.nonlinear import longest_run, nonlinear


def test_white_noise_scales_with_one_half_and_its_sum_with_three_halves() -> None:
    white = 800.0 + np.random.default_rng(1).normal(0.0, 20.0, 1000)
    flat, walk = nonlinear(white), nonlinear(800.0 + np.cumsum(white - 800.0) / 20.0)
    assert flat is not None
    assert walk is not None
    assert flat.dfa_alpha1 == pytest.approx(0.55, abs=0.1)  # short scales lie a little above 1/2
    assert walk.dfa_alpha1 == pytest.approx(1.5, abs=0.15)
    assert flat.sd1_sd2 == pytest.approx(1.0, abs=0.1)


def test_a_regular_rhythm_has_less_entropy_than_noise() -> None:
    rng = np.random.default_rng(2)
    wave = 800.0 + 50.0 * np.sin(np.arange(400) / 3.0)
    regular, noise = nonlinear(wave), nonlinear(800.0 + rng.normal(0.0, 35.0, 400))
    assert regular is not None
    assert noise is not None
    assert regular.sample_entropy is not None
    assert noise.sample_entropy is not None
    assert regular.sample_entropy < 0.5 < 1.8 < noise.sample_entropy


@pytest.mark.parametrize("nn_ms", [np.full(500, 800.0), np.array([]), 800.0 + np.arange(199.0)])
def test_too_little_gives_nothing(nn_ms: np.ndarray) -> None:
    assert nonlinear(nn_ms) is None


def test_a_run_ends_where_neighbours_do() -> None:
    beats = [Beat(float(n), 800.0 + n, "normal", joined=n not in (0, 3)) for n in range(10)]
    beats.insert(6, Beat(5.5, 300.0, "extra"))
    assert longest_run(beats).tolist() == [803.0, 804.0, 805.0, 806.0, 807.0, 808.0, 809.0]
    assert len(longest_run([])) == 0


@pytest.mark.recordings
def test_the_matlab_windows_have_the_same_sample_entropy(recordings: Path) -> None:
    table = np.genfromtxt(
        recordings / "hrv_reference" / "matlab_windows.csv",
        delimiter=",", names=True, usecols=("t_start", "t_end", "SampEn"), encoding="utf-8",
    )  # fmt: skip
    beats = np.genfromtxt(
        recordings / "hrv_reference" / "nsr001_rr_fs125.csv",
        delimiter=",", names=True, usecols=("t_end_s", "rr_ms"), encoding="utf-8",
    )  # fmt: skip
    errors = []
    for line in table[::6]:
        inside = (beats["t_end_s"] >= line["t_start"]) & (beats["t_end_s"] < line["t_end"])
        found = nonlinear(beats["rr_ms"][inside])
        assert found is not None
        assert found.sample_entropy is not None
        errors.append(abs(found.sample_entropy / line["SampEn"] - 1.0))
    assert np.median(errors) < 0.01


@pytest.mark.recordings
def test_the_indices_are_those_of_neurokit2(recordings: Path) -> None:
    import neurokit2

    nn_ms = np.loadtxt(recordings / "polar_rr" / "rest_rri.txt")
    found = nonlinear(nn_ms)
    assert found is not None
    entropy, _ = neurokit2.entropy_sample(
        nn_ms, delay=1, dimension=2, tolerance=0.2 * float(nn_ms.std(ddof=1))
    )
    alpha, _ = neurokit2.fractal_dfa(nn_ms, scale=np.arange(4, 17))
    assert found.sample_entropy == pytest.approx(float(entropy), rel=1e-9)
    assert found.dfa_alpha1 == pytest.approx(float(alpha), rel=1e-9)
