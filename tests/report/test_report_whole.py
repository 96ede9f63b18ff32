"""Claims about the report's numbers of a whole session."""

from pathlib import Path

import pytest
from replayed_session import eda_csv, replayed, rr_text

from biofeedback.offline.analysis import analyze
from biofeedback.report.hrv_summary import whole
from biofeedback.report.session_data import SessionData, read_story
from biofeedback.report.words import rounded


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    rr, eda = rr_text(folder / "rr.txt", 200.0), eda_csv(folder / "eda.csv", 200.0)
    return replayed(folder, rr, eda)


def numbers(session: Path) -> dict[str, str]:
    story: SessionData = read_story(session, lambda share: None)
    return {name: value for name, value, _ in whole(story)}


@pytest.mark.slow
def test_the_report_says_of_the_whole_what_analyze_says(session: Path) -> None:
    said, analysis = numbers(session), analyze(session)
    assert analysis.hrv is not None
    assert analysis.hrv.nonlinear is not None
    assert analysis.hrv.nonlinear.dfa_alpha1 is not None
    assert analysis.hrv.beats > 200
    assert said["Heart rate variability (RMSSD)"] == rounded(analysis.hrv.rmssd_ms)
    assert said["Spread of beat intervals (SDNN)"] == rounded(analysis.hrv.sdnn_ms)
    alpha = analysis.hrv.nonlinear.dfa_alpha1
    assert said["Short-term scaling (DFA alpha 1)"] == rounded(alpha)
    assert analysis.eda is not None
    size_us = analysis.eda.mean_amplitude_us
    assert size_us is not None
    assert said["Mean size of a skin response"] == rounded(size_us)


def test_without_skin_there_is_nothing_about_skin(tmp_path: Path) -> None:
    session = replayed(tmp_path, rr_text(tmp_path / "rr.txt", 60.0))
    assert not any("Skin" in name for name in numbers(session))
