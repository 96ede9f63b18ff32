"""Commands where streams are full or closed, libraries print, and Ctrl-C comes twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from biofeedback.common.interrupts import Interrupts

pytestmark = pytest.mark.skipif(os.name == "nt", reason="its shell and signals are others")

BIOFEEDBACK = f"'{sys.executable}' -P -m biofeedback"
FAST = f"{BIOFEEDBACK} run -s sim: --fast --duration 20 -o wav: --out out"


def shell(command: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, env={**os.environ, **env}, timeout=120, check=False,
    )  # fmt: skip


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("out/*/*")}


@pytest.mark.rig
def test_a_session_goes_on_though_standard_output_is_full_and_libraries_print(tmp_path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('hello from a library', flush=True)\n")
    done = shell(f"{FAST} >/dev/full", tmp_path, PYTHONPATH=str(tmp_path), PYTHONUNBUFFERED="")
    said = [line for line in done.stderr.splitlines() if "standard output" in line]
    assert done.returncode == 0, done.stderr
    assert said == [
        "Note: standard output cannot be written: No space left on device; the session goes on."
    ]
    assert {"session.mid", "report.html", "session.wav"} <= files(tmp_path)
    assert "Traceback" not in done.stderr


@pytest.mark.rig
def test_a_session_goes_on_with_all_standard_streams_closed(tmp_path) -> None:
    """What it opens first must not become its standard output."""
    done = shell(f"{FAST} <&- >&- 2>&-", tmp_path)
    assert done.returncode == 0
    assert {"session.mid", "report.html", "session.wav"} <= files(tmp_path)


@pytest.mark.rig
@pytest.mark.parametrize(
    ("to", "code", "says"),
    [
        (">/dev/full", 2, "Error: standard output cannot be written: No space left on device"),
        (">&-", 0, ""),
        ("| true; exit ${PIPESTATUS[0]}", 0, ""),
    ],
)
def test_what_only_prints_ends_with_one_line_or_none(tmp_path, to, code, says) -> None:
    done = shell(f"{BIOFEEDBACK} programmes {to}", tmp_path)
    assert done.returncode == code
    assert done.stderr.partition("\n")[0] == says
    assert "Traceback" not in done.stderr


@pytest.mark.rig
def test_a_second_ctrl_c_takes_nothing_from_the_files(tmp_path) -> None:
    """The first one ends the music; the second falls into the writing of the report."""
    command = [sys.executable, "-P", "-m", "biofeedback", "run", "-s", "sim:", "-o", "null:"]
    child = subprocess.Popen(
        [*command, "--out", "out"], cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
        text=True,
    )  # fmt: skip
    pause_until(
        lambda: any(b'"note"' in log.read_bytes() for log in tmp_path.glob("out/*/*.jsonl"))
    )
    child.send_signal(signal.SIGINT)
    pause_until(lambda: "session.mid" in files(tmp_path))
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130, said
    assert "Traceback" not in said
    assert {"session.mid", "report.html"} <= files(tmp_path)


def pause_until(true, timeout_s: float = 60.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def test_ctrl_c_is_counted_and_told_once_while_it_is_held() -> None:
    told = []
    interrupts = Interrupts()
    with interrupts.held(), interrupts.held(lambda: told.append(interrupts.count)):
        for _ in range(5):  # a key held down is no insistence
            signal.raise_signal(signal.SIGINT)
    assert interrupts.count == 5
    assert told == [1]
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_who_insists_is_let_go(monkeypatch) -> None:
    interrupts = Interrupts()
    with interrupts.held():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        monkeypatch.setattr("biofeedback.common.interrupts._PATIENT_S", 0.0)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
