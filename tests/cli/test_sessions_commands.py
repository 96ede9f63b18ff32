import json
from pathlib import Path

import pytest
from replayed_session import edit_header

from biofeedback.app.plan import SessionPlan
from biofeedback.app.runner import SessionRunner
from biofeedback.cli.app import run
from biofeedback.config.loader import load
from biofeedback.personal import profiles
from biofeedback.record.catalogue import entry
from biofeedback.record.index import INDEX_NAME
from biofeedback.record.reader import LOG_NAME
from biofeedback.storage.paths import data_folder


def make(out: Path, duration_s: float = 20.0) -> Path:
    async def nobody(session: object) -> None:
        pass

    plan = SessionPlan(config=load("mirror"), sensors=("sim:",), out=out, duration_s=duration_s)
    return SessionRunner(plan).run(nobody).folder


def listed(out: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    assert run(["sessions", "list", "--out", str(out), "--json"]) == 0
    found: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return found


def test_a_list_tells_what_a_session_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make(tmp_path)
    (session,) = listed(tmp_path, capsys)
    assert session["id"] == folder.name
    assert session["sensors"] == ["sim:"]
    assert session["programme"] == "Mirror"
    assert session["simulated"] is session["complete"] is True
    assert 20.0 <= float(str(session["duration_s"])) <= 60.0
    assert run(["sessions", "list", "--out", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert folder.name in text
    assert "simulated" in text
    assert "cut short" not in text


def test_analyze_of_a_folder_of_sessions_says_how_to_have_them_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(tmp_path)
    capsys.readouterr()
    assert run(["analyze", str(tmp_path)]) == 2
    assert "--out" in capsys.readouterr().err


def test_profiles_are_listed_for_programs_and_their_absence_for_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert run(["profile", "list"]) == 0
    assert "no profiles" in capsys.readouterr().err
    profiles.save(profiles.Profile(name="robin"))
    assert run(["profile", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == ["robin"]


def test_a_list_reads_the_first_and_last_line_only(tmp_path: Path) -> None:
    log = make(tmp_path) / LOG_NAME
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(lines[0] + b"damaged\n" * 10_000 + lines[-1])
    assert entry(log.parent).end is not None


def test_a_log_that_was_cut_says_so_and_how_far_it_goes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = make(tmp_path) / LOG_NAME
    whole = log.read_bytes()
    log.write_bytes(whole[: len(whole) // 2])
    (session,) = listed(tmp_path, capsys)
    assert session["complete"] is False
    assert 5.0 <= float(str(session["duration_s"])) <= 25.0
    log.write_bytes(whole[:-1])  # the end is there, but the disk may not have all of its line
    assert entry(log.parent).end is None
    assert run(["sessions", "show", log.parent.name[:8], "--out", str(tmp_path)]) == 0
    assert "cut short" in capsys.readouterr().out


def test_a_log_that_cannot_be_read_does_not_hide_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(tmp_path)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / LOG_NAME).write_text("no log\n")
    (tmp_path / "notes").mkdir()
    assert run(["sessions", "list", "--out", str(tmp_path), "--json"]) == 0
    captured = capsys.readouterr()
    assert len(json.loads(captured.out)) == 1
    assert "broken" in captured.err


def test_show_sums_a_session_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make(tmp_path, 40.0)
    assert run(["sessions", "show", str(folder), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["ended"] == "duration"
    assert all(50.0 < bpm < 110.0 for bpm in facts["heart_rate_bpm"])
    assert facts["notes"] == folder.joinpath(LOG_NAME).read_bytes().count(b'"kind":"note"')
    assert set(facts["files"]) >= {LOG_NAME, "config.toml"}


def test_no_sessions_yet_is_no_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert run(["sessions", "list"]) == 0
    assert "No sessions" in capsys.readouterr().out


def test_an_unknown_session_is_one_line_and_a_hint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sessions", "show", "nothing", "--out", str(tmp_path)]) == 2
    assert "sessions list" in capsys.readouterr().err


def test_delete_takes_the_named_session_alone(tmp_path: Path) -> None:
    first, second = make(tmp_path), make(tmp_path)
    assert run(["sessions", "delete", first.name, "--yes", "--out", str(tmp_path)]) == 0
    assert not first.exists()
    assert second.exists()


def test_delete_asks_and_without_a_terminal_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make(tmp_path)
    assert run(["sessions", "delete", folder.name, "--out", str(tmp_path)]) == 2
    assert "--yes" in capsys.readouterr().err
    assert folder.exists()


@pytest.mark.parametrize("name", [".", "..", "", "home", "empty"])
def test_delete_never_takes_more_than_a_session(name: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    folder = make(out)
    home, empty = out / "home", out / "empty"
    (home / "photos").mkdir(parents=True)
    empty.mkdir()
    (home / LOG_NAME).write_bytes((folder / LOG_NAME).read_bytes())
    (tmp_path / LOG_NAME).write_bytes((folder / LOG_NAME).read_bytes())
    assert run(["sessions", "delete", folder.name, name, "--yes", "--out", str(out)]) == 2
    assert (home / "photos").is_dir()
    assert empty.is_dir()
    assert folder.is_dir()


@pytest.mark.slow
def test_the_index_may_be_deleted_or_damaged_and_follows_the_logs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make(tmp_path)
    first = listed(tmp_path, capsys)
    assert (tmp_path / INDEX_NAME).is_file()
    assert listed(tmp_path, capsys) == first
    (tmp_path / INDEX_NAME).write_bytes(b"no database" * 1000)
    assert listed(tmp_path, capsys) == first
    assert listed(tmp_path, capsys) == first
    log = folder / LOG_NAME
    log.write_bytes(log.read_bytes()[:-1])
    assert listed(tmp_path, capsys)[0]["complete"] is False


def test_tags_are_added_taken_away_and_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = make(tmp_path).name
    assert run(["sessions", "tag", name, "evening", "good one", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.strip() == "evening, good one"
    assert run(["sessions", "tag", name, "--remove", "evening", "--out", str(tmp_path)]) == 0
    capsys.readouterr()
    assert listed(tmp_path, capsys)[0]["tags"] == ["good one"]


def of_a_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path, Path]:
    """Make a profile with a session, and another session; return sessions and profile."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    out = tmp_path / "out"
    mine, others = make(out), make(out)
    edit_header(mine, profile="p1")
    profiles.save(profiles.Profile(name="p1"))
    profiles.save(profiles.Profile(name="p10"))
    return mine, others, data_folder() / "profiles"


@pytest.mark.slow
def test_delete_of_a_profile_removes_all_of_a_person_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mine, others, kept = of_a_person(tmp_path, monkeypatch)
    listed(mine.parent, capsys)
    command = ["sessions", "delete", "--profile", "p1", "--out", str(mine.parent)]
    assert run(command) == 2
    assert mine.is_dir()
    assert run([*command, "--yes"]) == 0
    assert not mine.exists()
    assert others.is_dir()
    assert [path.name for path in kept.iterdir()] == ["p10.json"]
    assert b'"p1"' not in (mine.parent / INDEX_NAME).read_bytes()


def test_export_all_copies_everything_of_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, others, _ = of_a_person(tmp_path, monkeypatch)
    copy = tmp_path / "copy"
    command = ["sessions", "export-all", str(copy), "--profile", "p1", "--out", str(mine.parent)]
    assert run(command) == 0
    assert (copy / "profile" / "p1.json").is_file()
    assert (copy / "sessions" / mine.name / LOG_NAME).read_bytes() == (mine / LOG_NAME).read_bytes()
    assert not (copy / "sessions" / others.name).exists()
    assert run(command) == 2  # a folder that is there already


def test_a_compressed_session_is_listed_shown_and_verified(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make(tmp_path)
    assert run(["sessions", "compress", folder.name, "--out", str(tmp_path)]) == 0
    capsys.readouterr()
    assert listed(tmp_path, capsys)[0]["complete"] is True
    assert run(["verify", str(folder)]) == 0


@pytest.mark.slow
def test_old_sessions_are_shown_first_and_deleted_by_their_age(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new, old, theirs = make(tmp_path), make(tmp_path), make(tmp_path)
    edit_header(old, started_utc="2020-01-01T10:00:00+00:00")
    edit_header(theirs, started_utc="2020-01-01T10:00:01+00:00", profile="p1")
    delete = ["sessions", "delete", "--older-than", "90d", "--out", str(tmp_path)]
    capsys.readouterr()
    assert run([*delete, "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "2 sessions" in told
    assert new.name not in told.split()
    assert run(delete) == 2  # nobody to ask
    assert old.is_dir()
    assert run([*delete, "--profile", "p1", "--yes"]) == 0
    assert (old.is_dir(), theirs.is_dir()) == (True, False)
    assert run([*delete, "--yes"]) == 0
    assert (new.is_dir(), old.is_dir()) == (True, False)
    for age in ("90", "0d", "99999y", "-3d"):
        assert run(["sessions", "delete", "--older-than", age]) == 2
    assert run(["sessions", "delete", new.name, "--older-than", "1d"]) == 2
