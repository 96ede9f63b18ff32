"""A session steered by a MIDI controller, by OSC and by a drum machine's clock, all at once."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rigs import jack as rig

from biofeedback.app.plan import SessionPlan
from biofeedback.app.runner import SessionRunner
from biofeedback.config.loader import load
from biofeedback.controllers.bindings import Binding, write
from biofeedback.record import lines
from biofeedback.record.reader import LOG_NAME, read
from biofeedback.record.rebuild import core_of
from biofeedback.record.verify import verify
from synth.outputs.osc import encode

rtmidi = pytest.importorskip("rtmidi", reason="python-rtmidi has no wheel here")

pytestmark = [pytest.mark.rig, pytest.mark.skipif(not rig.PRESENT, reason=rig.REASON)]

BPM = 100.0


def drum_machine(midi, ended: threading.Event) -> None:
    """Send a clock with 3 ms of jitter, and Start after a while."""
    rng, began, k = random.Random(1), time.monotonic(), 0
    while not ended.is_set():
        due = began + k * 2.5 / BPM + rng.uniform(0.0, 0.006)
        ended.wait(max(0.0, due - time.monotonic()))
        if k == 36:
            midi.send_message([0xFA])
        midi.send_message([0xF8])
        k += 1


def turn(midi) -> None:
    for value in range(0, 128, 2):
        midi.send_message([0xB0, 20, value])


def strike(midi) -> None:
    midi.send_message([0x90, 37, 100])
    midi.send_message([0x80, 37, 0])


def is_logged(out: Path, text: str) -> bool:
    return any(text in log.read_text() for log in out.glob(f"sessions/*/{LOG_NAME}"))


async def until_logged(out: Path, text: str, act: Callable[[], None]) -> None:
    """Do it until the log tells of it: a starved JACK server loses what it should pass on."""
    for _ in range(8):
        act()
        for _ in range(25):
            await asyncio.sleep(0.1)
            if is_logged(out, text):
                return
    raise AssertionError(f"{text} is not in the log")


@pytest.fixture(scope="module")
def session(tmp_path_factory) -> Path:
    out: Path = tmp_path_factory.mktemp("steered")
    keys_map = out / "keys.toml"
    bindings = [
        Binding(action="density", cc=20, low=0.5, high=4.5),
        Binding(action="marker", note=36, text="pad"),
        Binding(action="stop", note=37),
    ]
    write(keys_map, "Keys", bindings)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    async def act(session) -> None:
        ended = threading.Event()
        playing = threading.Thread(target=drum_machine, args=(drums, ended))
        await asyncio.sleep(0.5)
        assert any("waits for" in trouble for trouble in session.troubles)
        playing.start()
        try:
            await asyncio.sleep(2.0)
            await until_logged(out, "density=4.469", lambda: turn(keys))
            await until_logged(out, '"pad"', lambda: keys.send_message([0x90, 36, 100]))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                place = ("127.0.0.1", port)
                sender.sendto(encode("/biofeedback/key", ["D dorian", 60.0]), place)
                sender.sendto(encode("/biofeedback/tempo", [900.0]), place)
                sender.sendto(b"nonsense", place)
            await asyncio.sleep(4.0)
            await until_logged(out, '"stop"', lambda: strike(keys))
            while True:
                strike(keys)
                await asyncio.sleep(1.0)
        finally:
            ended.set()
            playing.join()

    with rig.jack_server(realtime=True):
        keys, drums = (rtmidi.MidiOut(3, name=name) for name in ("keys", "drums"))
        keys.open_virtual_port("Keys")
        drums.open_virtual_port("Drums")
        plan = SessionPlan(
            config=load(),
            sensors=("sim:",),
            out=out / "sessions",
            duration_s=60.0,
            realtime=True,
            controls=(f"midi:Keys?map={os.fspath(keys_map)}", f"osc:{port}"),
            clock="midi:drums",
        )
        try:
            outcome = SessionRunner(plan).run(act)
        finally:
            for midi in (keys, drums):
                midi.close_port()
                midi.delete()
    assert outcome is not None
    return outcome.folder


def logged(session: Path, kind: type) -> list:
    return [line for _, line in read(session) if isinstance(line, kind)]


def test_the_music_begins_on_a_bar_of_the_drum_machine_and_has_its_tempo(session) -> None:
    clock = logged(session, lines.ExternalClockLine)
    assert clock[0].state == "stopped"
    assert {line.state for line in clock[1:]} == {"running"}
    tempo = logged(session, lines.TempoLine)
    before = [line for line in clock if line.state == "running" and line.seq < tempo[0].seq][-1]
    theirs = before.beat + (tempo[0].time - before.time) * before.bpm / 60.0
    assert theirs % 4.0 == pytest.approx(0.0, abs=1e-6) or theirs % 4.0 > 4.0 - 1e-6
    assert clock[-1].bpm == pytest.approx(BPM, abs=3.0)  # a busy machine's ticks are late
    assert tempo[-1].bpm == pytest.approx(BPM, abs=15.0)


def test_a_knob_is_a_wish_at_most_ten_times_a_second_and_a_pad_a_marker(session) -> None:
    commands = logged(session, lines.CommandLine)
    turned = [line.value for line in commands if line.value.startswith("density=")]
    whole = turned.count("density=4.469 for 300")
    assert 1 <= len(turned) <= 5 * whole, "a sweep of 64 values takes well under half a second"
    assert turned[-1] == f"density={0.5 + 4.0 * 126 / 127:.3f} for 300"
    pads = [line for line in commands if line.value == "pad"]
    assert [(line.what, line.who) for line in pads] == [("marker", "midi:keys:Keys")]
    assert [line.what for line in commands][-2:] == ["stop", "stop"]


def test_osc_asks_too_and_what_makes_no_sense_is_left_out(session) -> None:
    asked = [line for line in logged(session, lines.CommandLine) if line.who.startswith("osc:")]
    assert [(line.who, line.what, line.value) for line in asked] == [
        ("osc:127.0.0.1", "override", "key=D dorian for 60")
    ]


def test_such_a_session_is_regenerated_from_its_log(session) -> None:
    verdict = verify(session, core_of)
    assert verdict.difference is None
    assert verdict.complete
