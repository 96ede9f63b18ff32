"""What the core answers to bars, ticks and commands, by hand."""

from __future__ import annotations

import pytest
from core_player import Player, core, one, playing

from biofeedback.control.base import Decision
from biofeedback.engine.inputs import BarRequest, ExternalClock, Tick
from biofeedback.state.estimator import State
from synth.events import Bar, Cancel
from synth.tempo_map import TempoSegment


def test_before_the_first_bar_there_is_no_music() -> None:
    silent = core()
    assert silent.tempo_map is None
    assert silent.next_bar == (0, 0.0)
    assert silent.ending is None
    assert (silent.held, silent.held_back, silent.closed) == (False, False, False)
    assert (silent.waiting, silent.over, silent.baselines) == (False, False, {})
    player = Player(silent)
    assert player.say(0.0, "panic") == []
    assert not [each for each in player.tick(10) if isinstance(each, TempoSegment | Bar)]


def test_the_first_bar_begins_half_a_second_after_it_was_asked_for() -> None:
    player = Player(core())
    decision = one(Decision, player.tick())
    segment, bar = player.bar(3.0)
    assert segment == TempoSegment(3.5, 0.0, decision.params.tempo_bpm)
    assert isinstance(bar, Bar)
    assert (bar.index, bar.beat) == (0, 0.0)
    assert player.core.tempo_map is not None
    assert player.core.tempo_map.segments == (segment,)
    (second,) = player.bar(4.0)
    assert isinstance(second, Bar)
    assert (second.index, second.beat) == (1, bar.beats)
    assert player.core.next_bar == (2, bar.beats + second.beats)


@pytest.mark.parametrize(("index", "beat"), [(0, 4.0), (1, 0.0), (2, 4.0), (1, 3.9)])
def test_only_the_bar_that_is_next_is_composed(index: int, beat: float) -> None:
    player = playing(1)
    assert player.feed(62.0, BarRequest(index, beat)) == []
    assert player.core.next_bar == (1, 4.0)


def test_readings_come_once_a_second_and_state_and_decision_with_each_tick() -> None:
    player = Player(core())
    kinds = [[type(each) for each in player.tick()] for _ in range(4)]
    assert kinds == [[tuple, State, Decision], [State, Decision]] * 2


def test_the_time_of_ticks_that_were_skipped_counts() -> None:
    """Of a phase of a minute: 30 s of ticks leave it, one tick after a minute ends it."""
    minute = [{"name": "rest", "strategy": "fixed", "until": {"minutes": 1.0}}]
    player = Player(core(phase=minute))
    player.tick(60)
    assert not player.core.over
    player.ticks = 118  # 59.5 s are over with it: 60 ticks, then 59 at once
    player.tick()
    assert not player.core.over
    player.tick()
    assert player.core.over
    first = Player(core(phase=minute))
    first.ticks = 119
    first.tick()
    assert first.core.over  # the first tick stands for all before it, with tick 0


def test_a_hold_lasts_until_somebody_resumes() -> None:
    player = playing()
    assert player.say(70.0, "hold") == []
    assert player.core.held
    assert one(Decision, player.tick()).cause == "held"
    assert player.say(80.0, "resume", "hold") == []
    assert not player.core.held
    assert one(Decision, player.tick()).cause != "held"
    player.say(100.0, "hold")
    assert player.say(100.0, "resume") == []
    assert not player.core.held


def test_a_stop_rule_is_ended_by_a_resume_but_not_by_the_end_of_a_hold() -> None:
    player = playing()
    player.say(61.0, "rating", "distress=10")
    player.tick(4)
    assert player.core.held_back
    player.say(64.0, "resume", "hold")
    player.tick(4)
    assert player.core.held_back
    player.say(66.0, "resume")
    player.tick(4)
    assert not player.core.held_back


def test_a_question_before_the_music_holds_the_programme_until_the_first_bar() -> None:
    minute = [{"name": "rest", "strategy": "fixed", "until": {"minutes": 1.0}}]
    player = Player(core(phase=minute))
    assert player.say(0.0, "ask", "before") == []
    player.tick(200)
    assert not player.core.over
    player.bar(100.0)
    player.say(100.0, "ask", "during")  # with music the programme goes on
    player.tick(118)
    assert not player.core.over
    player.tick(125)  # it waits for a phrase, but for no longer than a minute
    assert player.core.over


def test_a_phase_ends_where_a_phrase_begins() -> None:
    minute = [{"name": "rest", "strategy": "fixed", "until": {"minutes": 1.0}}]
    player = Player(core(phase=minute))
    player.tick(2)
    begins: list[float] = []
    while not player.core.over:
        now_s = player.ticks * 0.5
        tempo_map = player.core.tempo_map
        if tempo_map is None or tempo_map.time_at(player.core.next_bar[1]) - now_s < 2.0:
            bar = one(Bar, player.bar(now_s))
            if bar.phrase_start:
                begins.append(bar.beat)
        player.tick()
    ended_s = (player.ticks - 1) * 0.5
    assert player.core.tempo_map is not None
    times_s = [player.core.tempo_map.time_at(beat) for beat in begins]
    assert len(times_s) >= 3
    due_s = next(time_s for time_s in times_s if time_s > 59.5)
    assert 0.0 <= ended_s - due_s < 0.5


