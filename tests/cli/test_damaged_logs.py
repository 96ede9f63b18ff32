"""What is wrong with a log is told in one line, by every command, and nothing is overwritten."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from replayed_session import simulated

from biofeedback.cli.app import run
from biofeedback.record.lines import SCHEMA
from biofeedback.record.reader import LOG_NAME

Lines = list[bytes]
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated(tmp_path_factory.mktemp("out"), 20.0)


def newer(raw: Lines) -> Lines:
    return [raw[0].replace(b'"schema":%d' % SCHEMA, b'"schema":%d' % (SCHEMA + 1)), *raw[1:]]


SPOILT: dict[str, tuple[Callable[[Lines], Lines], str]] = {
    "corrupt": (lambda raw: [*raw[:9], b"{oops", *raw[9:]], "line 10:"),
    "two headers": (lambda raw: [*raw, *raw], "a second header"),
    "newer": (newer, f"has schema {SCHEMA + 1}"),
    "no header": (lambda raw: raw[1:], "does not begin with a header"),
    "empty": (lambda raw: [], "empty"),
}
COMMANDS = {
    "verify": ["verify", "SESSION"],
    "report": ["report", "SESSION"],
    "render": ["render", "SESSION", "OUT/a.mid"],
    **{
        f"export {kind}": ["export", "SESSION", "OUT/a", "--to", kind]
        for kind in ("csv", "bids", "edf", "xdf", "parquet", "rr", "midi")
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("spoilt", SPOILT)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_log_that_cannot_be_read_is_one_line_and_leaves_nothing(
    session: Path, tmp_path: Path, capsys: Capture, command: str, spoilt: str
) -> None:
    spoil, message = SPOILT[spoilt]
    folder, out = tmp_path / "session", tmp_path / "out"
    folder.mkdir()
    out.mkdir()
    raw = spoil((session / LOG_NAME).read_bytes().splitlines())
    (folder / LOG_NAME).write_bytes(b"".join(line + b"\n" for line in raw))
    words = [w.replace("SESSION", str(folder)).replace("OUT", str(out)) for w in COMMANDS[command]]
    assert run(words) == 2
    seen = capsys.readouterr()
    told = [line for line in seen.err.splitlines() if not line.endswith(" ...")]
    assert [line[:5] for line in told] == ["Error", "Hint:"], told
    assert message in told[0]
    assert not list(out.iterdir())
    assert [path.name for path in folder.iterdir()] == [LOG_NAME]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_without_a_log_is_one_line(tmp_path: Path, capsys: Capture, command: str) -> None:
    words = [w.replace("SESSION", str(tmp_path)).replace("OUT", str(tmp_path / "o"))
             for w in COMMANDS[command]]  # fmt: skip
    assert run(words) == 2
    assert "no session log" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["csv", "bids", "edf", "xdf", "parquet", "rr", "midi"])
def test_what_stands_where_an_export_goes_is_not_overwritten(
    session: Path, tmp_path: Path, capsys: Capture, kind: str
) -> None:
    target = tmp_path / "there"
    if kind in ("csv", "bids", "parquet"):
        target.mkdir()
        kept = target / "mine.txt"
    else:
        kept = target
    kept.write_text("mine")
    assert run(["export", str(session), str(target), "--to", kind]) == 2
    seen = capsys.readouterr()
    assert "Error" in seen.err
    assert kept.read_text() == "mine"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [kept.name]


@pytest.mark.slow
@pytest.mark.parametrize("words", [["report"], ["export", "--to", "rr"]])
def test_a_changed_line_is_named_where_the_log_is_used(
    session: Path, tmp_path: Path, capsys: Capture, words: list[str]
) -> None:
    folder = tmp_path / "session"
    shutil.copytree(session, folder)
    raw = (folder / LOG_NAME).read_bytes().splitlines(keepends=True)
    place = next(k for k, line in enumerate(raw) if b'"signal":"rr"' in line)
    raw[place] = raw[place].replace(b'"values":[0.', b'"values":[0.1', 1)
    (folder / LOG_NAME).write_bytes(b"".join(raw))
    command, *options = words
    assert run([command, str(folder), *([str(tmp_path / "o")] if options else []), *options]) == 2
    told = capsys.readouterr().err
    assert f"session.jsonl, line {place + 1}: changed since it was written" in told
    assert "sessions check" in told
    assert "sessions repair" in told
    assert {path.name for path in folder.iterdir()} == {path.name for path in session.iterdir()}
    assert not (tmp_path / "o").exists()
