"""What is known of a person is theirs alone: what is written, and what was there before."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from biofeedback.cli.app import run

pytestmark = pytest.mark.skipif(os.name != "posix", reason="elsewhere folders are private as such")


@pytest.fixture(autouse=True)
def _usual_mask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    return tmp_path / "share" / "biofeedback"


def open_to_others(folder: Path) -> list[str]:
    return sorted(
        f"{path.relative_to(folder.parent)} {path.lstat().st_mode & 0o777:o}"
        for path in (folder, *folder.rglob("*"))
        if path.lstat().st_mode & 0o077 and not path.is_symlink()
    )


@pytest.mark.slow  # a whole session with its report, and exports of it
def test_whatever_a_session_and_its_exports_leave_is_its_owners_alone(
    data: Path, tmp_path: Path
) -> None:
    arguments = ["--fast", "--duration", "20", "--profile", "p07"]
    assert run(["run", "-s", "sim:", "-o", f"mid:{tmp_path / 'own.mid'}", *arguments]) == 0
    (session,) = (data / "sessions").glob("2*")
    assert run(["sessions", "list"]) == 0
    assert run(["sessions", "tag", str(session), "quiet"]) == 0
    assert run(["profile", "set", "p07", "exploration=0.3"]) == 0
    assert run(["profile", "export", "p07", str(tmp_path / "all.zip")]) == 0
    assert run(["export", str(session), str(tmp_path / "bids"), "--to", "bids"]) == 0
    assert run(["trial", "new", "spring"]) == 0
    assert run(["sessions", "compress", str(session)]) == 0
    made = {path.name for path in data.rglob("*")}
    assert {"session.jsonl.gz", "session.mid", "report.html", ".sessions.sqlite"} <= made
    assert open_to_others(data) == open_to_others(tmp_path / "bids") == []
    assert (tmp_path / "all.zip").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "own.mid").stat().st_mode & 0o777 == 0o600


def test_what_an_older_version_left_open_is_closed_at_the_next_start_and_nothing_else(
    data: Path, tmp_path: Path
) -> None:
    for folder in (data / "sessions" / "one", data / "profiles"):
        folder.mkdir(parents=True)
        (folder / "file").write_text("body data")
        (folder / "file").chmod(0o644)
    outside = tmp_path / "shared"
    outside.mkdir()
    (outside / "score.txt").write_text("for everybody")
    (data / "link").symlink_to(outside)
    (data / "sessions" / "score").symlink_to(outside / "score.txt")
    assert len(open_to_others(data)) == 6
    assert run(["profile", "list"]) == 0
    assert open_to_others(data) == []
    assert outside.stat().st_mode & 0o777 == 0o755
    assert (outside / "score.txt").stat().st_mode & 0o777 == 0o644
