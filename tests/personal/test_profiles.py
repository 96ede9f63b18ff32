"""Profiles: old ones are read, newer ones refused, wishes kept, and what was learned forgotten."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from biofeedback.app.plan import SessionPlan, with_known
from biofeedback.cli.app import run
from biofeedback.common.errors import BusyError, ConfigError
from biofeedback.config.loader import load
from biofeedback.personal import profiles


@pytest.fixture(autouse=True)
def _data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def stored(name: str, text: str) -> Path:
    path = profiles.beside(name, "json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_profile_of_the_first_schema_is_read_and_loses_nothing() -> None:
    stored("robin", '{"name": "robin", "resonance_per_minute": 5.5}')
    profile = profiles.load("robin")
    profiles.save(profile)
    assert json.loads(profiles.beside("robin", "json").read_text())["schema"] == profiles.SCHEMA
    assert profiles.load("robin").resonance_per_minute == 5.5


def test_what_sessions_have_shown_of_the_direction_adds_up_in_the_profile() -> None:
    known = profiles.KnownDirection(20, 20.0, 20.0)
    profiles.save(profiles.Profile(name="robin", direction=known))
    profile = profiles.load("robin")
    assert profile.direction == known
    plan = with_known(SessionPlan(config=load(), sensors=()), profile)
    direction = plan.config.control.direction
    assert (direction.known_pairs, direction.known_sum, direction.known_squares) == (20, 20.0, 20.0)
    given = with_known(
        plan, profiles.Profile(name="ash", direction=profiles.KnownDirection(1, 0, 0))
    )
    assert given.config.control.direction.known_pairs == 20  # what a plan says itself stands


def test_a_profile_of_a_newer_schema_is_refused_in_one_line_and_stays_as_it_is(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = '{"name": "robin", "schema": 99, "dreams": ["of electric sheep"]}'
    path = stored("robin", text)
    out = str(tmp_path / "out")
    for command in (
        f"run --profile robin --seed 1 -s sim: --fast --duration 5 --out {out}".split(),
        ["profile", "show", "robin"],
        ["profile", "set", "robin", "exploration=0"],
        ["profile", "forget", "robin", "--learned", "--yes"],
    ):
        assert run(command) == 2
        error = capsys.readouterr().err
        assert "has schema 99, and this program knows 3 at most" in error
        assert "Traceback" not in error
    with pytest.raises(ConfigError):
        profiles.save(profiles.Profile(name="robin"))
    assert path.read_text() == text


def test_wishes_are_kept_and_bad_ones_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["profile", "set", "robin", "avoided=pulse,lofi", "exploration=0.3"]) == 0
    assert run(["profile", "set", "robin", "keys=C", "loudest=0.5"]) == 0
    for bad in ("avoided=polka", "loudest=2", "exploration", "shoes=red"):
        assert run(["profile", "set", "robin", bad]) == 2
    wanted = profiles.load("robin").preferences
    assert (wanted.avoided, wanted.exploration, wanted.keys, wanted.loudest) == (
        ("pulse", "lofi"), 0.3, ("C",), 0.5,
    )  # fmt: skip
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.slow
def test_a_session_of_a_profile_is_chosen_for_explained_learned_from_and_verified(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    options = "--profile robin --seed 1 -s sim:listener --fast --duration 500"
    start = ["run", *options.split(), "--out", str(out)]
    assert run(start) == 0
    assert "For robin: " in capsys.readouterr().out
    session = next(path for path in out.iterdir() if path.is_dir())
    header = json.loads((session / "session.jsonl").read_text().splitlines()[0])
    assert header["chosen"]["option"]["style"] == header["config"]["music"]["style"]
    assert run(["verify", str(session)]) == 0
    capsys.readouterr()

    def shown() -> list[dict[str, object]]:
        assert run(["profile", "show", "robin", "--simulated", "--json", "--out", str(out)]) == 0
        sessions = json.loads(capsys.readouterr().out)["sessions"]
        assert isinstance(sessions, list)
        return sessions

    (learned,) = shown()
    assert learned["session"] == session.name
    assert learned["option"] == header["chosen"]["option"]
    page = tmp_path / "page.html"
    assert run(["profile", "summary", "robin", "--simulated", "--sessions", str(out), "--out",
                str(page)]) == 0  # fmt: skip
    assert "Too early to tell: 1 sessions" in page.read_text().replace("1 session,", "1 sessions,")
    archive = tmp_path / "all.zip"
    assert run(["profile", "export", "robin", str(archive), "--out", str(out)]) == 0
    assert run(["profile", "forget", "robin", "--learned", "--yes", "--out", str(out)]) == 0
    capsys.readouterr()
    assert shown() == []  # forgotten, though the session is still there
    assert run(["profile", "forget", "robin", "--out", str(out)]) == 2  # nobody to ask
    assert session.is_dir()
    assert run(["profile", "forget", "robin", "--yes", "--out", str(out)]) == 0
    assert not session.exists()
    assert profiles.files("robin") == []


@pytest.mark.slow
def test_a_style_or_a_programme_that_was_named_always_wins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    options = "--profile robin --seed 1 -s sim: --fast --duration 5"
    start = ["run", *options.split(), "--out", str(out)]
    for more in (["--style", "piano"], ["--programme", "mirror"], ["--no-adapt"],
                 ["--set", "music.style=lofi"]):  # fmt: skip
        assert run([*start, *more]) == 0
        assert "For robin" not in capsys.readouterr().out


SAVES = """
import sys
from msgspec import structs
from biofeedback.app.recommend import preferences
from biofeedback.personal import profiles

def longer(stored):
    return structs.replace(stored, resonance_per_minute=(stored.resonance_per_minute or 0.0) + 1)

for _ in range(25):
    if sys.argv[1] == "a":
        profiles.update("robin", longer)
    else:
        preferences("robin", {"loudest": 0.5})
        profiles.update("robin", longer)
"""


@pytest.mark.rig
@pytest.mark.slow
def test_several_programs_change_one_profile_and_nothing_is_lost() -> None:
    children = [subprocess.Popen([sys.executable, "-c", SAVES, who]) for who in "aab"]
    assert [child.wait(timeout=120) for child in children] == [0, 0, 0]
    profile = profiles.load("robin")
    assert profile.resonance_per_minute == 75.0
    assert profile.preferences.loudest == 0.5
    assert [path.name for path in profiles.beside("robin", "json").parent.iterdir()] == [
        "robin.json"
    ]


def test_a_change_while_another_program_holds_the_profiles_is_refused_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("biofeedback.storage.locks._FILES_WAIT_S", 0.05)
    with profiles.alone(), pytest.raises(BusyError, match="another program"):
        profiles.update("robin", lambda stored: stored)
