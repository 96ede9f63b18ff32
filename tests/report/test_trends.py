"""Trends over sessions: said when they are there, not when there is noise, never too early."""

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from replayed_session import simulated

from biofeedback.cli.app import run
from biofeedback.record.line import sealed
from biofeedback.record.reader import LOG_NAME
from biofeedback.report.trends import FEWEST, SessionMeasures, trends

SPREAD = {"heart_rate_at_start": (68.0, 4.0), "rmssd_at_start": (35.0, 9.0),
          "arousal_change": (0.0, 0.1), "heart_rate_change": (0.0, 3.0)}  # fmt: skip


def sessions(count: int, seed: int, **slopes: float) -> list[SessionMeasures]:
    rng = np.random.default_rng(seed)
    return [
        SessionMeasures(
            Path(f"s{place}"), "2026-01-01T00:00:00+00:00",
            {name: float(rng.normal(mean, spread)) + slopes.get(name, 0.0) * place
             for name, (mean, spread) in SPREAD.items()},
        )
        for place in range(count)
    ]  # fmt: skip


def test_a_trend_that_is_there_is_said_with_its_direction() -> None:
    found = {t.name: t for t in trends(sessions(20, 1, heart_rate_at_start=-0.8))}
    slope = found["heart_rate_at_start"].slope
    assert slope is not None
    assert slope.low < -0.8 < slope.high
    assert found["heart_rate_at_start"].verdict == "falling over sessions"


@pytest.mark.slow
@pytest.mark.parametrize("count", [5, 12, 40])
def test_noise_alone_is_seldom_called_anything(count: int) -> None:
    claimed = sum(
        any("can't tell" not in trend.verdict for trend in trends(sessions(count, seed)))
        for seed in range(200)
    )
    assert claimed <= 20  # 5 % of 200 are 10; three standard deviations more are 19


def test_too_few_sessions_say_nothing_however_clear() -> None:
    for trend in trends(sessions(FEWEST - 1, 1, heart_rate_at_start=-50.0)):
        assert trend.verdict == "can't tell yet: 4 of 5 sessions"
        assert trend.slope is None


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five sessions of a person, made of one that was simulated, and one that says it was."""
    out = tmp_path_factory.mktemp("home")
    made = simulated(tmp_path_factory.mktemp("made"), 270.0)
    header, _, rest = (made / LOG_NAME).read_bytes().partition(b"\n")
    bare = header.rpartition(b',"crc"')[0].replace(b'"profile":null', b'"profile":"P1"') + b"}"
    for number in range(6):
        folder = out / f"s{number}"
        folder.mkdir()
        mine = bare if number == 5 else bare.replace(b'"simulated":true', b'"simulated":false')
        mine = re.sub(rb'"started_utc":"....', b'"started_utc":"%d' % (2020 + number), mine)
        (folder / LOG_NAME).write_bytes(sealed(mine) + b"\n" + rest)
    return out


@pytest.mark.slow
def test_the_command_shows_a_table_and_a_page(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "trends.html"
    assert run(["sessions", "trends", "P1", "--out", str(home), "--html", str(page)]) == 0
    seen = capsys.readouterr()
    assert "Arousal" in seen.out
    assert "s5: simulated" in seen.err
    text = page.read_text()
    assert "P1: 5 sessions" in text
    assert 'role="img" aria-label="Each measure over 5 sessions.' in text
    assert "http" not in re.sub(r"http://www.w3.org\S*|http-equiv", "", text)
    assert run(["sessions", "trends", "P1", "--out", str(home), "--html", str(page)]) == 2
    assert os.stat(page).st_size == len(text.encode())


@pytest.mark.slow
def test_the_command_speaks_json(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sessions", "trends", "P1", "--out", str(home), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [session["id"] for session in told["sessions"]] == [f"s{n}" for n in range(5)]
    assert len(told["left_out"]) == 1
    assert {trend["sessions"] for trend in told["trends"]} == {5}
    assert run(["sessions", "trends", "Nobody", "--out", str(home)]) == 2


@pytest.mark.slow
def test_a_few_sessions_can_not_tell(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        shutil.copytree(home / f"s{number}", tmp_path / f"s{number}")
    assert run(["sessions", "trends", "P1", "--out", str(tmp_path)]) == 0
    assert "3 of 5" in " ".join(capsys.readouterr().out.split())
