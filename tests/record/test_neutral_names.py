"""A file is often named after a person: no log, and nothing that is made of one, tells its name."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from replayed_session import eda_csv, rr_text

from biofeedback.cli.app import run
from biofeedback.record import lines
from biofeedback.record.line import encode
from biofeedback.record.reader import LOG_NAME, read

NAME = "Doe_Jane"
EVERY_FORMAT = ("bids", "csv", "parquet", "edf", "xdf", "rr", "midi")


def played(out: Path, *recording: str) -> Path:
    arguments = ["--out", str(out), "--set", "state.rest.rest_s=30"]
    before = set(out.glob("*"))
    assert run(["replay", *recording, *arguments]) == 0
    (session,) = {path for path in out.glob("2*") if path.is_dir()} - before
    return session


@pytest.fixture(scope="module", autouse=True)
def _elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield


def named(folder: Path) -> list[Path]:
    """Return what holds the name, in what it contains or in what it is called."""
    return [
        path
        for path in folder.rglob("*")
        if NAME in path.name or (path.is_file() and NAME.encode() in path.read_bytes())
    ]


def exported(session: Path, out: Path, *forms: str) -> Path:
    for form in forms:
        (out / form).mkdir(parents=True)
        assert run(["export", str(session), str(out / form), "--to", form]) == 0
    return out


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("persons")
    source = rr_text(folder / f"{NAME}.txt", 20.0)
    sound = folder / f"{NAME}.mid"
    return played(
        tmp_path_factory.mktemp("out"), str(source), "-o", f"mid:{sound}", "--profile", "p07"
    )


@pytest.mark.slow
def test_the_name_of_a_recording_is_nowhere_but_in_itself(
    session: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["report", str(session)]) == 0
    assert run(["sessions", "list", "--out", str(session.parent)]) == 0
    assert run(["sessions", "show", str(session), "--json"]) == 0
    exported(session, tmp_path, *EVERY_FORMAT)
    assert NAME not in "".join(capfd.readouterr())
    assert named(session.parent) == named(tmp_path) == []


def test_a_recording_is_called_after_what_it_holds_and_told_by_its_digest(
    session: Path, tmp_path: Path
) -> None:
    header = next(line for _, line in read(session) if isinstance(line, lines.HeaderLine))
    assert header.sensors == ["file:rr-1"]
    assert header.recordings == {"rr-1": header.recordings["rr-1"]}  # type: ignore[index]
    assert {line.source for _, line in read(session) if isinstance(line, lines.ChunkLine)} == {
        "rr-1"
    }
    other = rr_text(tmp_path / "other name.txt", 20.0)
    again = next(line for _, line in read(played(tmp_path / "o", str(other))))
    assert isinstance(again, lines.HeaderLine)
    assert again.recordings == header.recordings


@pytest.mark.slow
def test_a_replay_of_a_session_says_nothing_of_its_folder(session: Path, tmp_path: Path) -> None:
    folder = tmp_path / NAME
    session.rename(folder)
    try:
        again = played(tmp_path / "again", str(folder))
        assert run(["verify", str(again)]) == 0
    finally:
        folder.rename(session)
    assert named(again) == []
    assert (again / "session.mid").read_bytes() == (session / "session.mid").read_bytes()


@pytest.mark.slow
def test_an_older_log_keeps_its_bytes_and_what_is_made_of_it_is_neutral(
    session: Path, tmp_path: Path
) -> None:
    """Before, a recording's samples bore the name of its file, and the header its path."""
    folder = tmp_path / "old"
    folder.mkdir()
    rows = []
    for raw, line in read(session):
        if isinstance(line, lines.HeaderLine):
            line = msgspec.structs.replace(
                line, sensors=[f"file:/home/x/{NAME}.csv"], recordings=msgspec.UNSET
            )
        elif isinstance(line, lines.ChunkLine | lines.GapLine):
            line = msgspec.structs.replace(line, source=NAME)
        elif isinstance(line, lines.StatusLine):
            line = msgspec.structs.replace(line, source=NAME, detail=f"Playing {NAME}.")
        rows.append(raw if isinstance(line, lines.DERIVED) else encode(line))
    (folder / LOG_NAME).write_bytes(b"\n".join(rows) + b"\n")
    assert run(["verify", str(folder)]) == 0
    again = played(tmp_path / "again", str(folder))
    assert run(["sessions", "list", "--out", str(tmp_path)]) == 0
    assert run(["report", str(folder)]) == 0
    exported(folder, tmp_path / "exports", "csv", "edf")
    assert named(again) == named(tmp_path / "exports") == []
    assert [path.name for path in named(tmp_path)] == [LOG_NAME]


def test_of_several_recordings_each_has_a_name_of_its_own(tmp_path: Path) -> None:
    from biofeedback.app.plan import SessionPlan, sensor_sources
    from biofeedback.config.loader import load

    files = (rr_text(tmp_path / "a.txt"), rr_text(tmp_path / "b.txt"), eda_csv(tmp_path / "c.csv"))
    plan = SessionPlan(config=load(), sensors=tuple(f"file:{path}" for path in files))
    assert [source.uri for source in sensor_sources(plan)] == [
        "file:rr-1", "file:rr-2", "file:eda-3"
    ]  # fmt: skip
