"""A player's process as the session holds it, and what the next one has to be told."""

from collections.abc import Iterable
from dataclasses import astuple
from typing import Any

import pytest
from player_stage import READY, TEMPO, Child, Stage, note

from synth.patience import bare_interpreter_s, patience_s
from synth.player import protocol
from synth.player.child import PlayerProcess
from synth.player.memory import PlayerMemory
from synth.player.output_traits import OutputTraits


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


def held(stage: Stage, says: Iterable[bytes] = (), dies: str = "well") -> PlayerProcess:
    stage.children = [lambda: Child(says, dies)]
    return stage.loop.run_until_complete(PlayerProcess.start("null:", ("player",)))


def test_an_answer_is_the_next_message_that_is_understood(stage: Stage) -> None:
    process = held(stage, [b"{nonsense\n", b"[1]\n", READY])
    assert stage.run(process.answer())["kind"] == "ready"


def test_a_child_is_given_three_seconds_and_a_second_look(stage: Stage) -> None:
    process = held(stage, dies="killed")

    async def late(after_s: float) -> dict[str, Any]:
        stage.loop.call_later(after_s, stage.started[0].say, READY)
        return await process.answer()

    assert stage.loop.run_until_complete(late(3.4))["kind"] == "ready"
    answer = stage.loop.run_until_complete(late(3.6))
    assert answer == {
        "kind": "error", "message": "the player of null: does not answer",
        "hint": "Run biofeedback doctor.",
    }  # fmt: skip
    began_s = stage.loop.time()
    stage.run(process.end())  # one that has frozen is not waited for
    assert stage.loop.now_s - began_s == pytest.approx(0.1, abs=0.01)
    assert stage.started[0].kills == 1


@pytest.mark.parametrize(
    ("bare_s", "answers_after_s", "kind"),
    [(0.02, 15.3, "ready"), (0.02, 15.7, "error"), (1.0, 59.0, "ready"), (1.0, 61.0, "error")],
)
def test_the_first_answer_may_take_as_long_as_the_computer_is_slow(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, bare_s: float, answers_after_s: float, kind: str
) -> None:
    monkeypatch.setattr("synth.patience.bare_interpreter_s", lambda: bare_s)
    process = held(stage, dies="killed")

    async def late() -> dict[str, Any]:
        stage.loop.call_later(answers_after_s, stage.started[0].say, READY)
        return await process.first_answer(15.0)

    answer = stage.loop.run_until_complete(late())
    assert answer["kind"] == kind
    if kind == "error":
        assert f"within {max(15, 60 * bare_s):.0f} s" in answer["message"]
    stage.run(process.end())


def test_a_bare_interpreter_is_measured_and_never_shortens_what_is_usual() -> None:
    assert 0.001 < bare_interpreter_s() < 5.0
    assert [patience_s(15.0, bare_s) for bare_s in (0.0, 0.02, 0.5, 1e3)] == [15, 15, 30, 300]


def test_a_line_that_is_too_long_is_an_answer_nobody_understands(stage: Stage) -> None:
    process = held(stage, [b"x" * (1 << 18)])
    assert "said what nobody understands" in stage.run(process.answer())["message"]


@pytest.mark.parametrize(
    ("dies", "kills", "well", "took_s"), [("well", 0, True, 0.0), ("killed", 1, False, 2.1)]
)
def test_a_child_is_let_end_for_two_seconds_and_killed_after(
    stage: Stage, dies: str, kills: int, well: bool, took_s: float
) -> None:
    process = held(stage, dies=dies)
    assert not process.ended_well
    stage.run(process.end())
    assert (stage.started[0].kills, process.ended_well) == (kills, well)
    assert stage.loop.now_s - 1000.0 == pytest.approx(took_s, abs=0.01)


def test_one_that_the_system_does_not_let_die_is_waited_for_two_seconds_more(
    stage: Stage,
) -> None:
    process = held(stage, dies="never")
    stage.run(process.kill())
    assert stage.started[0].kills == 1
    assert stage.loop.now_s - 1000.0 == pytest.approx(2.1, abs=0.01)
    assert not process.write(READY)


def told(memory: PlayerMemory, now_s: float) -> list[dict[str, Any]]:
    return protocol.LineReader().feed(b"".join(memory.messages(now_s)))


def test_a_new_player_is_told_nothing_before_anything_was_set() -> None:
    assert told(PlayerMemory(), 3.0) == []


@pytest.mark.parametrize(("now_s", "beat", "left"), [(3.5, 4.0, [2, 3]), (4.0, 4.0, [2, 3]),
                                                     (4.1, 8.0, [3])])  # fmt: skip
def test_a_new_player_joins_at_the_next_bar(now_s: float, beat: float, left: list[int]) -> None:
    memory = PlayerMemory()
    memory.tempo(TEMPO)
    memory.volume = 0.0
    memory.notes([note(1, 3.0), note(2, 4.0), note(3, 8.0)])
    tempo, volume, cancel, notes = told(memory, now_s)
    assert tempo["segment"] == list(astuple(TEMPO))
    assert volume["gain"] == 0.0
    assert cancel["from_beat"] == beat
    assert [each[0] for each in notes["notes"]] == left


def test_what_was_withdrawn_or_silenced_is_forgotten_and_4096_notes_are_kept() -> None:
    memory = PlayerMemory()
    memory.tempo(TEMPO)
    memory.notes(note(k, 10.0 + k) for k in range(5000))
    assert [each[0] for each in told(memory, 0.0)[-1]["notes"]] == list(range(904, 5000))
    memory.cancel(5000.0)
    assert told(memory, 0.0)[-1]["notes"][-1][0] == 4989
    memory.notes(note(k, 6000.0 + k) for k in range(4096))
    assert len(told(memory, 0.0)[-1]["notes"]) == 4096
    memory.panic()
    assert told(memory, 0.0)[-1]["notes"] == []


@pytest.mark.parametrize(
    ("uri", "lingers", "is_sound", "tells_all", "reaches_again"),
    [
        ("midi:Synth", True, False, False, True),
        (" MIDI :Synth", True, False, False, True),
        ("midi-virtual:Us", True, False, False, False),
        ("midi-jack:Us", True, False, False, False),
        ("midi-jack:Us?connect=synth", True, False, False, True),
        ("osc:9", True, False, True, True),
        ("audio:", False, True, False, True),
        ("soundfont:a.sf2", False, True, False, True),
        ("null:", False, False, False, True),
        ("lamp:x", False, False, False, True),
    ],
)
def test_an_output_s_uri_says_how_its_player_is_treated(
    uri: str, lingers: bool, is_sound: bool, tells_all: bool, reaches_again: bool
) -> None:
    assert OutputTraits.of(uri) == OutputTraits(lingers, is_sound, tells_all, reaches_again)


def test_of_an_output_that_others_add_the_worst_is_assumed() -> None:
    assert OutputTraits.of("lamp:x", added=True) == OutputTraits(True, False, True, True)
