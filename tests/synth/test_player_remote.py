"""The session's end of a player, with an output that needs no device."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import astuple

import pytest

from synth.errors import OutputUnavailable
from synth.events import Note
from synth.outputs.null import NullOutput
from synth.params import Layer, MusicParams
from synth.player import protocol, remote
from synth.player.remote import RemotePlayer
from synth.player.scheduler import Scheduler
from synth.score import decode_note
from synth.tempo_map import TempoSegment

pytestmark = pytest.mark.rig


def test_a_player_reports_what_it_sent_and_ends_when_asked() -> None:
    async def play() -> tuple[dict, bool]:
        t0 = time.monotonic()
        player = await RemotePlayer.open("null:", t0)
        child = player._child
        player.tempo(TempoSegment(time.monotonic() - t0 + 0.1, 0.0, 120.0))
        player.params(MusicParams())
        player.volume(0.5)
        player.notes(Note(k, k / 8, 0.1, 60, 80, Layer.MELODY) for k in range(8))
        while player.health.get("sent", 0) < 16:  # noqa: ASYNC110 - reports come each second
            await asyncio.sleep(0.05)
        await player.close()
        await player.close()  # harmless
        player.notes([])  # neither is this
        return player.health, child is not None and child.ended_well

    health, well = asyncio.run(asyncio.wait_for(play(), 20.0))
    assert health["sent"] == 16
    assert health["dropped"] == health["broken"] == health["unsent"] == health["restarts"] == 0
    assert health["late_max_ms"] >= health["late_p99_ms"] >= health["late_p50_ms"] >= 0.0
    assert well


@pytest.mark.parametrize("uri", ["speaker:", "wav:a.wav"])
def test_what_cannot_be_played_live_is_refused_by_name(uri) -> None:
    with pytest.raises(OutputUnavailable, match=uri):
        asyncio.run(RemotePlayer.open(uri, time.monotonic()))


def test_messages_arrive_whole_however_the_bytes_are_cut() -> None:
    reader = protocol.LineReader()
    data = protocol.volume(0.5) + b"{broken\n[1]\n" + protocol.tempo(TempoSegment(1.0, 2.0, 60.0))
    messages = [m for k in range(len(data)) for m in reader.feed(data[k : k + 1])]
    assert messages == [
        {"kind": "volume", "gain": 0.5},
        {"kind": "tempo", "segment": list(astuple(TempoSegment(1.0, 2.0, 60.0)))},
    ]
    assert reader.broken == 2


async def until(true: Callable[[], object], timeout_s: float = 30.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not true():  # noqa: ASYNC110 - other processes give no event
            await asyncio.sleep(0.02)


def is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_note_that_came_while_the_next_player_opened_is_played_once(monkeypatch) -> None:
    player, told = RemotePlayer("null:", time.monotonic()), list[bytes]()
    monkeypatch.setattr(player, "_write", told.append)
    player.tempo(TempoSegment(0.0, 0.0, 60.0))
    player.notes([Note(1, 400.0, 0.5, 60, 80, Layer.MELODY)])
    told += player._memory.messages(now_s=0.0)
    scheduler = Scheduler(NullOutput())
    for message in protocol.LineReader().feed(b"".join(told)):
        match message["kind"]:
            case "tempo":
                scheduler.set_tempo(TempoSegment(*message["segment"]))
            case "notes":
                scheduler.feed(decode_note(note) for note in message["notes"])
            case "cancel":
                scheduler.cancel(message["from_beat"])
    scheduler.step(400.0)
    scheduler.step(401.0)
    assert scheduler.sent == 2  # its on and its off


no_signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGSTOP")


@no_signals
def test_a_player_that_freezes_is_told_replaced_and_never_plays_again() -> None:
    async def play() -> tuple[list[str], bool]:
        player = await RemotePlayer.open("osc:127.0.0.1:9", time.monotonic())
        frozen, told = player.pid, []
        assert frozen is not None
        try:
            os.kill(frozen, signal.SIGSTOP)
            await until(lambda: player.trouble)
            told.append(player.trouble)
            await until(lambda: not player.trouble)
            assert player.pid not in (None, frozen)
            return told, is_gone(frozen)
        finally:
            await player.close()

    told, gone = asyncio.run(play())
    assert "does not answer" in told[0]
    assert "notes may hang" in told[0]
    assert gone


@no_signals
def test_a_player_whose_next_three_starts_fail_is_told_and_plays_again(monkeypatch) -> None:
    async def play() -> tuple[str, float]:
        player = await RemotePlayer.open("null:", time.monotonic())
        assert player.pid is not None
        works, starts = RemotePlayer.command, 0

        def command(player: RemotePlayer) -> tuple[str, ...]:
            nonlocal starts
            starts += 1
            return works if starts > 3 else ("/nowhere/python",)

        monkeypatch.setattr(RemotePlayer, "command", property(command))
        try:
            os.kill(player.pid, signal.SIGKILL)
            await until(lambda: player.trouble)
            text = player.trouble
            await until(lambda: player.health["restarts"] == 4 and not player.trouble)
            player.tempo(TempoSegment(time.monotonic() - player._t0_s, 0.0, 120.0))
            player.notes([Note(1, 0.5, 0.1, 60, 80, Layer.MELODY)])
            await until(lambda: player.health.get("sent") == 2)
            return text, player.health["restarts"]
        finally:
            await player.close()

    text, restarts = asyncio.run(play())
    assert text == "the player of null: ended unexpectedly"
    assert restarts == 4


@no_signals
def test_closing_raises_nothing_when_silence_cannot_be_had_and_says_that_notes_may_hang(
    monkeypatch,
) -> None:
    async def play() -> tuple[bool, str]:
        player = await RemotePlayer.open("osc:127.0.0.1:9", time.monotonic())
        assert player.pid is not None
        monkeypatch.setattr(RemotePlayer, "command", ("/nowhere/python",))
        monkeypatch.setattr(remote, "_SILENCE_S", 1.0)
        os.kill(player.pid, signal.SIGKILL)
        player.panic()
        await player.fall_silent()
        await player.close()
        await player.close()
        return player.may_hang, player.trouble

    may_hang, trouble = asyncio.run(asyncio.wait_for(play(), 20.0))
    assert may_hang
    assert "no player could be started" in trouble


@no_signals
def test_whoever_supervises_a_player_outlives_what_nobody_thought_of(monkeypatch) -> None:
    async def play() -> int:
        player = await RemotePlayer.open("null:", time.monotonic())
        note = player._note_health
        broken = [RuntimeError("a bug")]

        def breaks_once(answer: dict) -> None:
            if broken:
                raise broken.pop()
            note(answer)

        monkeypatch.setattr(player, "_note_health", breaks_once)
        try:
            await until(lambda: "a bug" in player.trouble)
            await until(lambda: not player.trouble)
            return player.health["restarts"]
        finally:
            await player.close()

    assert asyncio.run(play()) == 1
