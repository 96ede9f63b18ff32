"""The session's end of a player by hand: what it tells a child, and what it makes of its going."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from player_stage import TEMPO, Child, RemotePlayer, Stage, note

from synth.errors import OutputUnavailable
from synth.outputs.midi_map import MidiMap
from synth.params import MusicParams
from synth.player import protocol


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


MAY_HANG = "notes may hang there: All Notes Off, or its power switch, ends them"


def test_a_child_is_told_what_to_open_and_all_that_comes(stage: Stage) -> None:
    async def play() -> RemotePlayer:
        midi_map = MidiMap()
        player = await RemotePlayer.open("midi:Synth", 990.0, midi_map)
        player.tempo(TEMPO)
        player.notes(note(k, float(k)) for k in range(2))
        player.cancel(1.0)
        player.params(MusicParams())
        player.volume(0.25)
        player.panic()
        assert player.pid == 4711
        assert player.health == {"rights": "fifo", "lookahead_s": 0.0, "restarts": 0, "unsent": 0}
        await player.close()
        assert player.pid is None
        player.volume(0.5)  # harmless, and nothing is missing
        assert player.health["unsent"] == 0
        return player

    player = stage.run(play())
    (child,) = stage.started
    assert stage.commands[0][1:] == ("-P", "-m", "synth.player")
    opened, *others = child.heard
    assert (opened["uri"], opened["t0_s"], opened["made_by"]) == ("midi:Synth", 990.0, "")
    assert [message["kind"] for message in others] == [
        "tempo", "notes", "cancel", "params", "volume", "panic",
    ]  # fmt: skip
    assert len(others[1]["notes"]) == 2
    assert not player.may_hang


def test_signals_go_where_they_are_routed_and_only_numbers_go(stage: Stage) -> None:
    values = {"arousal": 0.5, "pacer": float("nan"), "beat": 1.0}

    async def play(uri: str, made_by: str = "") -> list[dict[str, Any]]:
        player = await RemotePlayer.open(uri, 0.0, None, made_by)
        player.signals(values)
        player.signals({"pacer": float("inf")})
        await player.close()
        return [m["values"] for m in stage.started[-1].heard if m["kind"] == "signals"]

    async def all_of_them() -> list[list[dict[str, Any]]]:
        return [await play("midi:S"), await play("osc:9"), await play("lamp:x", "lamp:Lamp")]

    told = {"arousal": 0.5, "beat": 1.0}
    assert stage.run(all_of_them()) == [[], [told], [told]]


def test_a_child_that_refuses_says_why_and_is_ended(stage: Stage) -> None:
    refusal = protocol.line("error", message="no such port", hint="Plug it in.", type="X")
    stage.children = [lambda: Child([refusal])]
    with pytest.raises(OutputUnavailable, match="no such port") as caught:
        stage.run(RemotePlayer.open("midi:Synth", 0.0))
    assert caught.value.hint == "Plug it in."
    assert stage.started[0].closed


@pytest.mark.parametrize("uri", ["midi:Synth", "audio:"])
def test_a_child_that_ends_at_once_is_told_of(stage: Stage, uri: str) -> None:
    stage.children = [lambda: Child([b""])]
    with pytest.raises(OutputUnavailable, match=f"{uri} ended unexpectedly") as caught:
        stage.run(RemotePlayer.open(uri, 0.0))
    assert (caught.value.hint == "Run biofeedback doctor.") == (uri == "midi:Synth")


def test_a_system_that_starts_no_process_is_told_of(stage: Stage) -> None:
    stage.children = [OSError("no memory")]
    with pytest.raises(OutputUnavailable, match=r"no player could be started for null: \(no mem"):
        stage.run(RemotePlayer.open("null:", 0.0))


def test_an_output_that_does_not_open_within_fifteen_seconds_is_given_up(stage: Stage) -> None:
    stage.children = [lambda: Child([], dies="killed")]
    with pytest.raises(OutputUnavailable, match="did not open it within 15 s"):
        stage.run(RemotePlayer.open("null:", 0.0))
    (child,) = stage.started
    assert child.kills == 1
    assert 15.0 <= stage.loop.now_s - 1000.0 < 16.0


async def until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110 - what is waited for gives no event
        await asyncio.sleep(0.01)


async def replaced(stage: Stage, uri: str, breaks: Callable[[Child], None]) -> RemotePlayer:
    """Open a player, let its first child break, and wait until the next one plays."""
    player = await RemotePlayer.open(uri, 1000.0)
    player.tempo(TEMPO)
    player.params(MusicParams())
    player.volume(0.5)
    player.notes([note(1, 0.5), note(2, 5.0), note(3, 9.0)])
    breaks(stage.started[0])
    await asyncio.sleep(0.1)
    assert player.trouble
    await until(lambda: len(stage.started) > 1 and not player.trouble)
    return player


def test_a_child_that_dies_is_replaced_and_the_next_one_joins_at_the_next_bar(
    stage: Stage,
) -> None:
    async def play() -> RemotePlayer:
        await asyncio.sleep(1.0)
        player = await replaced(stage, "midi:Synth", lambda child: child.leave(1))
        await player.close()
        return player

    player = stage.run(play())
    second = stage.started[1]
    assert second.kinds() == ["open", "tempo", "params", "volume", "cancel", "notes"]
    assert second.heard[4]["from_beat"] == 4.0
    assert [each[0] for each in second.heard[5]["notes"]] == [2, 3]
    assert player.health["restarts"] == 1
    assert not player.may_hang


@pytest.mark.parametrize(
    ("uri", "said"), [("midi:Synth", f"; {MAY_HANG}"), ("audio:", ""), ("null:", "")]
)
def test_while_none_plays_it_is_said_why_and_whether_notes_may_hang(
    stage: Stage, uri: str, said: str
) -> None:
    async def play() -> tuple[str, bool]:
        player = await RemotePlayer.open(uri, 0.0)
        stage.children = [OSError("no memory")] * 3
        stage.started[0].leave(1)
        await asyncio.sleep(0.01)
        told = player.trouble, player.may_hang
        await player.close()
        return told

    trouble, may_hang = stage.run(play())
    assert trouble == f"the player of {uri} ended unexpectedly{said}"
    assert may_hang == bool(said)


def test_pauses_between_attempts_grow_to_two_seconds_and_never_end(stage: Stage) -> None:
    async def play() -> tuple[list[float], RemotePlayer]:
        player = await RemotePlayer.open("null:", 0.0)
        refused = OSError("no memory")
        stage.children = [refused] * 5
        stage.started[0].leave(1)
        began_s, times = stage.loop.time(), []
        while len(stage.started) < 2:
            before = len(stage.commands)
            await asyncio.sleep(0.001)
            times += [stage.loop.time() - began_s] * (len(stage.commands) - before)
        await until(lambda: not player.trouble)
        await player.close()
        return times, player

    times, player = stage.run(play())
    assert times == pytest.approx([0.2, 1.2, 3.2, 5.2, 7.2, 9.2], abs=0.05)
    assert player.health["restarts"] == 6


def test_a_port_of_our_own_that_was_made_anew_lost_its_listeners(stage: Stage) -> None:
    async def play() -> list[tuple[str, bool]]:
        player = await RemotePlayer.open("midi-virtual:Us", 0.0)
        stage.started[0].leave(1)
        await asyncio.sleep(0.5)
        told = [(player.trouble, player.may_hang)]
        for _ in range(31):
            stage.started[1].say(protocol.line("report", sent=0))
            await asyncio.sleep(1.0)
        told.append((player.trouble, player.may_hang))
        await player.close()
        return told

    first, later = stage.run(play())
    assert first == (
        f"what was connected to midi-virtual:Us has to be connected again; {MAY_HANG}", True,
    )  # fmt: skip
    assert later == ("", True)


def test_silence_that_was_asked_for_is_owed_until_the_child_says_so(stage: Stage) -> None:
    async def play() -> tuple[list[str], float]:
        player = await RemotePlayer.open("midi:Synth", 0.0)
        player.panic()
        await asyncio.sleep(1.4)
        told = [player.trouble]
        stage.started[0].say(protocol.line("report", sent=1))
        await asyncio.sleep(0.2)
        told.append(player.trouble)
        stage.started[0].say(protocol.line("silent"))
        began_s = stage.loop.time()
        await player.fall_silent()
        told.append(player.trouble)
        took_s = stage.loop.time() - began_s
        await player.close()
        return told, took_s

    told, took_s = stage.run(play())
    assert told == ["", f"the player of midi:Synth does not answer; {MAY_HANG}", ""]
    assert took_s < 0.3


def test_a_child_that_owes_silence_for_too_long_is_killed_and_the_next_one_brings_it(
    stage: Stage,
) -> None:
    async def play() -> RemotePlayer:
        stage.children = [lambda: Child(dies="killed")]
        player = await RemotePlayer.open("midi:Synth", 0.0)
        player.panic()
        await player.fall_silent()
        await player.close()
        return player

    player = stage.run(play())
    assert stage.started[0].kills == 1
    assert len(stage.started) == 2
    assert not player.may_hang
    assert stage.loop.now_s - 1000.0 < 5.0


def test_half_a_minute_is_tried_and_five_seconds_where_the_output_refuses(
    stage: Stage,
) -> None:
    refusal = protocol.line("error", message="no such port", hint="", type="X")

    async def play() -> tuple[list[float], RemotePlayer]:
        times = []
        for others in ([lambda: Child([refusal])] * 99, [OSError("no memory")] * 99):
            stage.children = [Child]
            player = await RemotePlayer.open("midi:Synth", 0.0)
            stage.children = list(others)
            stage.started[-1].leave(1)
            await asyncio.sleep(0.3)
            began_s = stage.loop.time()
            await player.fall_silent()
            await player.close()
            times.append(stage.loop.time() - began_s)
        return times, player

    times, player = stage.run(play())
    assert times[0] == pytest.approx(5.0, abs=2.1)
    assert times[1] == pytest.approx(30.0, abs=2.1)
    assert player.may_hang


def test_a_sound_that_was_computed_ends_with_its_process(stage: Stage) -> None:
    async def play() -> float:
        player = await RemotePlayer.open("audio:", 0.0)
        stage.children = [OSError("no memory")] * 99
        stage.started[0].leave(1)
        await asyncio.sleep(0.05)
        began_s = stage.loop.time()
        await player.fall_silent()
        await player.close()
        return stage.loop.time() - began_s

    assert stage.run(play()) < 0.1


def test_what_does_not_fit_is_counted_and_not_waited_for(stage: Stage) -> None:
    async def play() -> RemotePlayer:
        player = await RemotePlayer.open("null:", 0.0)
        stage.started[0].waiting_bytes = 4 * 1024 * 1024
        player.volume(0.1)
        stage.started[0].waiting_bytes += 1
        player.volume(0.2)
        stage.started[0].say(protocol.line("report", sent=3))
        await asyncio.sleep(0.01)
        assert player.health["sent"] == 3
        await player.close()
        return player

    player = stage.run(play())
    assert player.health["unsent"] == 1
    assert [m["gain"] for m in stage.started[0].heard if m["kind"] == "volume"] == [0.1]


def test_whatever_hinders_a_start_is_told_and_tried_again(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    async def play() -> tuple[str, str]:
        player = await RemotePlayer.open("null:", 0.0)
        stage.children = [RuntimeError("odd")] * 2
        stage.started[0].leave(1)
        await asyncio.sleep(0.5)
        trouble = player.trouble
        await until(lambda: len(stage.started) > 1 and not player.trouble)
        later = player.trouble
        await player.close()
        return trouble, later

    assert stage.run(play()) == (
        "the player of null: could not be started (RuntimeError('odd'))",
        "",
    )
    assert "the player of null: could not be started: RuntimeError('odd')" in caplog.text
