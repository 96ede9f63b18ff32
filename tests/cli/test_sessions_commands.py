import json
from pathlib import Path

import pytest

from biofeedback.cli.app import run
from biofeedback.config import load
from biofeedback.launch import Performance, Plan
from biofeedback.record.catalogue import entry
from biofeedback.record.reader import LOG_NAME


def make(out: Path, duration_s: float = 20.0) -> Path:
    async def nobody(session: object) -> None:
        pass

    plan = Plan(config=load("mirror"), sensors=("sim:",), out=out, duration_s=duration_s)
    return Performance(plan).run(nobody).folder


def listed(out: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    assert run(["sessions", "list", "--out", str(out), "--json"]) == 0
    sessions: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return sessions


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
