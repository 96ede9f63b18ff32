"""When packets were sent, against senders whose rhythm is known."""

from random import Random

import pytest

from sensors.timing.offset_bounds import OffsetBounds
from sensors.timing.packet_clock import PacketClock


def test_the_rhythm_tells_when_a_packet_left_through_jitter_and_losses() -> None:
    clock, rng, errors_s = PacketClock(), Random(1), []
    for number in range(400):
        if rng.random() < 0.02:
            continue
        sent_s = 1.0001 * number
        clock.feed(sent_s + abs(rng.gauss(0.0, 0.05)))
        if number > 100:
            assert clock.sent_s is not None
            errors_s.append(clock.sent_s - sent_s)
    assert max(map(abs, errors_s)) < 0.02


def test_a_lost_packet_shows_by_the_pause() -> None:
    clock = PacketClock()
    missing = [number for number in (*range(30), *range(31, 50)) if clock.feed(float(number))]
    assert missing == [31]


def test_packets_that_were_held_up_have_no_time_and_leave_the_rhythm_alone() -> None:
    clock = PacketClock()
    for number in range(30):
        clock.feed(float(number))
    for arrival_s in (33.4, 33.41, 33.42):
        clock.feed(arrival_s)
        assert clock.sent_s is None
    clock.feed(34.0)
    assert clock.sent_s == pytest.approx(34.0)


def test_another_rhythm_is_followed_after_a_while() -> None:
    clock = PacketClock()
    for number in range(30):
        clock.feed(float(number))
    for number in range(30):
        clock.feed(29.5 + number)
    assert clock.sent_s == pytest.approx(58.5)


def test_packets_without_a_rhythm_have_no_time() -> None:
    clock, rng, arrival_s = PacketClock(), Random(2), 0.0
    for _ in range(300):
        arrival_s += rng.uniform(0.2, 1.8)
        clock.feed(arrival_s)
        assert clock.sent_s is None


def test_a_run_lies_between_what_was_told_and_what_was_not_yet() -> None:
    bounds = OffsetBounds()
    bounds.feed(1.0, 1.0, [], [0.7])
    assert bounds.offset_s is None  # the upper bound alone says too little
    bounds.feed(2.0, 2.0, [1.0], [0.9, 0.7])
    # the second beat had not happened at 1.0 s, the third had at 2.0 s
    assert bounds.offset_s == pytest.approx((1.0 - 0.7 - 0.9 + 2.0 - 2.3) / 2, abs=1e-3)


def test_a_new_run_continues_the_old_one_where_few_beats_were_lost() -> None:
    bounds = OffsetBounds()
    for second in range(1, 40):
        bounds.feed(float(second), float(second), [float(second - 1)], [0.98])
    last_s = bounds.offset_s
    assert last_s is not None
    bounds.start_run(41.5, 0.98)
    assert bounds.offset_s == pytest.approx(last_s + 41 * 0.98, abs=0.05)


def test_where_one_beat_more_or_less_may_be_lost_nothing_is_guessed() -> None:
    bounds = OffsetBounds()
    for second in range(1, 40):
        bounds.feed(float(second), float(second), [float(second - 1)], [0.98])
    bounds.start_run(41.0, 0.98)
    assert bounds.offset_s is None


def test_after_many_lost_beats_nothing_is_guessed() -> None:
    bounds, rng = OffsetBounds(), Random(3)
    for second in range(1, 40):
        bounds.feed(float(second), float(second), [float(second - 1)], [rng.gauss(0.98, 0.03)])
    bounds.start_run(80.0, 0.98)
    assert bounds.offset_s is None
