"""What leaves as OSC, read by our own reader, which shares no code with the writer."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from sensors.network.osc_packet import decode
from synth.errors import OutputUnavailable
from synth.events import Note
from synth.outputs.osc import OscOutput, place
from synth.params import Key, Layer, MusicParams
from synth.player.remote import RemotePlayer
from synth.tempo_map import TempoSegment


@pytest.fixture
def inbox():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.setblocking(False)
        yield listener


def received(inbox: socket.socket) -> list[tuple]:
    found = []
    while True:
        try:
            ((address, arguments),) = decode(inbox.recv(4096))
        except BlockingIOError:
            return found
        found.append((address, *arguments))


async def play(port: int) -> None:
    t0_s = time.monotonic()
    player = await RemotePlayer.open(f"osc:{port}", t0_s)
    try:
        player.volume(0.5)
        player.params(MusicParams(density=2.0, key=Key.parse("D dorian")))
        player.signals({"arousal": 0.25, "heart_rate": 61.0})
        player.tempo(TempoSegment(time.monotonic() - t0_s + 0.1, 0.0, 240.0))
        player.notes(
            [Note(7, 0.5, 0.25, 60, 90, Layer.MELODY), Note(8, 1.0, 99.0, 40, 80, Layer.BASS)]
        )
        await asyncio.sleep(0.9)
    finally:
        await player.close()


@pytest.mark.rig
def test_notes_beats_parameters_and_the_body_go_out_and_silence_at_the_end(inbox) -> None:
    asyncio.run(play(inbox.getsockname()[1]))
    told = received(inbox)
    for message in (
        ("/biofeedback/volume", 0.5),
        ("/biofeedback/params/density", 2.0),
        ("/biofeedback/params/key", "D dorian"),
        ("/biofeedback/params/layers", "pad", "bass", "melody"),
        ("/biofeedback/signal/arousal", 0.25),
        ("/biofeedback/signal/heart_rate", 61.0),
        ("/biofeedback/start", 0.0),
        ("/biofeedback/beat", 0),
        ("/biofeedback/beat", 2),
        ("/biofeedback/note/on", "melody", 60, 90, 7),
        ("/biofeedback/note/off", "melody", 60, 7),
        ("/biofeedback/note/off", "bass", 40, 8),
    ):
        assert message in told
    assert told[-1] == ("/biofeedback/panic",)
    assert told.index(("/biofeedback/beat", 0)) < told.index(
        ("/biofeedback/note/on", "melody", 60, 90, 7)
    )


def test_parameters_that_stay_are_not_repeated(inbox) -> None:
    output = OscOutput(str(inbox.getsockname()[1]))
    output.open(0.0)
    output.set_params(MusicParams())
    received(inbox)
    output.set_params(MusicParams(brightness=0.75))
    assert received(inbox) == [("/biofeedback/params/brightness", 0.75)]
    output.close()


def test_it_goes_to_this_computer_unless_another_is_named() -> None:
    assert place("9000") == ("127.0.0.1", 9000)
    assert place("light.local:9000") == ("light.local", 9000)
    assert place("[fe80::1]:9000") == ("fe80::1", 9000)


@pytest.mark.parametrize("target", ["0", "70000", "host", "host:", "9000:host", "-1", "٣"])
def test_what_is_no_port_is_refused_in_one_line(target) -> None:
    with pytest.raises(OutputUnavailable, match="is no port"):
        OscOutput(target)


def test_a_host_that_does_not_exist_is_refused_and_nobody_listening_is_not() -> None:
    with pytest.raises(OutputUnavailable, match="cannot be reached"):
        OscOutput("no-such-host.invalid:9000").open(0.0)
    output = OscOutput("1")
    output.open(0.0)
    for _ in range(5):
        output.panic()
    output.close()
    output.panic()
