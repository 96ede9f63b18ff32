"""What a user gets wrong about ports, maps, hosts and soundfonts: one line, a hint, exit code 2."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from rigs import jack as rig

from biofeedback.cli.app import run
from synth.errors import OutputUnavailable
from synth.outputs import rtmidi_binding

needs_jack = pytest.mark.skipif(not rig.PRESENT, reason=rig.REASON)

WITHOUT_SERVER = [
    ("-o midi:Moog", "no MIDI port 'Moog'; there is none at all", "Plug the device in"),
    ("-o midi-virtual:X", "offers no MIDI", "Start JACK"),
    ("-o midi-jack:X", "no JACK server answers", "Start JACK"),
    ("-o osc:0", "'0' is no port", "osc:9001"),
    ("-o osc:9001x", "is no port", "osc:9001"),
    ("-o osc:no-such-host.invalid:9001", "cannot be reached", "osc:9001"),
    ("-o soundfont:nowhere.sf2", "there is no soundfont nowhere.sf2", ".sf2"),
    ("-o midi-jack:X?device=a", "has no option 'device'", "It is for"),
    ("-o midi:X --midi-map seventeen.toml", "bass.channel is 17", "1 to 16"),
    ("-o midi:X --midi-map nowhere", "no MIDI map named 'nowhere'", "general-midi"),
    ("-o null: --midi-map multitimbral", "no output takes the MIDI map", "mid:PATH"),
    ("-o audio:nowhere", "no audio device 'nowhere'", "leave the name out"),
    ("-o null: --control midi:Keys", "no learned controller 'Keys'", "midi-learn"),
    ("-o null: --control midi:Keys?map=nowhere.toml", "nowhere.toml", "midi-learn"),
    ("-o null: --control midi:Keys?map=keys.toml", "binding[0].channel", "docs/midi.md"),
    ("-o null: --control osc:0.0.0.0:9001", "anybody", "token"),
    ("-o null: --control osc:99999", "is no port", "osc:9001"),
    ("-o null: --control usb:1", "nothing to steer with", "midi:PORT"),
    ("-o null: --clock drums", "names no MIDI input", "midi:PORT"),
    ("-o null: --clock midi:Drums", "no MIDI input 'Drums'; there is none at all", "Plug"),
]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "there-is-none")
    (tmp_path / "seventeen.toml").write_text("[bass]\nchannel = 17\n")
    (tmp_path / "keys.toml").write_text("[[binding]]\naction = 'tempo'\nchannel = 17\ncc = 1\n")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize(("options", "said", "hint"), WITHOUT_SERVER)
def test_a_mistake_is_one_line_with_a_hint(
    here: Path, capsys: pytest.CaptureFixture[str], options: str, said: str, hint: str
) -> None:
    before = sorted(here.rglob("*"))
    assert run(["run", "-s", "sim:", "--duration", "5", *options.split()]) == 2
    error = capsys.readouterr().err
    shown = [line for line in error.splitlines() if line.startswith("Error:")]
    assert len(shown) == 1
    assert said in shown[0]
    assert hint in next(line for line in error.splitlines() if line.startswith("Hint:"))
    assert "Traceback" not in error
    assert sorted(here.rglob("*")) == before


def test_a_port_for_osc_that_is_taken_is_said(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        control = f"osc:{taken.getsockname()[1]}"
        assert run(["run", "-s", "sim:", "-o", "null:", "--control", control]) == 2
    assert "nothing can be received" in capsys.readouterr().err


@pytest.fixture
def server(here: Path) -> Iterator[None]:
    with rig.jack_server():
        yield


@pytest.mark.rig
@needs_jack
def test_two_ports_that_fit_are_both_named_and_one_that_vanished_is_said(
    server: None, capsys: pytest.CaptureFixture[str]
) -> None:
    rtmidi = pytest.importorskip("rtmidi", reason="python-rtmidi has no wheel here")
    synths = []
    for name in ("Synth 1", "Synth 10"):
        synths.append(rtmidi.MidiIn(3, name="rack"))
        synths[-1].open_virtual_port(name)
    try:
        assert run(["run", "-s", "sim:", "-o", "midi:synth"]) == 2
        error = capsys.readouterr().err
        assert "Synth 1'" in error
        assert "Synth 10'" in error
        assert "full name" in error
        with pytest.raises(OutputUnavailable, match="has gone") as caught:
            rtmidi_binding.open_port("rack:Synth 2")  # as when it was unplugged just now
        assert caught.value.hint
        with pytest.raises(OutputUnavailable, match="has gone"):
            rtmidi_binding.open_input("keys:Keys 2", lambda message, delta_s: None)
    finally:
        for synth in synths:
            synth.close_port()
            synth.delete()
