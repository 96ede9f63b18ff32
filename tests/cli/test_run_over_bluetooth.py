"""`biofeedback run` from a strap's radio to a MIDI file: real bleak on the virtual BlueZ."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rigs.marks import needs_bluez

from biofeedback.record import lines
from biofeedback.record.reader import read
from biofeedback.record.rebuild import core_of
from biofeedback.record.verify import verify
from sensors.codecs.heart_rate import HeartRateMeasurement
from sensors.signals import Signal

pytestmark = needs_bluez

RIGS = Path(__file__).parents[1] / "rigs"
MEASUREMENT = "00002a37-0000-1000-8000-00805f9b34fb"


def run(
    folder: Path, scenario: str | None, *options: str
) -> tuple[subprocess.CompletedProcess[str], Path]:
    truth = folder / "truth.jsonl"
    rig = [sys.executable, str(RIGS / "virtual_bluez.py"), str(RIGS / "scenarios" / str(scenario))]
    command = [sys.executable, "-m", "biofeedback", "run", "--out", str(folder / "out"), *options]
    wrapped = [*rig, "--truth", str(truth), "--", *command] if scenario else command
    environment = {
        **os.environ,
        "XDG_DATA_HOME": str(folder / "data"),
        "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={folder}/nobody",
    }
    done = subprocess.run(
        wrapped, capture_output=True, text=True, timeout=90, env=environment, check=False
    )
    return done, truth


def test_every_beat_that_was_notified_is_in_the_session_log(tmp_path: Path) -> None:
    midi = tmp_path / "out.mid"
    done, truth = run(
        tmp_path, "basic.yaml", "--sensor", "ble:Virtual HRM 01", "--duration", "18",
        "--output", f"mid:{midi}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (session,) = (tmp_path / "out").iterdir()
    sent = []
    for line in map(json.loads, truth.read_text().splitlines()):
        if line["ev"] == "notify" and line["ok"] and line.get("uuid") == MEASUREMENT:
            sent += HeartRateMeasurement.decode(bytes.fromhex(line["hex"])).rr_s
    logged = [
        value
        for _, line in read(session)
        if isinstance(line, lines.ChunkLine) and line.signal == Signal.RR
        for value in line.values
    ]
    assert len(logged) > 10
    # the last packet may be under way when the session ends
    assert logged == sent[: len(logged)]
    assert len(sent) - len(logged) <= 2
    gaps = [line for _, line in read(session) if isinstance(line, lines.GapLine)]
    assert {(gap.signal, gap.reason) for gap in gaps} >= {("rr", "link")}
    assert midi.read_bytes()[:4] == b"MThd"
    assert midi.read_bytes() == (session / "session.mid").read_bytes()
    assert verify(session, core_of).difference is None


@pytest.mark.parametrize(
    ("scenario", "said"),
    [(None, "Bluetooth"), ("off.yaml", "Bluetooth"), ("two.yaml", "Virtual HRM 01")],
    ids=["no service", "adapter off", "strap not there"],
)
def test_a_strap_that_cannot_be_had_is_one_clear_line_and_leaves_nothing(
    tmp_path: Path, scenario: str | None, said: str
) -> None:
    done, _ = run(tmp_path, scenario, "--sensor", "ble:Nobody", "--wait", "3", "-o", "null:")
    assert done.returncode == 2, done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error:")]
    assert len(errors) == 1
    assert said in done.stderr
    assert "Hint:" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "out").glob("*"))
