"""A folder that cannot be written: one clear line, and what is there stays readable."""

import errno
import shutil
from pathlib import Path
from typing import Any

import pytest
from replayed_session import simulated

from biofeedback.cli.app import run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated(tmp_path_factory.mktemp("out"), 20.0)


@pytest.fixture
def session(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a session in a folder that refuses each change, as a read-only disk does."""
    folder = tmp_path / "out" / made.name
    shutil.copytree(made, folder)
    really = Path.open

    def refuse(path: Path, *_: Any, **__: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    def opened(path: Path, mode: str = "r", *rest: Any, **named: Any) -> Any:
        if set(mode) & set("wax+") and tmp_path in path.resolve().parents:
            refuse(path)
        return really(path, mode, *rest, **named)

    monkeypatch.setattr(Path, "open", opened)
    for change in ("unlink", "replace", "mkdir"):
        monkeypatch.setattr(Path, change, refuse)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        "report SESSION", "sessions compress ID --out OUT", "sessions tag ID word --out OUT",
        "export SESSION OUT/new --to csv", "export SESSION OUT/new.edf --to edf",
        "run -s sim: --fast --duration 5 --out OUT",
    ],
)  # fmt: skip
def test_it_is_told_in_one_line(
    session: Path, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {"SESSION": str(session), "ID": session.name, "OUT": str(session.parent)}
    for name, value in names.items():
        line = line.replace(name, value)
    assert run(line.split()) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert "Read-only file system" in error
    assert error.count("Error:") == 1


@pytest.mark.parametrize("line", ["verify SESSION", "sessions list --out OUT"])
def test_what_only_reads_works(session: Path, line: str) -> None:
    line = line.replace("SESSION", str(session)).replace("OUT", str(session.parent))
    assert run(line.split()) == 0
