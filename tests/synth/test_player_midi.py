"""The player process on real MIDI ports, under a JACK server of the tests' own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from itertools import pairwise

import pytest
from rigs import jack

from synth import wire
from synth.errors import OutputUnavailable
from synth.events import Note
from synth.outputs.engines import midi_binding
from synth.params import Layer, MusicParams
from synth.player import protocol
from synth.player.remote import RemotePlayer
from synth.tempo_map import TempoSegment

rtmidi = pytest.importorskip("rtmidi", reason="python-rtmidi has no wheel here")

pytestmark = [pytest.mark.rig, pytest.mark.skipif(not jack.PRESENT, reason=jack.REASON)]

_PORT = "Test Synth"
_JACK = 3


@pytest.fixture(scope="module", autouse=True)
def server():
    with jack.jack_server() as name:
        yield name


class Listener:
    """A synthesiser that writes down what it is sent."""

    def __init__(self) -> None:
        self.midi = rtmidi.MidiIn(_JACK, name="listener")
        self.midi.open_virtual_port(_PORT)
        self.messages: list[tuple[int, ...]] = []

    def read(self) -> list[tuple[int, ...]]:
        while (got := self.midi.get_message()) is not None:
            self.messages.append(tuple(got[0]))
        return self.messages

    def await_notes(self, count: int, timeout_s: float = 8.0) -> None:
        pause, deadline = threading.Event(), time.monotonic() + timeout_s
        while sum(m[0] & 0xF0 == 0x90 for m in self.read()) < count:
            assert time.monotonic() < deadline, f"only {self.messages}"
            pause.wait(0.02)

    def await_silence(self, timeout_s: float = 5.0) -> None:
        """Wait until every note-on has had its note-off, and all-sound-off has come."""
        pause, deadline = threading.Event(), time.monotonic() + timeout_s
        while self.hanging() or not any(m[:2] == (0xB2, 120) for m in self.messages):
            assert time.monotonic() < deadline, f"hanging: {self.hanging()} of {self.messages}"
            pause.wait(0.02)

    def hanging(self) -> set[tuple[int, int]]:
        held = set()
        for message in self.read():
            place = message[0] & 0x0F, message[1]
            if message[0] & 0xF0 == 0x90:
                held.add(place)
            elif message[0] & 0xF0 == 0x80:
                held.discard(place)
        return held


@pytest.fixture
def listener():
    listener = Listener()
    yield listener
    listener.midi.close_port()
    listener.midi.delete()


def endless(count: int = 3) -> list[Note]:
    return [Note(k, 0.1 * k, 1000.0, 60 + k, 80, Layer.MELODY) for k in range(count)]


_PARENT = """
import sys, asyncio, time
from synth.player.remote import RemotePlayer
from synth.tempo_map import TempoSegment
from synth.events import Note
from synth.params import Layer
async def main():
    t0 = time.monotonic()
    player = await RemotePlayer.open("midi:Test Synth", t0)
    player.tempo(TempoSegment(time.monotonic() - t0, 0.0, 60.0))
    player.notes(Note(k, 0.1 * k, 1000.0, 60 + k, 80, Layer.MELODY) for k in range(3))
    await asyncio.sleep(60)
asyncio.run(main())
"""


def test_notes_arrive_through_a_real_port_in_order(listener) -> None:
    async def play() -> dict:
        t0 = time.monotonic()
        player = await RemotePlayer.open(f"midi:{_PORT.lower()}", t0)
        try:
            player.params(MusicParams())
            player.tempo(TempoSegment(time.monotonic() - t0 + 0.1, 0.0, 120.0))
            player.notes(Note(k, k / 8, 0.1, 40 + k, 90, Layer.MELODY) for k in range(16))
            await asyncio.to_thread(listener.await_notes, 16)
            await asyncio.sleep(1.1)
            return player.health
        finally:
            await player.close()

    health = asyncio.run(play())
    ons = [m for m in listener.read() if m[0] & 0xF0 == 0x90]
    assert ons == [(0x92, 40 + k, 90) for k in range(16)]
    assert not listener.hanging()
    assert health["sent"] == 32
    assert health["restarts"] == health["unsent"] == 0
    assert health["rights"] in ("fifo", "rtkit", "nice", "short slices", "normal")
    assert (0xB2, 74, 74) in listener.messages  # brightness


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_no_note_hangs_when_the_session_is_killed(listener, how) -> None:
    parent = subprocess.Popen([sys.executable, "-P", "-c", _PARENT])
    try:
        listener.await_notes(3)
        assert len(listener.hanging()) == 3
    finally:
        parent.send_signal(how)
        parent.wait(10)
    listener.await_silence()


def test_no_note_hangs_when_the_player_is_terminated_and_sigint_is_ignored(listener) -> None:
    player, ours = wire.start(sys.executable, "-P", "-m", "synth.player")
    t0 = time.monotonic()
    opening = protocol.open_output(f"midi:{_PORT}", t0)
    with player, ours, ours.makefile("rwb", buffering=0) as stream:
        try:
            stream.write(opening + b"no json\n")
            assert b"ready" in stream.readline()
            beat_0 = protocol.tempo(TempoSegment(time.monotonic() - t0, 0.0, 60.0))
            stream.write(beat_0 + protocol.notes(endless()))
            listener.await_notes(2)
            player.send_signal(signal.SIGINT)
            listener.await_notes(3)
            player.send_signal(signal.SIGTERM)
            listener.await_silence()
            assert stream.read() is not None
        finally:
            player.terminate()
    assert player.returncode == 0


def test_a_player_that_dies_is_started_again_and_joins_at_the_next_bar(listener) -> None:
    async def play() -> dict:
        t0 = time.monotonic()
        player = await RemotePlayer.open(f"midi:{_PORT}", t0)
        try:
            player.tempo(TempoSegment(time.monotonic() - t0, 0.0, 160.0))
            player.notes(Note(k, k / 2, 0.2, 40 + k, 90, Layer.MELODY) for k in range(24))
            await asyncio.to_thread(listener.await_notes, 2)
            os.kill(player.pid, signal.SIGKILL)
            await asyncio.to_thread(listener.await_notes, 8)
            return player.health
        finally:
            await player.close()

    health = asyncio.run(play())
    assert health["restarts"] == 1
    pitches = [m[1] for m in listener.read() if m[0] & 0xF0 == 0x90]
    joined = next(b for a, b in pairwise(pitches) if b - a > 1)
    assert (joined - 40) % 8 == 0  # eight notes a bar


def test_a_missing_port_lists_those_that_exist(listener) -> None:
    assert any(_PORT in name for name in midi_binding().list_ports())

    async def play() -> None:
        await RemotePlayer.open("midi:Nothing like it", time.monotonic())

    with pytest.raises(OutputUnavailable, match=_PORT) as caught:
        asyncio.run(play())
    assert "midi-virtual" in caught.value.hint


def test_a_virtual_port_is_there_for_others_while_the_player_lives() -> None:
    async def play() -> list[str]:
        player = await RemotePlayer.open("midi-virtual:Biofeedback Out", time.monotonic())
        try:
            return await asyncio.to_thread(ports)
        finally:
            await player.close()

    def ports() -> list[str]:
        midi = rtmidi.MidiIn(_JACK, name="looker")
        names = midi.get_ports()
        midi.delete()
        return names

    assert any("Biofeedback Out" in name for name in asyncio.run(play()))
    assert not any("Biofeedback Out" in name for name in ports())
