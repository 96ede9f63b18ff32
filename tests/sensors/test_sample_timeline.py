"""When samples were taken, worked out from packets that come late, twice or not at all."""

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.codecs.frame import SampleFrame
from sensors.signals import Chunk, Gap, Signal
from sensors.timing.sample_timeline import SampleTimeline

RATE_HZ, PER_PACKET = 4.0, 2
PACKET_S = PER_PACKET / RATE_HZ


def frame(
    *values: float, lost: int = 0, clock_s: float | None = None, worn: bool = True
) -> SampleFrame:
    return SampleFrame(Signal.EDA, values or (4.0, 4.0), lost, clock_s, worn)


def timeline(*, counted: bool = True, wraps_s: float | None = None) -> SampleTimeline:
    return SampleTimeline(Signal.EDA, "band", RATE_HZ, clock_wraps_s=wraps_s, counted=counted)


def run(line: SampleTimeline, packets: list[tuple[float, SampleFrame]]) -> list[Chunk | Gap]:
    return [sample for arrival_s, one in packets for sample in line.feed(arrival_s, [one])]


def times_s(samples: list[Chunk | Gap]) -> list[float]:
    return [float(t) for s in samples if isinstance(s, Chunk) for t in s.times_s]


def gaps(samples: list[Chunk | Gap]) -> list[Gap]:
    return [sample for sample in samples if isinstance(sample, Gap)]


def regular(count: int, **changes: object) -> list[tuple[float, SampleFrame]]:
    return [(10.0 + i * PACKET_S, frame()) for i in range(count)]


@pytest.mark.parametrize("counted", [True, False])
def test_the_last_sample_of_a_prompt_packet_was_taken_as_it_arrived(counted: bool) -> None:
    samples = run(timeline(counted=counted), regular(5))
    assert not gaps(samples)
    assert times_s(samples) == pytest.approx(9.75 + np.arange(10) / RATE_HZ)


@pytest.mark.parametrize(("clock", "settled_s"), [(True, 0.01), (False, 0.05)])
def test_jitter_of_the_link_hardly_reaches_the_times(clock: bool, settled_s: float) -> None:
    rng = Random(4)
    packets = [
        (t + rng.uniform(0, 0.05), frame(clock_s=t if clock else None)) for t, _ in regular(400)
    ]
    samples = run(timeline(counted=clock), packets)
    assert not gaps(samples)
    error = np.array(times_s(samples)) - (9.75 + np.arange(800) / RATE_HZ)
    assert np.abs(error[80:]).max() < settled_s


def test_a_rate_that_is_a_percent_wrong_loses_nothing() -> None:
    packets = [(10.0 + i * PACKET_S * 1.01, frame()) for i in range(2000)]
    samples = run(timeline(counted=False), packets)
    assert not gaps(samples)
    assert times_s(samples)[-1] == pytest.approx(packets[-1][0], abs=0.3)


@pytest.mark.parametrize(("counted", "late"), [(True, 6), (False, 6), (False, 2), (False, 1)])
def test_a_burst_after_a_delay_loses_nothing(counted: bool, late: int) -> None:
    packets = regular(40)
    held_until_s = packets[20 + late][0] - 0.01
    packets[20 : 20 + late] = [(held_until_s, one) for _, one in packets[20 : 20 + late]]
    samples = run(timeline(counted=counted), packets)
    assert not gaps(samples)
    assert times_s(samples) == pytest.approx(9.75 + np.arange(80) / RATE_HZ, abs=0.04)


@pytest.mark.parametrize("missing", [1, 3, 8])
def test_lost_packets_of_a_band_without_a_counter_are_found(missing: int) -> None:
    packets = regular(40)
    del packets[20 : 20 + missing]
    samples = run(timeline(counted=False), packets)
    (gap,) = gaps(samples)
    assert gap.reason == "link"
    assert gap.end_s - gap.start_s == pytest.approx((2 * missing + 1) / RATE_HZ, abs=0.05)
    assert len(times_s(samples)) == 80 - 2 * missing


def test_what_a_counter_misses_is_a_gap() -> None:
    samples = run(timeline(), [(10.0, frame()), (11.0, frame(lost=2)), (11.5, frame())])
    (gap,) = gaps(samples)
    assert (gap.start_s, gap.end_s, gap.reason) == (10.0, 10.75, "link")


def test_a_clock_that_starts_again_from_zero_goes_on() -> None:
    wraps_s = 8.0
    packets = [(t, frame(clock_s=(i * PACKET_S) % wraps_s)) for i, (t, _) in enumerate(regular(40))]
    samples = run(timeline(wraps_s=wraps_s), packets)
    assert not gaps(samples)
    assert times_s(samples) == pytest.approx(9.75 + np.arange(80) / RATE_HZ)


def test_what_a_clock_skips_is_a_gap() -> None:
    packets = [(10.0, frame(clock_s=5.0)), (12.0, frame(clock_s=7.0))]
    (gap,) = gaps(run(timeline(), packets))
    assert (gap.start_s, gap.end_s, gap.reason) == (10.0, 11.75, "link")


