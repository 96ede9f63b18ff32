"""The session's end of a player, with an output that needs no device."""

from __future__ import annotations

import asyncio
import time

import pytest

from synth.errors import OutputUnavailable
from synth.events import Note
from synth.params import Layer, MusicParams
from synth.player import protocol
from synth.player.remote import RemotePlayer
from synth.tempo_map import Segment


def test_a_player_reports_what_it_sent_and_ends_when_asked() -> None:
    async def play() -> tuple[dict, int | None]:
        t0 = time.monotonic()
        player = await RemotePlayer.open("null:", t0)
        process = player._process
        player.tempo(Segment(time.monotonic() - t0 + 0.1, 0.0, 120.0))
        player.params(MusicParams())
        player.volume(0.5)
        player.notes(Note(k, k / 8, 0.1, 60, 80, Layer.MELODY) for k in range(8))
        while player.health.get("sent", 0) < 16:  # noqa: ASYNC110 - reports come each second
            await asyncio.sleep(0.05)
        await player.close()
        await player.close()  # harmless
        player.notes([])  # neither is this
        return player.health, process.returncode

    health, code = asyncio.run(asyncio.wait_for(play(), 20.0))
    assert health["sent"] == 16
    assert health["dropped"] == health["broken"] == health["unsent"] == health["restarts"] == 0
    assert health["late_max_ms"] >= health["late_p99_ms"] >= health["late_p50_ms"] >= 0.0
    assert code == 0


@pytest.mark.parametrize("uri", ["speaker:", "wav:a.wav"])
def test_what_cannot_be_played_live_is_refused_by_name(uri) -> None:
    with pytest.raises(OutputUnavailable, match=uri):
        asyncio.run(RemotePlayer.open(uri, time.monotonic()))


def test_messages_arrive_whole_however_the_bytes_are_cut() -> None:
    reader = protocol.LineReader()
    data = protocol.volume(0.5) + b"{broken\n[1]\n" + protocol.tempo(Segment(1.0, 2.0, 60.0))
    messages = [m for k in range(len(data)) for m in reader.feed(data[k : k + 1])]
    assert messages == [
        {"kind": "volume", "gain": 0.5},
        {"kind": "tempo", "segment": [1.0, 2.0, 60.0]},
    ]
    assert reader.broken == 2
