"""Following another device's clock: its jitter does not reach the music, its bars are ours."""

from __future__ import annotations

import random

import pytest

from synth.midi_clock import ClockListener, ClockPosition
from synth.tempo_map import STANDSTILL_BPM, TempoMap, TempoSegment, entry

TICK, START, CONTINUE, STOP = (0xF8,), (0xFA,), (0xFB,), (0xFC,)


def ticks(listener: ClockListener, first_s: float, count: int, bpm: float, jitter_s=0.0, seed=1):
    """Send ticks; return the positions told."""
    rng, period_s = random.Random(seed), 2.5 / bpm
    told = [
        listener.feed(TICK, first_s + k * period_s + rng.uniform(-jitter_s, jitter_s))
        for k in range(count)
    ]
    return [position for position in told if position]


@pytest.mark.slow
@pytest.mark.parametrize("bpm", [60.0, 120.0, 174.0])
@pytest.mark.parametrize("seed", range(10))
def test_five_milliseconds_of_jitter_are_gone_after_eight_beats(bpm, seed) -> None:
    listener, tempo_map = ClockListener(), TempoMap.start(10.3, 66.0)  # ours, anywhere
    listener.feed(START, 9.99)
    positions = ticks(listener, 10.0, 24 * 40, bpm, 0.005, seed)
    for position in positions:
        now_s = position.time_s + 0.006
        segment = tempo_map.steered(position.beat, position.bpm, position.time_s, now_s + 0.1)
        if segment is not None:
            tempo_map = TempoMap((*tempo_map.segments, segment))
    settled = [p for p in positions if p.beat >= 8.0]
    for position in settled:
        true_s = 10.0 + position.beat * 60.0 / bpm
        assert abs(position.time_s - true_s) <= 0.005
        assert abs(position.bpm - bpm) <= 0.5
    for beat in range(16, 40):  # and our music, which began elsewhere, has come to its bars
        there_s = 10.0 + beat * 60.0 / bpm
        ahead = (tempo_map.beat_at(there_s) - beat + 2.0) % 4.0 - 2.0
        assert abs(ahead) * 60.0 / bpm <= 0.005
    assert abs(tempo_map.segments[-1].bpm - bpm) <= 0.5


def test_in_phase_music_is_in_phase_within_eight_beats() -> None:
    listener = ClockListener()
    listener.feed(START, 0.0)
    early, later = ticks(listener, 0.0, 24, 120.0, 0.005), ticks(listener, 0.5, 168, 120.0, 0.005)
    start_s = entry(early[-1].beat, early[-1].bpm, early[-1].time_s, 0.9)
    tempo_map = TempoMap.start(start_s, early[-1].bpm)
    for p in later:
        segment = tempo_map.steered(p.beat, p.bpm, p.time_s, max(start_s, p.time_s + 0.1))
        tempo_map = TempoMap((*tempo_map.segments, *([segment] if segment else [])))
    assert abs((tempo_map.beat_at(4.0) - 8.0 + 2.0) % 4.0 - 2.0) * 0.5 <= 0.005
    assert start_s == pytest.approx(2.0, abs=0.02)  # the first bar line that is left


def test_a_change_of_tempo_is_followed_within_two_bars() -> None:
    listener = ClockListener()
    listener.feed(START, 0.0)
    ticks(listener, 0.0, 24 * 16, 120.0, 0.003)
    after = ticks(listener, 8.0, 24 * 8, 132.0, 0.003)
    assert after[-1].bpm == pytest.approx(132.0, abs=0.5)
    assert after[-1].time_s == pytest.approx(8.0 + (after[-1].beat - 16) * 60 / 132, abs=0.005)
    halved = ticks(listener, after[-1].time_s + 0.02, 24 * 8, 60.0)
    assert halved[-1].bpm == pytest.approx(60.0, abs=0.5)


def test_ticks_that_are_lost_on_the_way_do_not_shift_the_beat() -> None:
    listener, rng = ClockListener(), random.Random(2)
    listener.feed(START, 0.0)
    told = []
    for k in range(24 * 32):
        if k > 48 and rng.random() < 0.05:
            continue
        told.append(listener.feed(TICK, k * 2.5 / 120.0 + rng.uniform(-0.003, 0.003)))
    last = [position for position in told if position][-1]
    assert last.time_s == pytest.approx(last.beat * 0.5, abs=0.005)
    assert last.bpm == pytest.approx(120.0, abs=0.5)


