"""Learning from a controller: what is touched is bound, and kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from rigs import jack as rig

from biofeedback.cli.app import run
from biofeedback.controllers.bindings import Binding, read

rtmidi = pytest.importorskip("rtmidi", reason="python-rtmidi has no wheel here")


@pytest.mark.rig
@pytest.mark.skipif(not rig.PRESENT, reason=rig.REASON)
def test_each_action_gets_the_control_that_is_touched_next(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    with rig.jack_server():
        keys = rtmidi.MidiOut(3, name="keys")
        keys.open_virtual_port("Keys")
        command = [
            *(sys.executable, "-m", "biofeedback", "midi-learn", "KEYS*"),
            *("--actions", "tempo,marker", "--wait", "10", "--out", str(path)),
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, bufsize=1) as learning:
            assert learning.stdout is not None
            said = learning.stdout.readline()
            while "tempo:" not in said:
                said = learning.stdout.readline()
            for value in range(5):
                keys.send_message([0xB0, 20, 60 + value])
            while "marker:" not in said:
                said = learning.stdout.readline()
            keys.send_message([0xB0, 20, 70])  # the knob still turns
            keys.send_message([0x92, 36, 100])
            rest = learning.stdout.read()
        keys.close_port()
        keys.delete()
    assert learning.returncode == 0
    assert "cc 20, channel 1 is taken" in rest
    assert "note 36, channel 3 is marker" in rest
    assert "--control" in rest
    assert read(path) == (
        Binding(action="tempo", cc=20),
        Binding(action="marker", note=36, channel=3),
    )


def test_mistakes_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for line in ("midi-learn no-such-port", "midi-learn x --actions sing"):
        assert run(line.split()) == 2
        error = capsys.readouterr().err
        assert error.count("Error:") == 1
        assert "Hint:" in error
