"""`biofeedback capture` on the virtual BlueZ: nobody is in it, and it plays the same beats."""

import asyncio
import json
import os
import re
import shlex
import subprocess
import sys
import zipfile
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import pytest
from rigs.marks import needs_bluez

from biofeedback.app.registry import SensorOptions, sensor
from biofeedback.cli.app import run
from biofeedback.common.clock import run_virtual
from biofeedback.simulation.model.music_features import MusicMonitor
from sensors.base import SensorStatus
from sensors.codecs.heart_rate import HeartRateMeasurement
from sensors.signals import Chunk, Signal

pytestmark = needs_bluez

RIGS = Path(__file__).parents[1] / "rigs"
MEASUREMENT = "00002a37-0000-1000-8000-00805f9b34fb"
SECRETS = ("annika", "krause", "D4:1E:0C:7A:92:3B", "D41E0C7A923B", "SN-4711-QX")
Capture = pytest.CaptureFixture[str]


def on_bluez(folder: Path, scenario: Path, *command: str) -> subprocess.CompletedProcess[str]:
    rig = [sys.executable, str(RIGS / "virtual_bluez.py"), str(scenario)]
    return subprocess.run(
        [*rig, "--truth", str(folder / f"{scenario.stem}.truth"), "--", sys.executable, *command],
        capture_output=True, text=True, timeout=90, check=False,
        env={**os.environ, "XDG_DATA_HOME": str(folder / "data")},
    )  # fmt: skip


def documented() -> list[list[str]]:
    """Return the commands that a stranger is asked for, without the program's name."""
    text = (Path(__file__).parents[2] / "docs" / "help-us.md").read_text(encoding="utf-8")
    return [shlex.split(line) for line in re.findall(r"^ +biofeedback (.*)$", text, re.MULTILINE)]


@dataclass(frozen=True)
class Outcome:
    file: Path
    said: subprocess.CompletedProcess[str]
    beats_s: list[float]  #: in packets that left the device while the capture listened


@pytest.fixture(scope="module")
def captured(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("capture")
    file = folder / "out.zip"
    first = next(words for words in documented() if words[0] == "capture")
    changes = {"ble:": "ble:Annika", "5": "0.25", "capture.zip": str(file)}
    options = [*(changes.get(word, word) for word in first), "--yes"]
    done = on_bluez(folder, RIGS / "scenarios" / "annika.yaml", "-m", "biofeedback", *options)
    assert done.returncode == 0, done.stderr
    truth = [json.loads(line) for line in (folder / "annika.truth").read_text().splitlines()]
    left = {event["no"] for event in truth if event["ev"] == "sent"}
    packets = [
        HeartRateMeasurement.decode(bytes.fromhex(event["hex"]))
        for event in truth
        if event["ev"] == "notify" and event["uuid"] == MEASUREMENT and event["no"] in left
    ]
    return Outcome(file, done, [rr for packet in packets for rr in packet.rr_s])


def test_nothing_in_it_tells_whose_it_is(captured: Outcome) -> None:
    with zipfile.ZipFile(captured.file) as archive:
        places = [captured.file.read_bytes(), *map(archive.read, archive.namelist())]
        lines = [json.loads(line) for line in archive.read("capture.jsonl").splitlines()]
    places.append(b"".join(bytes.fromhex(line.get("hex", "")) for line in lines[1:]))
    for secret in SECRETS:
        for text in (secret, secret.encode().hex(), secret.capitalize().encode().hex()):
            for way in (text.lower().encode(), text.lower().encode()[::-1]):
                assert not [way for place in places if way in place.lower()]
    octets = bytes.fromhex("D41E0C7A923B")
    assert not [place for place in places if octets in place or octets[::-1] in place]
    assert b"Made for" in places[-1]
    assert "Annika" not in captured.said.stdout


def test_it_is_shown_before_it_is_written(captured: Outcome) -> None:
    told = captured.said.stdout
    for words in ("2 made, 1 lost (link at", "2a37:", "Taken out: name at", "Written:"):
        assert words in told


def test_it_plays_the_same_beats_as_a_device_and_as_a_sensor(
    captured: Outcome, tmp_path: Path, capsys: Capture
) -> None:
    record = [str(RIGS / "record_strap.py"), "--seconds", "14"]
    done = on_bluez(tmp_path, captured.file, *record)
    records = [json.loads(line) for line in done.stdout.splitlines() if line[:1] == "{"]
    again = [v for r in records if r["is"] == "chunk" and r["signal"] == "rr" for v in r["values"]]
    assert len(again) >= 10
    assert again == captured.beats_s[: len(again)]
    gaps = [r["reason"] for r in records if r["is"] == "gap" and r["signal"] == "rr"]
    assert gaps == ["link"]
    assert run(["replay", str(captured.file), "--out", str(tmp_path / "a")]) == 0
    (log,) = (tmp_path / "a").glob("*/session.jsonl")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    played = [v for one in lines if one["kind"] == "chunk" and one["signal"] == "rr"
              for v in one["values"]]  # fmt: skip
    assert played == pytest.approx(captured.beats_s[: len(played)])
    assert len(captured.beats_s) - len(played) <= 2  # what left after the last that was heard
    assert as_a_sensor(captured.file) == played
    capsys.readouterr()
    assert run(["capture", "--check", str(captured.file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["driver"] == "strap"


@pytest.mark.parametrize("first", ["analyze", "capture --check"])
def test_the_documented_commands_do_as_they_say(
    first: str, captured: Outcome, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (command,) = [words for words in documented() if " ".join(words).startswith(first)]
    monkeypatch.chdir(captured.file.parent)
    captured.file.with_name("capture.zip").write_bytes(captured.file.read_bytes())
    assert run(command) == 0
    assert ("beats" if first == "analyze" else "heart rate") in capsys.readouterr().out


def as_a_sensor(file: Path) -> list[float]:
    """Return the intervals that `-s capture:FILE` brings into a session."""
    source = sensor(f"capture:{file}", SensorOptions())

    async def listen() -> list[float]:
        beats: list[float] = []
        async with aclosing(source.opened(asyncio.get_running_loop().time, MusicMonitor())) as all_:
            async for sample in all_:
                if isinstance(sample, Chunk) and sample.signal is Signal.RR:
                    beats += sample.values[:, 0].tolist()
                elif isinstance(sample, SensorStatus) and sample.state == "ended":
                    break
        return beats

    return run_virtual(listen)


def test_what_was_captured_is_never_replaced(captured: Outcome, capsys: Capture) -> None:
    before = captured.file.read_bytes()
    assert run(["capture", "--share", str(captured.file), "--yes"]) == 2
    assert "there already" in capsys.readouterr().err
    assert captured.file.read_bytes() == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--yes"], "--share"),
        (["--share", "new.zip"], "--yes"),
        (["--share", "new.zip", "--yes", "--values", "some"], "keep or coarse"),
        (["--share", "no/such/new.zip", "--yes"], "folder"),
        (["--share", "new.zip", "--yes", "-s", "sim:"], "Bluetooth"),
        (["--check", "new.zip"], "no capture"),
    ],
)
def test_what_cannot_be_is_refused_before_anybody_waits(
    options: list[str], words: str, tmp_path: Path, capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert run(["capture", *options]) == 2
    assert words in capsys.readouterr().err
    assert not list(tmp_path.glob("*.zip"))
