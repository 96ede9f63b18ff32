"""Intervals that are possible one by one are held against time, heart rate and each other."""

from collections.abc import Callable, Iterator
from itertools import accumulate
from random import Random

import pytest

from sensors.checks.intervals import IntervalCheck

Packet = tuple[float, list[float], float | None]


def heart(seconds: int, bpm: float = 68.0, seed: int = 1) -> list[float]:
    """Return intervals of a heart that varies, in 1/1024 s as straps send them."""
    rng = Random(seed)
    count = int(seconds * bpm / 60)
    raw = [60 / bpm * (1 + 0.06 * rng.gauss(0, 1)) for _ in range(count)]
    return [round(1024 * rr_s) / 1024 for rr_s in raw]


def strap(rr_s: list[float], bpm: Callable[[float], float | None]) -> Iterator[Packet]:
    """Send each second what has ended since, with a heart rate that lags as a strap's does."""
    ends_s, sent, smooth = list(accumulate(rr_s)), 0, rr_s[0]
    for second in range(1, int(ends_s[-1])):
        new: list[float] = []
        while ends_s[sent] <= second:
            new.append(rr_s[sent])
            smooth += 0.2 * (rr_s[sent] - smooth)
            sent += 1
        yield float(second), new, bpm(60.0 / smooth)


def shown(bpm: float) -> float | None:
    return round(bpm)


def doubt_after(packets: Iterator[Packet]) -> tuple[float, str]:
    """Return the trust at the end and the sentence; 1 and nothing without a doubt."""
    check = IntervalCheck()
    for packet in packets:
        check.feed(*packet)
    return (check.doubt.trust, check.doubt.sentence) if check.doubt else (1.0, "")


@pytest.mark.parametrize("bpm", [42.0, 60.0, 68.0, 95.0, 170.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_heart_is_never_doubted(bpm: float, seed: int) -> None:
    assert doubt_after(strap(heart(400, bpm, seed), shown)) == (1.0, "")


@pytest.mark.parametrize("times", [2, 3])
def test_intervals_that_come_several_times_are_impossible(times: int) -> None:
    packets = ((t, rr * times, bpm) for t, rr, bpm in strap(heart(60), shown))
    trust, sentence = doubt_after(packets)
    assert trust == 0.0
    assert f"impossible: they add up to about {times} times the time" in sentence


def test_an_interval_that_is_sent_again_with_the_next_one_is_impossible() -> None:
    def overlapping() -> Iterator[Packet]:
        before: list[float] = []
        for t, rr, bpm in strap(heart(60), shown):
            yield t, [*before, *rr], bpm
            before = rr

    assert doubt_after(overlapping())[0] == 0.0


def test_one_interval_in_five_sent_twice_is_found_within_two_minutes() -> None:
    rr_s = heart(150)

    def some_twice() -> Iterator[Packet]:
        for t, rr, bpm in strap(rr_s, shown):
            yield t, rr * 2 if int(t) % 4 == 0 else rr, bpm

    assert doubt_after(some_twice())[0] == 0.0


def test_packets_that_a_link_held_up_and_then_sent_at_once_are_no_impossible_ones() -> None:
    def held() -> Iterator[Packet]:
        for t, rr, bpm in strap(heart(300), shown):
            yield (t if int(t) % 40 > 5 else 40.0 * (t // 40) + 5.0), rr, bpm

    assert doubt_after(held()) == (1.0, "")


def test_lost_packets_are_no_reason_to_doubt_the_others() -> None:
    rng = Random(4)
    packets = (p for p in strap(heart(400), shown) if rng.random() > 0.05)
    assert doubt_after(packets) == (1.0, "")


def test_every_third_interval_left_out_shows_in_the_time_that_is_not_filled() -> None:
    packets = ((t, rr if int(t) % 3 else [], bpm) for t, rr, bpm in strap(heart(200), shown))
    trust, sentence = doubt_after(packets)
    assert trust == 0.5
    assert "fill" in sentence


def test_milliseconds_read_as_ticks_are_known_by_the_time_that_they_leave() -> None:
    def in_ms(bpm: float) -> float | None:
        return round(bpm)

    packets = (
        (t, [round(1000 * one) / 1024 for one in rr], bpm)
        for t, rr, bpm in strap(heart(240), in_ms)
    )
    trust, sentence = doubt_after(packets)
    assert trust == 0.5
    assert "1/1024" in sentence


@pytest.mark.parametrize("per_s", [1024, 1000])
@pytest.mark.parametrize("bpm", [58.0, 75.0, 110.0])
def test_intervals_computed_from_a_varying_heart_rate_say_nothing(per_s: int, bpm: float) -> None:
    def computed() -> Iterator[Packet]:
        for t, rr, rate in strap(heart(200, bpm), shown):
            assert rate is not None
            yield t, [int(per_s * 60 / rate) / 1024 for _ in rr], rate

    trust, sentence = doubt_after(computed())
    assert trust == 0.0
    assert "computed" in sentence


def test_constant_intervals_beside_a_varying_heart_rate_say_nothing() -> None:
    packets = ((t, [0.875 for _ in rr], bpm) for t, rr, bpm in strap(heart(60), shown))
    trust, sentence = doubt_after(packets)
    assert trust == 0.0
    assert "alike" in sentence


def test_intervals_of_twice_the_heart_rate_beside_them_do_not_count() -> None:
    def halved() -> Iterator[Packet]:
        for t, rr, bpm in strap(heart(60), shown):
            yield t, [one / 2 for pair in rr for one in (pair, pair)], bpm

    trust, sentence = doubt_after(halved())
    assert trust == 0.0
    assert "its heart rate" in sentence


def test_a_doubt_is_over_a_while_after_its_reason() -> None:
    check, packets = IntervalCheck(), list(strap(heart(300), shown))
    for t, rr, bpm in packets:
        check.feed(t, rr * 2 if t < 60 else rr, bpm)
        if t == 59:
            assert check.doubt
    assert check.doubt is None
