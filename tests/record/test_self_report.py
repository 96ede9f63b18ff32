"""Ratings, notes and adverse events: in the log, the report, the catalogue and every export."""

import asyncio
import csv
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from biofeedback.app.plan import SessionPlan
from biofeedback.app.runner import SessionRunner
from biofeedback.cli.app import run
from biofeedback.config.loader import load
from biofeedback.record import export_bids, export_csv, lines
from biofeedback.record.log_summary import summary
from biofeedback.record.rebuild import core_of
from biofeedback.record.verify import verify
from biofeedback.report import page
from biofeedback.report.session_data import SessionData, read_story
from biofeedback.report.signal_quality import sensing
from biofeedback.runtime.session import Session

SAID = (
    ("rating", "relaxation=3"),
    ("note", "a <door> slammed"),
    ("adverse", "dizzy for a moment"),
    ("rating", "relaxation=7"),
)


async def speaking(session: Session) -> None:
    await asyncio.sleep(5.0)
    for what, value in SAID:
        session.command("key", what, value)  # type: ignore[arg-type]
        await asyncio.sleep(3.0)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan = SessionPlan(
        config=load(), sensors=("sim:listener",), out=tmp_path_factory.mktemp("out"),
        duration_s=25.0, profile="P1",
    )  # fmt: skip
    return SessionRunner(plan).run(speaking).folder


@pytest.fixture(scope="module")
def story(session: Path) -> SessionData:
    return read_story(session, lambda share: None)


def test_what_was_said_is_in_the_log_and_verifies(session: Path) -> None:
    assert [pair[1:] for pair in summary(session).said] == list(SAID)
    assert verify(session, core_of).complete


@pytest.mark.slow
def test_the_report_shows_it_in_the_persons_words(story: SessionData) -> None:
    text = page.render(story, lambda share: None)
    assert "<door>" not in text
    shown = unescape(text)
    for words in ("relaxation 3 of 10", "a <door> slammed", "dizzy for a moment"):
        assert words in shown
    assert "Rated relaxation: first 3, last 7." in shown


def test_csv_and_bids_have_it_as_events(session: Path, tmp_path: Path) -> None:
    export_csv.export(session, tmp_path / "csv", force=False, progress=lambda share: None)
    with (tmp_path / "csv" / "events.csv").open(newline="") as file:
        found = [row for row in csv.DictReader(file) if row["kind"] in ("rating", "adverse")]
    assert [(row["what"], row["detail"]) for row in found if row["kind"] == "rating"] == [
        ("relaxation", "3"), ("relaxation", "7"),
    ]  # fmt: skip
    paths = export_bids.export(session, tmp_path / "bids", force=False, progress=lambda share: None)
    (events,) = [path for path in paths if path.name.endswith("_events.tsv")]
    with events.open(newline="") as file:
        rows = list(csv.DictReader(file, dialect="excel-tab"))
    assert {"rating", "note", "adverse"} <= {row["trial_type"] for row in rows}


def test_sessions_show_lists_it(session: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sessions", "show", session.name, "--out", str(session.parent)]) == 0
    shown = capsys.readouterr().out
    assert "dizzy for a moment" in shown
    assert "relaxation=7" in shown


def status(time_s: float, **known: object) -> lines.StatusLine:
    values = {"battery_percent": None, "contact": None, "detail": "", **known}
    return lines.StatusLine(t=time_s, seq=0, source="strap", state="streaming", **values)


def gap(start: float, end: float, reason: str) -> lines.GapLine:
    return lines.GapLine(
        t=end, seq=0, source="strap", signal="rr", start=start, end=end, reason=reason
    )


def test_the_report_tells_how_the_sensors_did(story: SessionData) -> None:
    sensed = replace(
        story,
        statuses=(
            status(0.0, battery_percent=80),
            status(300.0, battery_percent=60, drift_ppm=-42.4, bad={"too short": 3}),
        ),
        gaps=(gap(10.0, 14.0, "link"), gap(20.0, 30.0, "link"), gap(40.0, 41.0, "no_contact")),
    )
    shown = unescape(" ".join(sensing(sensed)))
    for words in ("80 → 60 %", "42 ppm slow (0.15 s an hour)", "3 too short", "connection lost",
                  ">2<", ">14 s<", ">10 s<", "no skin contact"):  # fmt: skip
        assert words in shown
