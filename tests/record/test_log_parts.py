"""A long log in several files is one log to all who read it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from replayed_session import simulated

from biofeedback.common.errors import LogError
from biofeedback.record import export_csv
from biofeedback.record.catalogue import catalogue
from biofeedback.record.compress import compress
from biofeedback.record.reader import (
    LOG_NAME,
    log_parts,
    log_size,
    log_state,
    part_name,
    read,
)
from biofeedback.record.rebuild import core_of
from biofeedback.record.replay import logged_inputs
from biofeedback.record.verify import verify
from biofeedback.report.session_data import read_story


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated(tmp_path_factory.mktemp("out"), 40.0)


@pytest.fixture
def parted(session: Path, tmp_path: Path) -> Path:
    """The same session in small parts."""
    folder = tmp_path / session.name
    folder.mkdir()
    lines = (session / LOG_NAME).read_bytes().splitlines(keepends=True)
    for number, first in enumerate(range(0, len(lines), 100), 1):
        (folder / part_name(number)).write_bytes(b"".join(lines[first : first + 100]))
    return folder


def test_parts_in_order_are_the_log(session: Path, parted: Path) -> None:
    parts = log_parts(parted)
    assert len(parts) > 4
    assert b"".join(part.read_bytes() for part in parts) == (session / LOG_NAME).read_bytes()
    assert list(read(parted)) == list(read(session))
    assert log_size(parted) == log_size(session)


def test_every_reader_takes_them_as_one(session: Path, parted: Path, tmp_path: Path) -> None:
    assert verify(parted, core_of) == verify(session, core_of)
    assert logged_inputs(parted) == logged_inputs(session)
    assert read_story(parted, lambda share: None).duration_s == read_story(
        session, lambda share: None
    ).duration_s  # fmt: skip
    for name, folder in (("one", session), ("parts", parted)):
        export_csv.export(folder, tmp_path / name, force=False, progress=lambda share: None)
    assert (tmp_path / "one" / "state.csv").read_bytes() == (
        tmp_path / "parts" / "state.csv"
    ).read_bytes()
    ((entry,), problems) = catalogue(parted.parent)
    assert entry.end is not None
    assert not problems


def test_compressed_parts_read_the_same(session: Path, parted: Path) -> None:
    before = log_state(parted)
    packed = compress(parted)
    assert [part.suffix for part in packed] == [".gz"] * len(packed)
    assert not list(parted.glob("*.jsonl"))
    assert log_state(parted) != before
    assert list(read(parted)) == list(read(session))
    ((entry,), _) = catalogue(parted.parent)
    assert entry.end is not None


def test_a_missing_part_is_named(parted: Path) -> None:
    log_parts(parted)[2].unlink()
    with pytest.raises(LogError, match=r"session-0003\.jsonl is missing"):
        list(read(parted))


WRITER = """
import sys, time
from pathlib import Path
from biofeedback.record import lines
from biofeedback.record.line import encode
from biofeedback.record.writer import LogWriter

header, _, _ = Path(sys.argv[1]).read_bytes().partition(b"\\n")
log = LogWriter(Path(sys.argv[2]), part_bytes=20000)
log.append(header)
for seq in range(1, 10**9):
    log.append(encode(lines.TickLine(t=seq / 2, seq=seq, index=seq)))
    if seq % 100 == 0:
        time.sleep(0.05)
"""


@pytest.mark.rig
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_a_kill_between_parts_leaves_every_whole_line(session: Path, tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(session / LOG_NAME), str(tmp_path / LOG_NAME)]
    )
    until(lambda: (tmp_path / "session-0004.jsonl").is_file())
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    numbers = [line.seq for _, line in read(tmp_path)]
    assert numbers == list(range(len(numbers)))
    assert sum(part.read_bytes().count(b"\n") for part in log_parts(tmp_path)) == len(numbers)


def until(wanted: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 20
    while not wanted() and time.monotonic() < deadline_s:
        time.sleep(0.02)
    assert wanted()
