"""Session time and beats, by hand: 60 bpm from 10 s on, 120 bpm from 14 s on."""

import pytest

from synth.tempo_map import STANDSTILL_BPM, TempoMap, TempoSegment


@pytest.fixture
def twice() -> TempoMap:
    return TempoMap.start(10.0, 60.0).change(14.0, 120.0)


def test_the_latest_segment_begins_where_the_first_one_has_come_to(twice: TempoMap) -> None:
    assert twice.segments[0] == TempoSegment(10.0, 0.0, 60.0)
    assert twice.latest == TempoSegment(14.0, 4.0, 120.0)


def test_beats_and_times_are_each_others_inverse(twice: TempoMap) -> None:
    assert [twice.beat_at(t) for t in (10.0, 12.0, 14.0, 15.0)] == [0.0, 2.0, 4.0, 6.0]
    assert [twice.time_at(b) for b in (0.0, 2.0, 4.0, 6.0)] == [10.0, 12.0, 14.0, 15.0]


def test_a_change_may_not_precede_the_latest_one(twice: TempoMap) -> None:
    assert twice.change(14.0, 60.0).latest == TempoSegment(14.0, 4.0, 60.0)
    with pytest.raises(ValueError, match="precede"):
        twice.change(13.9, 60.0)


def test_a_segment_takes_the_place_of_all_from_its_time_on(twice: TempoMap) -> None:
    earlier = TempoSegment(12.0, 2.0, 30.0)
    assert twice.replaced(earlier).segments == (TempoSegment(10.0, 0.0, 60.0), earlier)
    assert twice.replaced(earlier).beat_at(14.0) == 3.0


def test_music_stands_still_after_a_stop_and_no_longer_when_it_goes_on(twice: TempoMap) -> None:
    stopped = twice.change(20.0, STANDSTILL_BPM)
    assert (twice.stands_still, stopped.stands_still) == (False, True)
    assert not stopped.change(25.0, 60.0).stands_still


def test_a_map_that_changed_all_day_can_be_asked_for_its_latest_segments(twice: TempoMap) -> None:
    long = twice
    for second in range(20, 1020):
        long = long.change(float(second), 60.0 + second % 2)
    assert len(long.segments) == 1002  # a piece as it was played forgets nothing
    long = long.recent()
    assert len(long.segments) == 256
    assert long.latest.time_s == 1019.0
    assert long.beat_at(1019.5) == pytest.approx(16.0 + 500.0 + 499.5 * 61.0 / 60.0)
