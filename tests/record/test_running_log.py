"""A session that runs is left alone by every command, and goes on when its log is taken away."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from rigs.sessions import PLAIN_HEADER

from biofeedback.cli.app import run
from biofeedback.common.errors import BusyError
from biofeedback.record import lines, writer
from biofeedback.record.line import encode
from biofeedback.record.reader import LOG_NAME, log_parts, part_name, read
from biofeedback.record.rebuild import core_of
from biofeedback.record.verify import verify
from biofeedback.record.writer import LogWriter
from biofeedback.storage.locks import LOCK_NAME, FileLock, is_running, locked, session_held
from biofeedback.web import records


def until(wanted: Callable[[], object]) -> None:
    deadline_s = time.monotonic() + 30
    while not wanted() and time.monotonic() < deadline_s:
        time.sleep(0.005)
    assert wanted()


def ticks(first: int, count: int) -> list[bytes]:
    return [encode(lines.TickLine(t=n / 2, seq=n, index=n)) for n in range(first, first + count)]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LogWriter:
    """A log of which the header and ticks 1 to 20 are on the disk."""
    monkeypatch.setattr(writer, "SYNC_EVERY_S", 0.01)
    (tmp_path / "s").mkdir()
    log = LogWriter(tmp_path / "s" / LOG_NAME)
    log.append(encode(msgspec.structs.replace(PLAIN_HEADER, profile="robin")), *ticks(1, 20))
    until(lambda: log.path.read_bytes().count(b"\n") == 21)
    return log


def delete(log: Path) -> None:
    log.unlink()


def delete_all(log: Path) -> None:
    shutil.rmtree(log.parent)


def move(log: Path) -> None:
    log.rename(log.with_name("elsewhere"))


def move_all(log: Path) -> None:
    log.parent.rename(log.parent.with_name("elsewhere"))


def cut_to_ten_ticks(log: Path) -> None:
    os.truncate(log, len(b"\n".join(log.read_bytes().split(b"\n")[:11])) + 5)


def empty(log: Path) -> None:
    os.truncate(log, 0)


def save_anew(log: Path) -> None:
    """Do as an editor does that writes another file and renames it."""
    shutil.copy(log, log.with_name("draft"))
    log.with_name("draft").replace(log)


@pytest.mark.parametrize(
    ("deed", "kept", "told"),
    [
        (delete, 0, "deleted or moved"), (delete_all, 0, "deleted or moved"),
        (move, 0, "deleted or moved"), (move_all, 0, "deleted or moved"),
        (cut_to_ten_ticks, 10, "cut"), (empty, 0, "cut"), (save_anew, 20, "replaced"),
    ],
)  # fmt: skip
def test_a_log_that_is_taken_away_is_told_and_goes_on_in_a_new_part(
    log: LogWriter, deed: Callable[[Path], None], kept: int, told: str
) -> None:
    deed(log.path)
    until(lambda: log.taken)
    assert log.taken == (
        f"{LOG_NAME} was {told} while the session runs; session-0002.jsonl goes on"
    )
    assert is_running(log.path.parent)
    log.append(*ticks(21, 10))
    log.close()
    assert not is_running(log.path.parent)
    found = [line for _, line in read(log.path.parent)]
    seqs = [line.seq for line in found if not isinstance(line, lines.LostLine)]
    assert seqs == [*range(kept + 1), *range(21, 31)]
    holes = [
        (line.first, line.last, line.why) for line in found if isinstance(line, lines.LostLine)
    ]
    assert holes == ([] if kept == 20 else [(kept + 1, 20, "taken")])


def test_what_was_moved_away_and_put_back_is_whole_again(log: LogWriter) -> None:
    away = log.path.with_name("away")
    log.path.rename(away)
    until(lambda: log.taken)
    log.append(*ticks(21, 10))
    log.close()
    away.rename(log.path)
    assert [line.seq for _, line in read(log.path.parent)] == list(range(31))


def test_a_second_theft_is_told_as_well(log: LogWriter) -> None:
    delete(log.path)
    until(lambda: log.taken)
    log.append(*ticks(21, 10))
    second = log.path.with_name(part_name(2))
    until(lambda: second.read_bytes().count(b"\n") == 12)
    delete(second)
    until(lambda: "session-0003" in (log.taken or ""))
    log.append(*ticks(31, 10))
    log.close()
    assert [line.seq for _, line in read(log.path.parent)] == [0, 1, *range(31, 41)]


def test_a_lock_that_is_deleted_is_made_again(log: LogWriter) -> None:
    (log.path.parent / LOCK_NAME).unlink()
    until(lambda: is_running(log.path.parent))
    with pytest.raises(BusyError, match="is running"), session_held(log.path.parent):
        pass
    log.close()
    assert log.taken is None
    assert [path.name for path in log.path.parent.iterdir()] == [LOG_NAME]


COMMANDS = {
    "compress": ["sessions", "compress", "ID"],
    "delete": ["sessions", "delete", "ID", "--yes"],
    "delete a person": ["sessions", "delete", "--profile", "robin", "--yes"],
    "forget": ["profile", "forget", "robin", "--yes"],
    "repair": ["sessions", "repair", "ID"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_that_changes_sessions_leaves_a_running_one_alone(
    log: LogWriter, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    words = [w.replace("ID", "s") for w in COMMANDS[command]]
    assert run([*words, "--out", str(tmp_path)]) == 2
    told = [line for line in capsys.readouterr().err.splitlines() if not line.endswith("...")]
    assert [line[:5] for line in told] == ["Error", "Hint:"], told
    assert "the session s is running" in told[0]
    log.append(*ticks(21, 10))
    log.close()
    assert [line.seq for _, line in read(tmp_path / "s")] == list(range(31))


def test_a_key_closes_the_others_and_names_the_one_that_runs(
    log: LogWriter, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    pytest.importorskip("pyrage", reason="pyrage has no wheel here")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    shutil.copytree(log.path.parent, tmp_path / "over", ignore=lambda *_: [LOCK_NAME])
    assert run(["key", "new", str(tmp_path / "key")]) == 0
    assert run(["key", "seal", "--out", str(tmp_path)]) == 2
    assert "the session s is running" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "over").iterdir()] == ["session.jsonl.gz.age"]
    log.close()
    assert run(["key", "seal", "--out", str(tmp_path)]) == 0
    assert [path.name for path in log.path.parent.iterdir()] == ["session.jsonl.gz.age"]


def test_the_page_deletes_no_running_session_and_lists_it_as_running(
    log: LogWriter, tmp_path: Path
) -> None:
    (item,) = records.past(tmp_path, "robin")
    assert (item.running, item.complete) == (True, False)
    with pytest.raises(BusyError, match="the session s is running"):
        records.delete(tmp_path, "robin", "s")
    with pytest.raises(BusyError):
        records.forget(tmp_path, "robin")
    log.close()
    records.delete(tmp_path, "robin", "s")
    assert not (tmp_path / "s").exists()


def test_a_running_session_is_listed_as_running(
    log: LogWriter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def listed() -> tuple[bool, bool, str]:
        assert run(["sessions", "list", "--out", str(tmp_path), "--json"]) == 0
        (found,) = json.loads(capsys.readouterr().out)
        assert run(["sessions", "list", "--out", str(tmp_path)]) == 0
        return found["running"], found["complete"], capsys.readouterr().out

    running, complete, shown = listed()
    assert (running, complete) == (True, False)
    assert "running" in shown
    assert "cut short" not in shown
    log.close()
    running, _, shown = listed()
    assert not running
    assert "cut short" in shown


HOLDER = """
import sys
from pathlib import Path
from biofeedback.storage.locks import session_lock
lock = session_lock(Path(sys.argv[1]), "runs")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.rig
def test_a_lock_goes_with_its_process_however_that_ends(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.readline() == b"held\n"
    assert is_running(tmp_path)
    child.kill()
    child.communicate()
    assert not is_running(tmp_path)
    with session_held(tmp_path):
        assert (tmp_path / LOCK_NAME).exists()
    assert not list(tmp_path.iterdir())


def test_two_never_hold_one_lock_though_its_file_comes_and_goes(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    first = FileLock.take(path, "works")
    assert first is not None
    assert FileLock.take(path, "works", wait_s=0.0) is None
    first.release()
    assert not path.exists()
    with locked(path):
        assert path.exists()
        path.unlink()
        stranger = FileLock.take(path, "works")
        assert stranger is not None
    assert stranger.in_place  # who gives back a lock that was replaced takes nobody else's away
    stranger.release()


@pytest.mark.rig
@pytest.mark.skipif(sys.platform == "win32", reason="an open file stays where it is on Windows")
@pytest.mark.parametrize("deed", [delete, move_all])
def test_a_real_session_tells_on_the_screen_and_goes_on(
    tmp_path: Path, deed: Callable[[Path], None]
) -> None:
    out = tmp_path / "out"
    line = ["run", "-s", "sim:", "-o", "null:", "--duration", "60", "--out", str(out)]
    child = subprocess.Popen(
        [sys.executable, "-m", "biofeedback", *line],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "XDG_DATA_HOME": str(tmp_path / "data")},
    )  # fmt: skip
    try:
        until(lambda: list(out.glob(f"*/{LOG_NAME}")))
        (log,) = out.glob(f"*/{LOG_NAME}")
        until(lambda: log.read_bytes().count(b"\n") > 20)
        before = log.read_bytes()
        deed(log)
        second = log.with_name(part_name(2))
        until(lambda: second.is_file() and b"goes on" in second.read_bytes())  # the trouble's note
        child.send_signal(signal.SIGINT)
        said, told = child.communicate(timeout=60)
    finally:
        child.kill()
    assert child.returncode == 130, told
    assert "deleted or moved while the session runs" in said + told
    found = [line for _, line in read(log.parent)]
    assert isinstance(found[-1], lines.EndLine)
    (hole,) = [line for line in found if isinstance(line, lines.LostLine)]
    assert hole.first == 1
    assert hole.last + 1 == found[2].seq
    assert before.count(b"\n") <= hole.last + 1  # what was written before is what is gone
    assert verify(log.parent, core_of).lost == hole
    assert (log.parent / "report.html").is_file()
    assert log_parts(log.parent) == [second]