@pytest.mark.parametrize("clock_s", [0.0, 900.0])
def test_a_clock_that_jumps_is_a_gap_of_the_clock(clock_s: float) -> None:
    packets = [(10.0, frame(clock_s=5.0)), (10.5, frame(clock_s=clock_s))]
    samples = run(timeline(), [*packets, (11.0, frame(clock_s=clock_s + 0.5))])
    (gap,) = gaps(samples)
    assert gap.reason == "clock"
    assert times_s(samples)[-1] == pytest.approx(11.0)


def test_a_counter_that_jumps_is_a_gap_of_the_clock() -> None:
    (gap,) = gaps(run(timeline(), [(10.0, frame()), (10.5, frame(lost=510)), (11.0, frame())]))
    assert gap.reason == "clock"


def test_a_device_that_paused_is_placed_anew() -> None:
    samples = run(timeline(), [(10.0, frame()), (30.0, frame()), (30.5, frame())])
    (gap,) = gaps(samples)
    assert gap.reason == "stall"
    assert times_s(samples)[-1] == pytest.approx(30.5)


def test_a_sample_without_contact_or_value_is_left_out_and_covered() -> None:
    packets = [
        (10.0, frame(4.0, 4.1)),
        (10.5, frame(4.2, math.nan)),
        (11.0, frame(4.3, 4.4)),
        (11.5, frame(0.0, 0.0, worn=False)),
        (12.0, frame(4.5, 4.6)),
    ]
    samples = run(timeline(), packets)
    spans = [(g.start_s, g.end_s, g.reason) for g in gaps(samples)]
    assert spans == [(10.25, 10.75, "bad_data"), (11.0, 11.75, "no_contact")]
    assert times_s(samples) == [9.75, 10.0, 10.25, 10.75, 11.0, 11.75, 12.0]


def test_samples_that_come_earlier_than_thought_share_the_time_that_is_left() -> None:
    packets = [(12.0, frame()), (12.0, frame()), (12.1, frame())]
    samples = run(timeline(), packets)
    assert times_s(samples)[:2] == [11.75, 12.0]
    assert times_s(samples)[2:] == pytest.approx([12.0, 12.0, 12.05, 12.1])
    assert [s.rate_hz for s in samples if isinstance(s, Chunk)] == [RATE_HZ, None, None]


def test_an_interruption_is_a_gap_with_its_reason() -> None:
    line = timeline(counted=False)
    before = run(line, regular(4))
    line.interrupt("stall")
    line.interrupt("link")
    samples = before + run(line, [(30.0, frame()), (30.5, frame())])
    (gap,) = gaps(samples)
    assert (gap.start_s, gap.end_s, gap.reason) == (11.5, 29.75, "stall")


def test_a_packet_that_waits_is_handed_out_before_an_interruption() -> None:
    line = timeline(counted=False)
    run(line, regular(4))
    assert line.feed(13.0, [frame(7.0, 7.0)]) == []
    line.interrupt("link")
    samples = line.feed(20.0, [frame()])
    assert [s.values[0, 0] for s in samples if isinstance(s, Chunk)] == [7.0, 4.0]


def test_values_without_a_rate_stand_at_their_arrival() -> None:
    line = SampleTimeline(Signal.EDA, "band", None)
    samples = run(line, [(10.0, frame(4.0)), (40.0, frame(0.0, worn=False)), (70.0, frame(4.2))])
    assert times_s(samples) == [10.0, 70.0]
    (gap,) = gaps(samples)
    assert (gap.start_s, gap.end_s, gap.reason) == (10.0, 70.0, "no_contact")


PACKETS = st.tuples(
    st.floats(0, 8),
    st.lists(st.one_of(st.floats(0.1, 60), st.just(math.nan)), min_size=1, max_size=6),
    st.integers(0, 600),
    st.one_of(st.none(), st.floats(0, 1e6)),
    st.booleans(),
)


@pytest.mark.slow
@given(st.lists(PACKETS, max_size=30), st.booleans(), st.sampled_from([None, 65.536]))
def test_whatever_comes_times_never_decrease_nor_run_ahead(
    packets: list[tuple[float, list[float], int, float | None, bool]],
    counted: bool,
    wraps_s: float | None,
) -> None:
    line, now_s, latest_s = timeline(counted=counted, wraps_s=wraps_s), 0.0, -math.inf
    for wait_s, numbers, lost, clock_s, worn in packets:
        now_s += wait_s
        if clock_s is not None and wraps_s:
            clock_s %= wraps_s
        one = SampleFrame(Signal.EDA, tuple(numbers), lost, clock_s, worn)
        for sample in line.feed(now_s, [one]):
            if isinstance(sample, Gap):
                assert latest_s <= sample.start_s <= sample.end_s
            else:
                assert np.isfinite(sample.values).all()
                assert (np.diff(sample.times_s) >= 0).all()
                if sample.rate_hz is not None:
                    even_s = sample.times_s[0] + np.arange(len(sample)) / sample.rate_hz
                    assert np.array_equal(sample.times_s, even_s)
                assert latest_s <= sample.times_s[0]
                assert sample.times_s[-1] <= now_s + 1e-6
                latest_s = float(sample.times_s[-1])
