"""Claims about what a person is told of their rest: on the screen, and in the report."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from replayed_session import rr_text

from biofeedback.app.plan import SessionPlan
from biofeedback.app.runner import SessionRunner
from biofeedback.cli.screen import watch
from biofeedback.config.loader import load
from biofeedback.personal import profiles
from biofeedback.report import page
from biofeedback.report.session_data import read_story
from biofeedback.state.baseline import Baseline, RestingValue
from biofeedback.state.baseline_text import rest_in_words

NOW = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)


def learned(ago: timedelta, rest_s: float = 180.0) -> Baseline:
    resting = {"heart_rate": RestingValue(60.0, 3.0, 360)}
    return Baseline(resting, rest_s, rest_s < 180.0, (NOW - ago).isoformat())


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=20), "learned just now over 180 s"),
        (timedelta(minutes=1), "learned 1 minute ago over 180 s"),
        (timedelta(hours=5), "learned 5 hours ago over 180 s"),
        (timedelta(days=12), "learned 12 days ago over 180 s"),
    ],
)
def test_a_stored_rest_says_its_age(ago: timedelta, words: str) -> None:
    assert rest_in_words(learned(ago), NOW) == words


def test_a_short_or_an_old_rest_says_so() -> None:
    assert "shorter than 180 s, so weaker" in rest_in_words(learned(timedelta(1), 45.0), NOW)
    assert "--rest-anew" in rest_in_words(learned(timedelta(40)), NOW)


def perform(folder: Path, rest_s: float, recording: Path) -> Path:
    plan = SessionPlan(
        config=load(settings=[f"state.rest.rest_s={rest_s}"]),
        sensors=(f"file:{recording}",),
        out=folder,
        duration_s=75.0,
        profile="robin",
    )
    outcome = SessionRunner(plan).run(watch)
    assert outcome is not None
    return outcome.folder


def facts(session: Path) -> str:
    story = read_story(session, lambda share: None)
    return page.render(story, lambda share: None)


@pytest.mark.slow
def test_a_rest_is_learned_kept_and_shown_with_its_age(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    recording = rr_text(tmp_path / "rr.txt")
    first = perform(tmp_path / "sessions", 60.0, recording)
    assert "The first 60 s learn your rest: sit still." in capsys.readouterr().err
    assert "the first 60 s of this session; shorter than usual, so weaker" in facts(first)
    stored = profiles.load("robin").baseline
    assert stored is not None
    assert stored.weak
    assert stored.learned_utc is not None
    two_days = datetime.fromisoformat(stored.learned_utc) - timedelta(days=2)
    profiles.save(
        profiles.Profile(
            name="robin",
            baseline=Baseline(stored.resting, 60.0, True, two_days.isoformat()),
        )
    )
    second = perform(tmp_path / "sessions", 60.0, recording)
    words = "learned 2 days ago over 60 s; shorter than 180 s, so weaker"
    assert f"Your resting values: {words}." in capsys.readouterr().err
    assert f"stored, {words}" in facts(second)
    states = read_story(second, lambda share: None).states
    assert states.tracking.all()
