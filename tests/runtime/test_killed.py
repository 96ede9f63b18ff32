"""Sessions in processes of their own that end badly: killed, or interrupted by Ctrl-C."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from biofeedback.record.reader import LOG_NAME, read
from biofeedback.record.rebuild import core_of
from biofeedback.record.verify import verify

pytestmark = [
    pytest.mark.rig,
    pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL and no SIGINT"),
]


def start(out: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "biofeedback", "run", "-s", "sim:", "--out", str(out)]
    return subprocess.Popen(
        [*command, "-o", "null:", *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def wait_for_notes(out: Path, count: int) -> Path:
    for _ in range(1200):
        for log in out.glob(f"*/{LOG_NAME}"):
            if log.read_bytes().count(b'"kind":"note"') >= count:
                return log
        time.sleep(0.05)
    raise AssertionError("the session never played")


def test_a_killed_session_keeps_all_but_its_last_seconds_and_explains_itself(
    tmp_path: Path,
) -> None:
    child = start(tmp_path)
    log = wait_for_notes(tmp_path, 10)
    started_s = time.monotonic() - msgspec.json.decode(log.read_bytes().splitlines()[-1])["t"]
    child.kill()
    killed_s = time.monotonic() - started_s
    child.communicate()
    last = [line for _, line in read(log)][-1]
    assert killed_s - last.t <= 2.0
    verdict = verify(log, core_of)
    assert verdict.difference is None
    assert not verdict.complete
    assert verdict.derived >= 10


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_ctrl_c_and_its_kin_end_a_session_cleanly_with_130(tmp_path: Path, name: str) -> None:
    child = start(tmp_path)
    log = wait_for_notes(tmp_path, 1)
    child.send_signal(signal.Signals[name])
    output, _ = child.communicate(timeout=60)
    assert child.returncode == 130, output.decode()
    assert b"Traceback" not in output
    verdict = verify(log, core_of)
    assert verdict.complete
    assert verdict.difference is None
    assert (log.parent / "session.mid").is_file()


@pytest.mark.parametrize("after_s", [0.0, 0.3, 0.8, 1.6])
def test_ctrl_c_in_the_middle_of_a_fast_session_leaves_no_traceback(
    tmp_path: Path, after_s: float
) -> None:
    child = start(tmp_path, "--fast", "--duration", "7200")
    assert child.stdout is not None
    assert b"The session runs" in child.stdout.readline()
    time.sleep(after_s)
    child.send_signal(signal.SIGINT)
    output, _ = child.communicate(timeout=60)
    assert b"Traceback" not in output
    assert child.returncode == 130, output.decode()
