"""How the core goes with the clock of another device, by hand."""

from __future__ import annotations

import pytest
from core_player import Player, core, one

from biofeedback.engine.inputs import ExternalClock
from synth.events import Cancel
from synth.tempo_map import STANDSTILL_BPM, TempoSegment


def test_before_the_music_a_clock_that_stands_is_waited_for() -> None:
    player = Player(core())
    player.tick(2)
    assert not player.core.waiting
    assert player.feed(1.0, ExternalClock(1.0, 0.0, 96.0, "stopped")) == []
    assert player.core.waiting
    player.feed(2.0, ExternalClock(2.0, 0.0, 96.0))
    assert not player.core.waiting
    player.feed(2.5, ExternalClock(2.5, 0.0, 96.0, "stopped"))
    player.feed(3.0, ExternalClock(3.0, 0.0, 96.0, "lost"))
    assert not player.core.waiting


def test_with_a_clock_the_music_begins_on_its_bar_and_at_its_tempo() -> None:
    player = Player(core())
    player.tick(2)
    player.feed(1.0, ExternalClock(1.0, 0.0, 120.0))
    segment, _ = player.bar(2.0)
    assert segment == TempoSegment(3.0, 0.0, 120.0)  # from 2.5 s on: bars are at 1, 3, 5 s
    assert not [each for each in player.tick(40) if isinstance(each, TempoSegment)]


def followed() -> Player:
    """Music that follows a clock at 120: beat b sounds at 3 + b / 2."""
    player = Player(core())
    player.tick(2)
    player.feed(1.0, ExternalClock(1.0, 0.0, 120.0))
    player.bar(2.0)
    player.bar(2.0)
    return player


def test_the_music_bends_towards_a_clock_that_runs_ahead() -> None:
    player = followed()
    (segment,) = player.feed(4.0, ExternalClock(4.0, 6.1, 120.0))  # at 4 s: ours is 2, theirs 6.1
    assert isinstance(segment, TempoSegment)
    assert segment.time_s == 4.1
    assert segment.beat == pytest.approx(2.2)
    assert segment.bpm == pytest.approx(120.0 * 1.05)  # a tenth of a beat within two beats
    assert player.core.tempo_map is not None
    assert player.core.tempo_map.segments[-1] == segment


def test_a_clock_that_agrees_changes_nothing() -> None:
    assert followed().feed(4.0, ExternalClock(4.0, 6.0, 120.0)) == []


def test_music_stands_still_with_its_clock_and_goes_on_at_its_bar() -> None:
    player = followed()
    cancel, still = player.feed(4.0, ExternalClock(4.0, 6.0, 120.0, "stopped"))
    assert cancel == Cancel(2.0)
    assert still == TempoSegment(4.0, 2.0, STANDSTILL_BPM)
    assert player.core.next_bar == (1, 4.0)  # the second bar was withdrawn
    assert player.feed(4.5, ExternalClock(4.5, 6.0, 120.0, "stopped")) == []
    (on,) = player.feed(10.0, ExternalClock(10.0, 8.0, 60.0))
    assert on == TempoSegment(14.0, 4.0, 60.0)  # from 10.5 s on: its bars are at 10, 14 s
    assert player.core.tempo_map is not None
    assert [s.bpm for s in player.core.tempo_map.segments] == [120.0, STANDSTILL_BPM, 60.0]


def test_music_whose_clock_is_lost_goes_on_by_itself() -> None:
    player = followed()
    assert player.feed(4.0, ExternalClock(4.0, 6.0, 120.0, "lost")) == []
    player.ticks = 10
    segment = one(TempoSegment, player.tick())
    assert segment.time_s == pytest.approx(5.1)
    assert segment.bpm != 120.0


def test_music_that_stood_still_when_its_clock_was_lost_begins_again() -> None:
    player = followed()
    player.feed(4.0, ExternalClock(4.0, 6.0, 120.0, "stopped"))
    (on,) = player.feed(6.0, ExternalClock(6.0, 6.0, 120.0, "lost"))
    assert isinstance(on, TempoSegment)
    assert (on.time_s, on.beat) == (6.5, 4.0)
    assert on.bpm > 30.0


def test_a_clock_that_stops_before_the_last_change_holds_waits_for_it() -> None:
    player = followed()
    (segment,) = player.feed(4.0, ExternalClock(4.0, 6.1, 120.0))
    assert isinstance(segment, TempoSegment)
    cancel, still = player.feed(4.05, ExternalClock(4.05, 6.2, 120.0, "stopped"))
    assert still == TempoSegment(4.1, segment.beat, STANDSTILL_BPM)
    assert cancel == Cancel(segment.beat)
