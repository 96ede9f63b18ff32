import json
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from biofeedback.cli import guide
from biofeedback.cli.app import run
from biofeedback.common.errors import ConfigError
from biofeedback.personal import setup as remembered
from biofeedback.storage.paths import data_folder
from sensors.ble.radio import Advertisement, DeviceKind

STRAP = remembered.Setup(sensors=("ble:Polar H10 123",), outputs=("midi:Synth",))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_options_win_and_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    remembered.save(STRAP)
    chosen = guide.setup(["sim:"], ["null:", "mid:x.mid"])
    assert chosen == guide.GuideChoice(("sim:",), ("null:", "mid:x.mid"))
    assert capsys.readouterr().err == ""


def test_what_no_option_names_is_as_it_was_last_time(capsys: pytest.CaptureFixture[str]) -> None:
    remembered.save(STRAP)
    assert guide.setup(None, None) == guide.GuideChoice(STRAP.sensors, STRAP.outputs)
    assert guide.setup(["sim:"], None) == guide.GuideChoice(("sim:",), STRAP.outputs)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "ble:Polar H10 123 -> midi:Synth" in lines[0]


def test_the_first_time_it_is_the_only_strap_and_the_default_sound(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert guide.setup(None, None) == guide.GuideChoice(("ble:",), ("audio:",))
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_set_up_is_remembered_whole_or_not_at_all() -> None:
    assert remembered.load() is None
    remembered.save(STRAP)
    assert remembered.load() == STRAP
    assert [path.name for path in data_folder().iterdir()] == ["setup.json"]


def test_a_damaged_set_up_is_named() -> None:
    remembered.save(STRAP)
    (data_folder() / "setup.json").write_text("{")
    with pytest.raises(ConfigError, match=r"setup\.json"):
        guide.setup(None, None)


def test_straps_bands_and_what_a_polar_can_do_more_are_offered() -> None:
    def seen(name: str, address: str, kind: DeviceKind, *streams: str) -> Advertisement:
        return Advertisement(name, address, -60, kind, None, (), "skin conductance; Band", streams)  # type: ignore[arg-type]

    options = guide.sensor_options(
        [
            seen("My Band", "AA:03", "skin conductance band"),
            seen("Polar H10 1", "AA:01", "heart rate strap", "ecg", "acc"),
            seen("HRM", "AA:04", "heart rate strap"),
            seen("HRM", "AA:05", "heart rate strap"),
            seen("Headphones", "AA:06", "other"),
        ]
    )
    assert [uri for uri, _ in options] == [
        "ble:AA:01",
        "ble:AA:01?streams=ecg,acc",
        "ble:AA:04",
        "ble:AA:05",
        "ble:AA:03",
    ]
    assert ["at AA:04" in words or "at AA:05" in words for _, words in options] == [
        False, False, True, True, False,
    ]  # fmt: skip
    assert "skin conductance" in options[-1][1]


def test_without_a_terminal_it_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert "Usage:" in capsys.readouterr().out


def test_the_test_sound_is_two_bars_and_soft() -> None:
    assert max(note.beat + note.beats for note in guide.PHRASE) == 8.0
    assert max(note.velocity for note in guide.PHRASE) < 64


class Terminal:
    """`biofeedback` alone in a pseudo-terminal of 80 columns, with no Bluetooth service."""

    def __init__(self, home: Path) -> None:
        import termios

        self._keyboard, terminal = os.openpty()
        termios.tcsetwinsize(terminal, (24, 80))
        self.before = termios.tcgetattr(terminal)
        self.shown = ""
        self._terminal = terminal
        self.child = subprocess.Popen(
            [sys.executable, "-m", "biofeedback"],
            stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
            env={
                **os.environ, "TERM": "xterm", "XDG_DATA_HOME": str(home), "COLUMNS": "80",
                "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={home}/nobody",
            },
        )  # fmt: skip

    def wait_for(self, text: str) -> str:
        """Read what is shown until the text comes; return what came before it, and forget that."""
        while text not in self.shown:
            assert self._read(), f"{text!r} never came after {self.shown!r}"
        before, _, self.shown = self.shown.partition(text)
        return before

    def type(self, keys: str) -> None:
        os.write(self._keyboard, keys.encode())

    def interrupt(self) -> int:
        """Press Ctrl-C and return the exit code."""
        self.child.send_signal(signal.SIGINT)
        while self.child.poll() is None:
            self._read(0.1)
        return self.child.returncode

    def _read(self, wait_s: float = 30.0) -> bool:
        """Read what comes within a time; return whether anything did."""
        if not select.select([self._keyboard], [], [], wait_s)[0]:
            return False
        self.shown += os.read(self._keyboard, 65536).decode("utf-8", "ignore")
        return True

    @property
    def is_restored(self) -> bool:
        import termios

        return termios.tcgetattr(self._terminal) == self.before

    def close(self) -> None:
        self.child.kill()
        self.child.wait()
        os.close(self._keyboard)
        os.close(self._terminal)


@pytest.fixture
def terminal(home: Path) -> Iterator[Terminal]:
    pytest.importorskip("termios", reason="Windows has no pseudo-terminals")
    terminal = Terminal(home)
    yield terminal
    terminal.close()


@pytest.mark.rig
def test_the_first_minute_leads_from_no_sensor_to_music_that_a_key_marks(
    terminal: Terminal, home: Path
) -> None:
    terminal.wait_for("Wet the electrodes")
    terminal.wait_for("simulated body")
    terminal.wait_for("Which one?")
    terminal.type("1 7\n")
    terminal.wait_for("Type a number")
    terminal.type("1\n")
    offered = terminal.wait_for("no sound now")
    terminal.wait_for("Where?")
    terminal.type("99\n")
    terminal.wait_for("Type a number")
    options = terminal.shown
    number = re.findall(r"\d", re.sub(r"\x1b\[[0-9;]*m", "", offered))[-1]
    terminal.type(f"{number}\n")
    terminal.wait_for("remembered")
    assert not (home / "biofeedback" / "setup.json").exists()  # not before it has worked
    terminal.wait_for("simulated, not a person")
    terminal.wait_for("notes a beat")
    terminal.type("m")
    terminal.wait_for("Marker 1 is set.")
    assert terminal.interrupt() == 130, options
    assert "Traceback" not in terminal.shown
    assert terminal.is_restored
    data = home / "biofeedback"
    assert json.loads((data / "setup.json").read_text())["sensors"] == ["sim:"]
    (log,) = data.glob("sessions/*/session.jsonl")
    assert b'"marker 1"' in log.read_bytes()
    assert b'"interrupted"' in log.read_bytes().splitlines()[-1]


@pytest.mark.rig
def test_ctrl_c_at_a_question_leaves_at_once(terminal: Terminal, home: Path) -> None:
    terminal.wait_for("Which one?")
    assert terminal.interrupt() == 130
    assert "Traceback" not in terminal.shown
    assert terminal.is_restored
    assert not (home / "biofeedback").exists()
