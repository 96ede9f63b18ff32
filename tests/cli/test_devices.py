import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from biofeedback.cli import checks, probe
from biofeedback.cli.app import run
from biofeedback.cli.words import signal_words
from sensors.ble import advice
from synth.errors import OutputUnavailable

RIGS = Path(__file__).parents[1] / "rigs"


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer without a Bluetooth service, and with nothing remembered."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/nobody")


@pytest.mark.slow
def test_the_doctor_finds_nothing_broken_in_a_sound_installation(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    verdicts = {check["name"]: check["verdict"] for check in report["checks"]}
    assert report["ok"] is True
    assert {"python", "packages", "configs", "libraries", "data folder", "disk"} <= verdicts.keys()
    assert "fail" not in verdicts.values()
    assert all(check["hint"] for check in report["checks"] if check["verdict"] == "warn")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="takes the bus of BlueZ away")
def test_no_bluetooth_is_a_warning_of_the_doctor_and_a_mistake_of_scan(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["doctor"]) == 0
    assert "bluetoothd" in capsys.readouterr().out
    assert run(["scan", "--timeout", "1"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("Error:") == captured.err.count("Hint:") == 1


@pytest.mark.rig
def test_the_doctor_never_imports_what_makes_sound(tmp_path: Path) -> None:
    code = (
        "import sys; from biofeedback.cli.app import run; run(['doctor']); "
        "sys.exit(any(name in sys.modules for name in ('pyo', 'rtmidi', 'rtmidi2', 'neurokit2')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.rig
def test_a_sensors_file_of_the_user_in_the_way_is_named_and_fails(tmp_path: Path) -> None:
    (tmp_path / "sensors.py").write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "biofeedback", "doctor", "--json"],
        cwd=tmp_path, capture_output=True, check=False, timeout=30,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 1, done.stderr.decode()
    found = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert found["packages"]["verdict"] == "fail"
    assert str(tmp_path / "sensors.py") in found["packages"]["text"]


@pytest.mark.slow
def test_a_data_folder_that_cannot_be_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if sys.platform != "linux":
        pytest.skip("places the data folder as Linux does")
    monkeypatch.setenv("XDG_DATA_HOME", "/proc/nowhere")
    assert run(["doctor"]) == 1
    assert "cannot be written" in capsys.readouterr().out


def test_packages_that_lie_elsewhere_are_not_ours(tmp_path: Path) -> None:
    assert checks.packages().verdict == "ok"
    assert checks.packages(tmp_path).verdict == "fail"


@pytest.mark.slow
def test_ports_lists_both_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ports", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert all(isinstance(name, str) for name in found["audio"] + found["midi"])
    assert run(["ports"]) == 0
    text = capsys.readouterr().out
    assert "Audio devices" in text
    assert "MIDI ports" in text


def test_a_sound_library_that_hangs_or_dies_is_told_and_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashing = tmp_path / "python"
    crashing.write_text("#!/bin/sh\nkill -SEGV $$\n")
    hanging = tmp_path / "python-that-hangs"
    hanging.write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr("synth.patience.bare_interpreter_s", lambda: 0.001)
    for program, said in ((crashing, "ended"), (hanging, "does not answer")):
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))
        monkeypatch.setattr(probe, "TIMEOUT_S", 0.3)
        with pytest.raises(OutputUnavailable, match=said):
            probe.audio_devices()


def test_a_check_on_a_slow_computer_is_given_longer_and_on_another_it_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checks, "_SLOWEST_S", 0.02)
    look = lambda: time.sleep(0.2) or checks.Check("audio", "ok", "")  # noqa: E731
    found = {}
    for bare_s in (0.0, 0.1):
        monkeypatch.setattr("synth.patience.bare_interpreter_s", lambda bare_s=bare_s: bare_s)
        found[bare_s] = asyncio.run(checks._guarded("audio", look))
    assert (found[0.0].verdict, found[0.0].text) == ("fail", "gives no answer within 0.02 s")
    assert found[0.1].verdict == "ok"


@pytest.mark.rig
@pytest.mark.skipif(
    shutil.which("dbus-daemon") is None, reason="needs dbus-daemon (Debian: dbus-daemon)"
)
@pytest.mark.skipif(sys.platform != "linux", reason="needs BlueZ, which is Linux only")
def test_scan_lists_a_strap_with_what_it_gives() -> None:
    rig = [sys.executable, str(RIGS / "virtual_bluez.py"), str(RIGS / "scenarios" / "basic.yaml")]
    command = [sys.executable, "-m", "biofeedback", "scan", "--timeout", "2", "--json"]
    done = subprocess.run(
        [*rig, "--", *command], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    strap = next(device for device in found if device["name"] == "Virtual HRM 01")
    assert strap["kind"] == "heart rate strap"
    assert "RR" in strap["gives"]
    assert strap["rssi_dbm"] < 0
    assert strap["battery_percent"] == 87
    assert "serial number" in strap["about"]


def test_a_signal_is_said_in_words() -> None:
    assert signal_words(-50) == "strong (-50 dBm)"
    assert signal_words(-90) == "weak (-90 dBm)"
    assert signal_words(None) == "connected"


def test_the_doctor_offers_only_what_this_system_has(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = checks.Check("audio", "warn", "no device", "Connect one.")
    lonely = checks.Check("MIDI", "warn", "no port", "Start one.")
    port = checks.Check("MIDI", "ok", "1 ports: Synth")
    first, second = checks.advised([silent, port])
    assert first.hint == "Connect one. Until then: --output midi:PORT"
    assert second.hint == ""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for check in checks.advised([silent, lonely]):
        assert check.hint.endswith("Until then: a file: --output mid:FILE.mid")
    monkeypatch.setattr(advice, "which", lambda name: None)
    monkeypatch.setattr(advice, "has_group", lambda name: False)
    told = advice.to_be_allowed() + advice.to_switch_it_on() + advice.to_start_the_service()
    assert not re.search("systemctl|rfkill|group", told)
