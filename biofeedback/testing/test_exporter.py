"""What every export promises: a session becomes files for others, and nothing else changes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from biofeedback.app.plan import SessionPlan
from biofeedback.app.registry import EXPORTERS, SessionExporter
from biofeedback.app.runner import SessionRunner
from biofeedback.common.errors import BiofeedbackError, FolderError
from biofeedback.config.loader import load
from biofeedback.runtime.session import Session

KIND = "exporter"


async def _nobody(session: Session) -> None:
    """Watch nothing."""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a short session of a simulated body."""
    out = tmp_path_factory.mktemp("sessions")
    plan = SessionPlan(
        config=load(), sensors=("sim:",), outputs=("null:",), out=out, duration_s=40.0
    )
    result = SessionRunner(plan).run(_nobody)
    assert result is not None
    return result.folder


@pytest.fixture
def exporter(part: str) -> SessionExporter:
    return EXPORTERS.load(part)


@pytest.fixture
def out(tmp_path: Path, exporter: SessionExporter) -> Path:
    return tmp_path / "target" / f"out{exporter.ENDING or ''}"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path) -> Iterator[None]:
    """Run in an empty folder, which has to stay empty."""
    folder = tmp_path / "here"
    folder.mkdir()
    before = Path.cwd()
    os.chdir(folder)
    yield
    os.chdir(before)
    assert list(folder.iterdir()) == []


def write(
    exporter: SessionExporter, session: Path, out: Path, *, force: bool = False
) -> list[Path]:
    out.parent.mkdir(exist_ok=True)
    shares: list[float] = []
    paths = exporter.export(session, out, force=force, progress=shares.append)
    assert shares == sorted(shares)
    assert all(0.0 <= share <= 1.0 for share in shares)
    return paths


def contents(folder: Path) -> dict[Path, bytes]:
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_it_returns_what_it_wrote_and_all_of_it_is_in_its_target(
    exporter: SessionExporter, session: Path, out: Path
) -> None:
    before = contents(session)
    paths = write(exporter, session, out)
    assert paths
    for path in paths:
        assert path.is_file()
        assert path.stat().st_size > 0
        assert out == path or out in path.parents
    assert list(out.parent.iterdir()) == [out]
    assert out.is_dir() == (not exporter.ENDING)
    assert contents(session) == before


def test_equal_sessions_give_equal_files(
    exporter: SessionExporter, session: Path, out: Path, tmp_path: Path
) -> None:
    write(exporter, session, out)
    first = contents(out.parent)
    shutil.rmtree(out.parent)
    write(exporter, session, out)
    assert contents(out.parent) == first


def test_what_is_there_already_stays_unless_it_is_forced(
    exporter: SessionExporter, session: Path, out: Path
) -> None:
    write(exporter, session, out)
    before = contents(out.parent)
    with pytest.raises(FolderError) as caught:
        write(exporter, session, out)
    assert caught.value.hint
    assert contents(out.parent) == before
    write(exporter, session, out, force=True)
    assert contents(out.parent).keys() == before.keys()


def test_what_is_no_session_is_refused_and_nothing_is_left(
    exporter: SessionExporter, out: Path, tmp_path: Path
) -> None:
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    with pytest.raises(BiofeedbackError) as caught:
        write(exporter, nothing, out)
    assert caught.value.hint
    assert contents(out.parent) == {}


def test_a_session_that_a_crash_cut_short_is_written_as_far_as_it_goes(
    exporter: SessionExporter, session: Path, out: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut"
    cut.mkdir()
    data = (session / "session.jsonl").read_bytes()
    (cut / "session.jsonl").write_bytes(data[: len(data) * 2 // 3])
    assert write(exporter, cut, out)
