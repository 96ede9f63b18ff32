"""Ports and servers that vanish while music plays, and come back."""

from __future__ import annotations

import asyncio
import time

import pytest
from rigs import jack

from synth.events import Note
from synth.params import Layer, MusicParams
from synth.player.remote import RemotePlayer
from synth.tempo_map import TempoSegment

rtmidi = pytest.importorskip("rtmidi", reason="python-rtmidi has no wheel here")

pytestmark = [pytest.mark.rig, pytest.mark.skipif(not jack.PRESENT, reason=jack.REASON)]

_JACK = 3
_PORT = "Prüf, Synth: 2"


def plugged() -> rtmidi.MidiIn:
    midi = rtmidi.MidiIn(_JACK, name="keys")
    midi.open_virtual_port(_PORT)
    return midi


def received(midi: rtmidi.MidiIn) -> list[tuple[int, ...]]:
    messages = []
    while (got := midi.get_message()) is not None:
        messages.append(tuple(got[0]))
    return messages


async def until(true, timeout_s: float = 12.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not true():  # noqa: ASYNC110 - other processes give no event
            await asyncio.sleep(0.05)


async def playing(uri: str) -> RemotePlayer:
    t0 = time.monotonic()
    player = await RemotePlayer.open(uri, t0)
    player.volume(0.5)
    player.params(MusicParams(brightness=0.5))
    player.tempo(TempoSegment(time.monotonic() - t0 + 0.1, 0.0, 160.0))
    player.notes(Note(k, k / 2, 0.2, 40 + k % 40, 90, Layer.MELODY) for k in range(400))
    return player


async def unplug_and_plug_in() -> None:
    midi = plugged()
    player = await playing(f"midi:{_PORT}")
    try:
        await until(lambda: player.health.get("sent"))
        midi.close_port()
        midi.delete()
        await until(lambda: "error" in player.health)
        assert _PORT in player.health["error"]
        assert "when it is back" in player.health["error"]
        midi = plugged()
        got: list[tuple[int, ...]] = []

        def heard_again() -> bool:
            got.extend(received(midi))
            return any(message[0] == 0x92 for message in got)

        await until(heard_again)
        first = next(k for k, message in enumerate(got) if message[0] == 0x92)
        before = got[:first]
        assert (0xB2, 123, 0) in before  # what hung from before ends
        assert (0xC2, 0) in before  # program
        assert (0xB2, 7, 64) in before  # volume
        assert (0xB2, 74, 74) in before  # brightness
        await until(lambda: "error" not in player.health)
        assert player.health["restarts"] >= 1
    finally:
        await player.close()
        midi.close_port()
        midi.delete()


async def server_dies_and_returns() -> None:
    servers = jack.jack_server()
    servers.__enter__()
    players = []
    try:
        players = [await playing(uri) for uri in ("midi-virtual:Ours", "audio:jack")]
        await until(lambda: all("sent" in player.health for player in players))
    finally:
        servers.__exit__(None, None, None)
    try:
        await until(lambda: all("error" in player.health for player in players))
        with jack.jack_server():
            await until(lambda: not any("error" in player.health for player in players), 25.0)
            for player in players:
                await player.close()
    finally:
        for player in players:
            await player.close()


def test_a_port_that_was_unplugged_plays_on_when_it_is_back_with_all_its_settings() -> None:
    with jack.jack_server():
        asyncio.run(unplug_and_plug_in())


def test_a_sound_server_that_dies_is_noticed_and_used_again_when_it_is_back() -> None:
    asyncio.run(server_dies_and_returns())