def test_a_change_of_tempo_holds_a_tenth_of_a_second_after_its_tick() -> None:
    player = playing()
    assert player.core.tempo_map is not None
    assert player.core.tempo_map.segments[-1] == TempoSegment(61.5, 0.0, 60.0)
    player.ticks = 130
    player.tick()  # the tempo stays
    player.say(65.0, "override", "tempo_bpm=90")
    segment = one(TempoSegment, player.tick())
    decided_s = 131 * 0.5
    assert segment.time_s == decided_s + 0.1
    assert segment.beat == pytest.approx(decided_s + 0.1 - 61.5)
    assert 60.0 < segment.bpm <= 60.5  # at most 1 bpm a second
    late = one(TempoSegment, player.tick(late_s=0.3))
    assert late.time_s == pytest.approx(132 * 0.5 + 0.3 + 0.1)
    assert player.core.tempo_map.segments[-1] == late


def test_a_tempo_that_stays_is_not_told_again() -> None:
    player = playing()
    assert not [each for each in player.tick(5) if isinstance(each, TempoSegment)]


def test_no_tempo_is_told_that_would_hold_before_the_last_one() -> None:
    player = playing()
    player.say(61.0, "override", "tempo_bpm=90")
    player.ticks = 100  # its tick stands for 50 s; the music begins at 61.5 s
    assert not [each for each in player.feed(50.0, Tick(100)) if isinstance(each, TempoSegment)]


def test_a_stop_withdraws_what_has_not_begun_and_closes() -> None:
    player = playing(3)
    withdrawn, ending = player.say(63.0, "stop")
    assert withdrawn == Cancel(4.0)  # beat 1.5 sounds: bar 0 has begun, bars 1 and 2 have not
    assert isinstance(ending, Bar)
    assert (ending.index, ending.beat) == (1, 4.0)
    assert player.core.ending is ending
    assert player.core.closed
    assert player.core.next_bar == (2, 4.0 + ending.beats)
    assert player.bar(64.0) == []
    assert player.say(64.0, "stop") == []
    assert player.say(64.0, "panic") == []
    player.say(64.0, "override", "tempo_bpm=90")
    assert not [each for each in player.tick(20) if isinstance(each, TempoSegment)]
    assert player.feed(64.0, ExternalClock(64.0, 0.0, 99.0)) == []


def test_a_stop_counts_a_bar_as_begun_that_begins_within_a_tenth_of_a_second() -> None:
    player = playing(3)
    withdrawn, _ = player.say(61.5 + 3.95, "stop")
    assert withdrawn == Cancel(8.0)


def test_a_stop_within_seconds_leaves_the_ending_so_long() -> None:
    player = playing(1)
    (cancel, ending) = player.say(63.5, "stop", "5")
    assert cancel == Cancel(4.0)
    assert isinstance(ending, Bar)
    assert ending.beats <= 3.0  # until 68.5 s, which is beat 7; it begins with beat 4
    assert max(note.beat + note.beats for note in ending.notes) < 7.05  # played by a hand
    quick = playing(1)
    _, sooner = quick.say(63.5, "stop", "3.5")  # a beat and a half
    assert isinstance(sooner, Bar)
    assert max(note.beat + note.beats for note in sooner.notes) < 5.55
    short = playing(1)
    _, least = short.say(63.5, "stop", "0.5")
    assert isinstance(least, Bar)
    assert least.beats >= 1.0


def test_a_stop_before_the_music_means_that_it_never_begins() -> None:
    player = Player(core())
    player.tick(2)
    assert player.say(1.0, "stop") == []
    assert player.core.closed
    assert player.core.ending is None
    assert player.bar(2.0) == []


def test_a_panic_cuts_off_at_once_and_the_next_bar_is_asked_for_again() -> None:
    player = playing(3)
    assert player.say(63.0, "panic") == [Cancel(1.5)]
    assert player.core.next_bar == (1, 4.0)
    (again,) = player.bar(63.0)
    assert isinstance(again, Bar)
    assert (again.index, again.beat) == (1, 4.0)
    assert player.say(63.0, "panic") == [Cancel(1.5)]


def test_a_panic_at_the_first_beat_of_a_bar_takes_that_bar_for_begun() -> None:
    player = playing(3)
    assert player.say(65.5, "panic") == [Cancel(4.0)]
    assert player.core.next_bar == (2, 8.0)


def test_a_panic_with_nothing_to_come_still_cuts_off() -> None:
    player = playing(1)
    assert player.say(63.0, "panic") == [Cancel(1.5)]
    assert player.core.next_bar == (1, 4.0)


def test_commands_that_move_no_music_follow_nothing() -> None:
    player = playing()
    for what, value in (("marker", "door"), ("note", "x"), ("volume", "0.5"), ("release", "")):
        assert player.say(62.0, what, value) == []


def test_a_wish_counts_from_its_command_until_it_is_released() -> None:
    player = playing()
    assert player.say(62.0, "override", "density=6") == []
    raised = one(Decision, player.tick(80)).params.density
    assert player.say(102.0, "release", "density") == []
    assert one(Decision, player.tick(80)).params.density < raised


def test_the_style_that_was_asked_for_takes_over() -> None:
    plain, other = playing(), playing()
    other.say(62.0, "override", "style=pulse")
    plain.tick(2), other.tick(2)
    ours = [plain.bar(63.0 + k) for k in range(12)]
    theirs = [other.bar(63.0 + k) for k in range(12)]
    assert ours != theirs