@pytest.mark.parametrize("bpm", [60.0, 40.0, 100.0])
def test_a_device_that_becomes_slower_is_not_taken_for_one_that_loses_ticks(bpm) -> None:
    listener = ClockListener()
    listener.feed(START, 0.0)
    ticks(listener, 0.0, 24 * 8, 120.0)
    after = ticks(listener, 4.0 - 2.5 / 120 + 2.5 / bpm, 24 * 12, bpm)
    assert after[-1].bpm == pytest.approx(bpm, abs=0.5)
    beats = 8 - 1 / 24 + (after[-1].time_s - 4.0 + 2.5 / 120) * bpm / 60
    assert after[-1].beat == pytest.approx(beats, abs=0.01)


def test_the_first_tick_after_start_is_beat_0_and_song_position_moves_it() -> None:
    listener = ClockListener()
    assert not ticks(listener, 0.0, 96, 120.0)  # a clock that runs while nothing plays
    listener.feed(START, 1.99)
    assert ticks(listener, 2.0, 1, 120.0)[0].beat == 0.0
    stopped = listener.feed(STOP, 2.01)
    assert stopped is not None
    assert stopped.state == "stopped"
    assert listener.feed(STOP, 2.02) is None
    listener.feed((0xF2, 0x08, 0x01), 2.03)  # 136 sixteenths
    listener.feed(CONTINUE, 2.04)
    assert ticks(listener, 2.05, 1, 120.0)[0].beat == 34.0


def test_a_clock_that_falls_silent_is_lost_once_and_found_again() -> None:
    listener = ClockListener()
    assert listener.check(100.0) is None  # nobody was there
    listener.feed(START, 0.0)
    ticks(listener, 0.0, 100, 120.0)
    assert listener.check(3.0) is None
    lost = listener.check(5.0)
    assert lost is not None
    assert lost.state == "lost"
    assert listener.check(6.0) is None
    found = ticks(listener, 7.0, 30, 90.0)
    assert found[0].state == "running"
    assert found[-1].bpm == pytest.approx(90.0)


def test_other_messages_and_broken_ones_change_nothing() -> None:
    listener = ClockListener()
    for message in ((0x90, 60, 100), (0xF2,), (0xF2, 1), (0xFE,), (0xF0, 1, 0xF7)):
        assert listener.feed(message, 0.0) is None


def test_music_that_agrees_is_left_alone_and_the_nearer_bar_counts() -> None:
    tempo_map = TempoMap.start(0.0, 120.0)
    assert tempo_map.steered(8.0, 120.0, 4.0, 5.0) is None
    assert tempo_map.steered(9.0, 120.0, 4.0, 5.0).bpm == pytest.approx(138.0)  # ahead: catch up
    assert tempo_map.steered(7.0, 120.0, 4.0, 5.0).bpm == pytest.approx(102.0)
    assert not tempo_map.stands_still
    assert TempoMap((TempoSegment(0.0, 0.0, STANDSTILL_BPM),)).stands_still


def test_positions_hold_what_the_session_logs() -> None:
    assert ClockPosition._fields == ("time_s", "beat", "bpm", "state")


@pytest.mark.slow
@pytest.mark.parametrize("lost", [0.01, 0.03, 0.1])
@pytest.mark.parametrize("bpm", [60.0, 174.0])
def test_ticks_that_are_lost_from_the_first_beat_on_are_counted(bpm: float, lost: float) -> None:
    for seed in range(5):
        listener, rng = ClockListener(), random.Random(seed)
        listener.feed(START, 0.0)
        told = [
            listener.feed(TICK, k * 2.5 / bpm + rng.uniform(-0.002, 0.002))
            for k in range(24 * 12)
            if k == 0 or rng.random() >= lost
        ]
        for position in told:
            if position is not None and position.beat >= 4.0:
                assert position.time_s == pytest.approx(position.beat * 60.0 / bpm, abs=0.005)


def test_a_first_tick_that_is_lost_is_beat_0_where_the_clock_ran_before() -> None:
    listener = ClockListener()
    ticks(listener, 0.0, 48, 120.0)
    listener.feed(START, 1.0 - 0.01)
    told = ticks(listener, 1.0 + 2.5 / 120, 47, 120.0)  # the tick at 1 s did not come
    assert told[-1].time_s == pytest.approx(1.0 + told[-1].beat * 0.5, abs=0.001)


def test_a_late_tick_is_no_lost_one_and_a_tick_told_twice_is_one() -> None:
    listener = ClockListener()
    listener.feed(START, 0.0)
    ticks(listener, 0.0, 96, 120.0)
    listener.feed(TICK, 2.0 + 0.6 * 2.5 / 120)
    listener.feed(TICK, 2.0 + 0.7 * 2.5 / 120)
    after = ticks(listener, 2.0 + 2.5 / 120, 95, 120.0)
    assert after[-1].time_s == pytest.approx(after[-1].beat * 0.5, abs=0.005)
