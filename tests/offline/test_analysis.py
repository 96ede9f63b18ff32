"""A recording measured window by window gives what a hand calculation gives."""

import math
from pathlib import Path

import numpy as np
import pytest
from replayed_session import eda_csv, replayed, rr_text

from biofeedback.offline.analysis import Analysis, analyze
from sensors.errors import RecordingError


def values(analysis: Analysis, name: str) -> list[float | None]:
    return [
        reading.value
        for window in analysis.windows
        for reading in window.readings
        if reading.name == name
    ]


def test_each_window_is_measured_from_its_first_beat_to_its_last(tmp_path: Path) -> None:
    path = rr_text(tmp_path / "rr.txt", 125.0)
    rr_ms = np.array([float(line) for line in path.read_text().split()])
    times_s = np.cumsum(rr_ms) / 1000
    analysis = analyze(path, window_s=60.0)
    assert [(w.start_s, w.end_s) for w in analysis.windows] == [(0, 60), (60, 120)]
    for index in range(2):
        inside = (times_s > 60 * index) & (times_s <= 60 * (index + 1))
        nn = rr_ms[inside]
        assert values(analysis, "heart_rate")[index] == pytest.approx(60_000 / nn.mean())
        assert values(analysis, "sdnn")[index] == pytest.approx(nn.std(ddof=1))
        steps = np.diff(nn)
        assert values(analysis, "sd1")[index] == pytest.approx(steps.std(ddof=1) / np.sqrt(2))
        assert values(analysis, "rmssd")[index] == pytest.approx(np.sqrt(np.mean(steps**2)))


def test_skin_is_averaged_over_the_window_and_its_responses_counted(tmp_path: Path) -> None:
    analysis = analyze(eda_csv(tmp_path / "eda.csv", 121.0), window_s=60.0)
    assert analysis.skin_responses in (7, 8)  # the last one may not be over
    levels = values(analysis, "scl")
    assert all(level is not None and 2.8 < level < 3.4 for level in levels)
    rate = values(analysis, "scr_rate")[1]
    assert rate == pytest.approx(4.0, rel=0.1)  # one in 15 s
    assert values(analysis, "heart_rate") == [None, None]


@pytest.mark.slow
def test_spectra_appear_when_windows_are_long_enough(tmp_path: Path) -> None:
    path = rr_text(tmp_path / "rr.txt", 310.0)
    assert values(analyze(path, window_s=60.0), "hf") == [None] * 5
    low, high = (values(analyze(path, window_s=150.0), name) for name in ("lf", "hf"))
    for lf_ms2, hf_ms2 in zip(low, high, strict=True):
        assert lf_ms2 is not None
        assert hf_ms2 is not None
        assert hf_ms2 == pytest.approx(800, rel=0.25)  # a sine of 40 ms at 0.25 Hz
        assert lf_ms2 < 0.1 * hf_ms2


@pytest.mark.slow
def test_a_session_measures_like_the_recording_it_played(tmp_path: Path) -> None:
    path = rr_text(tmp_path / "rr.txt")
    session = replayed(tmp_path / "out", path)
    mine, theirs = analyze(path, window_s=30.0), analyze(session, window_s=30.0)
    assert theirs.format == "session"
    assert values(mine, "rmssd") == values(theirs, "rmssd")
    assert values(mine, "heart_rate") == values(theirs, "heart_rate")


def test_a_recording_shorter_than_its_window_is_one_degraded_window(tmp_path: Path) -> None:
    analysis = analyze(rr_text(tmp_path / "rr.txt", 40.0), window_s=60.0)
    (window,) = analysis.windows
    assert window.end_s == pytest.approx(40.0, abs=1.0)
    rate = next(reading for reading in window.readings if reading.name == "heart_rate")
    assert rate.value == pytest.approx(75, abs=2)
    assert 0 < rate.quality < 0.5


def test_a_missing_recording_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(RecordingError):
        analyze(tmp_path / "nothing")


def test_progress_stays_between_nothing_and_all(tmp_path: Path) -> None:
    shares: list[float] = []
    analyze(rr_text(tmp_path / "rr.txt"), progress=shares.append)
    assert all(0 <= share <= 1 for share in shares)


@pytest.mark.recordings
def test_a_published_recording_gives_its_published_heart_rate(recordings: Path) -> None:
    path = recordings / "polar_rr" / "rest_rri.txt"
    rr_ms = np.array([float(word) for word in path.read_text().split()])
    analysis = analyze(path, window_s=60.0)
    mean = analysis.mean("heart_rate")
    assert mean is not None
    assert math.isclose(mean, 60_000 / rr_ms.mean(), rel_tol=0.02)
