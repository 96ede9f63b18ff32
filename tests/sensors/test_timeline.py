"""Beat times from packets without times, against simulated straps whose truth is known."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.signals import Chunk, Gap, Signal
from sensors.timing.beat_timeline import BeatTimeline


class Strap:
    """A strap that sends a packet a second, over a link with jitter and losses."""

    def __init__(self, seconds: int, *, seed: int, jitter_s: float, ppm: float, loss: float):
        rng = Random(seed)
        beats, time_s = [], 0.0
        while time_s < seconds:
            swing = 0.03 * np.sin(2 * np.pi * 0.2 * time_s)
            rr_1024 = round(1024 * (60 / 65 + swing + rng.gauss(0, 0.01)))
            time_s += rr_1024 / 1024 * (1 + ppm * 1e-6)
            beats.append((time_s, rr_1024))
        self.packets: list[tuple[float, list[tuple[float, int]]]] = []
        self.losses_s: list[float] = []
        first = 0
        for second in range(1, seconds + 1):
            stop = first
            while stop < len(beats) and beats[stop][0] < second:
                stop += 1
            taken, first = beats[first:stop], stop
            if taken and rng.random() < loss:
                self.losses_s.append(second)
            else:
                self.packets.append((second + abs(rng.gauss(0, jitter_s)), taken))


def play(strap: Strap) -> tuple[np.ndarray, np.ndarray, list[Gap], list[float]]:
    """Return the estimated and true times of all beats, the gaps, and their arrival."""
    timeline = BeatTimeline("strap")
    estimated, true, gaps, found_s = [], [], [], []
    for arrival_s, beats in strap.packets:
        for sample in timeline.feed(arrival_s, [rr for _, rr in beats]):
            if isinstance(sample, Gap):
                gaps.append(sample)
                found_s.append(arrival_s)
            else:
                estimated += list(sample.times_s)
        true += [time_s for time_s, _ in beats]
    return np.array(estimated), np.array(true), gaps, found_s


@pytest.mark.slow
@pytest.mark.parametrize("ppm", [-80.0, 80.0])
def test_an_hour_with_jitter_places_beats_within_some_ms(ppm: float) -> None:
    strap = Strap(3600, seed=1, jitter_s=0.05, ppm=ppm, loss=0.0)
    estimated, true, gaps, _ = play(strap)
    settled = true > 60.0
    error = (estimated - true)[settled]
    assert gaps == []
    assert abs(np.median(error)) < 0.015
    assert np.std(error) < 0.009
    # "the last beat happened when its packet arrived" scatters by a quarter of a second
    assert (np.diff(estimated) >= 0.0).all()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_lost_packets_spread_the_settled_error_by_15_ms_at_most(seed: int) -> None:
    strap = Strap(3600, seed=seed, jitter_s=0.05, ppm=80.0 - 160.0 * (seed % 2), loss=0.005)
    estimated, true, gaps, _ = play(strap)
    breaks_s = np.array([gap.end_s for gap in gaps])
    settled = np.array([not any(-2.0 < t - b < 20.0 for b in breaks_s) and t > 20.0 for t in true])
    assert np.std((estimated - true)[settled]) < 0.015
    # how many beats were lost is guessed from the others, so that most runs begin in place
    assert np.std(estimated - true) < 0.05


def test_packets_that_come_at_the_beats_are_not_taken_for_even_ones() -> None:
    timeline, rng, time_s, errors_s = BeatTimeline("strap"), Random(3), 0.0, []
    for _ in range(200):
        rr = round(1024 * rng.gauss(0.9, 0.02))
        time_s += rr / 1024
        (chunk,) = timeline.feed(time_s + abs(rng.gauss(0, 0.03)), [rr])
        assert isinstance(chunk, Chunk)
        errors_s.append(chunk.times_s[0] - time_s)
    assert max(map(abs, errors_s[20:])) < 0.05


def test_a_slow_heart_leaves_packets_empty_and_its_beats_in_place() -> None:
    timeline, rng, time_s, sent_s, errors_s = BeatTimeline("strap"), Random(3), 0.0, 0.0, []
    beats: list[tuple[float, int]] = []
    while sent_s < 600:
        sent_s += 1.0
        while time_s < sent_s:
            rr = round(1024 * rng.gauss(1.4, 0.03))
            time_s += rr / 1024
            beats.append((time_s, rr))
        told = [beat for beat in beats if beat[0] < sent_s]
        beats = beats[len(told) :]
        samples = timeline.feed(sent_s + abs(rng.gauss(0, 0.03)), [rr for _, rr in told])
        errors_s += [s.times_s[0] - told[0][0] for s in samples if isinstance(s, Chunk)]
    assert max(map(abs, errors_s[60:])) < 0.08


@pytest.mark.slow
def test_every_lost_packet_of_an_hour_becomes_a_gap() -> None:
    strap = Strap(3600, seed=2, jitter_s=0.05, ppm=50.0, loss=0.005)
    estimated, _, gaps, found_s = play(strap)
    assert len(strap.losses_s) > 10
    assert len(gaps) == len(strap.losses_s)
    delays_s = np.array(found_s) - np.array(strap.losses_s)
    assert delays_s.min() > 0.0
    assert delays_s.max() < 1.5
    assert {(gap.signal, gap.reason) for gap in gaps} == {(Signal.RR, "link")}
    assert (np.diff(estimated) >= 0.0).all()


@pytest.mark.parametrize("ppm", [-80.0, 80.0])
def test_the_drift_of_a_strap_is_known_from_its_intervals(ppm: float) -> None:
    strap = Strap(3000, seed=3, jitter_s=0.05, ppm=ppm, loss=0.0)
    timeline = BeatTimeline("strap")
    assert timeline.drift.ppm is None
    for arrival_s, beats in strap.packets:
        timeline.feed(arrival_s, [rr for _, rr in beats])
    # the simulated strap's seconds are too long, so its clock is slow
    assert timeline.drift.ppm == pytest.approx(-ppm, abs=10.0)


def test_a_strap_that_sends_unevenly_is_not_taken_to_have_lost_packets() -> None:
    timeline, rng, arrival_s = BeatTimeline("strap"), Random(4), 0.0
    for _ in range(600):
        beats = rng.choice([1, 2, 3])
        arrival_s += beats
        assert not any(isinstance(s, Gap) for s in timeline.feed(arrival_s, [1024] * beats))


def test_other_ticks_are_seconds_all_the_same() -> None:
    (chunk,) = BeatTimeline("optical", ticks_per_s=1000).feed(10.0, [850, 900])
    assert isinstance(chunk, Chunk)
    assert chunk.values[:, 0].tolist() == [0.85, 0.9]
    assert chunk.times_s.tolist() == [9.1, 10.0]


def test_the_intervals_come_out_exactly() -> None:
    (chunk,) = BeatTimeline("strap").feed(10.0, [853, 901])
    assert isinstance(chunk, Chunk)
    assert chunk.values[:, 0].tolist() == [853 / 1024, 901 / 1024]
    assert chunk.times_s.tolist() == [10.0 - 901 / 1024, 10.0]


def test_a_link_loss_ends_the_run_with_a_gap_from_the_last_beat() -> None:
    timeline = BeatTimeline("strap")
    timeline.feed(1.0, [1024])
    timeline.interrupt("link")
    timeline.interrupt("stall")
    gap, chunk = timeline.feed(21.0, [1024])
    assert gap == Gap(Signal.RR, "strap", 1.0, 20.0, "link")
    assert isinstance(chunk, Chunk)
    assert chunk.times_s.tolist() == [21.0]


@pytest.mark.parametrize("implausible", [0, 245, 3073, 0xFFFF])
def test_an_implausible_interval_drops_its_packet_and_breaks_the_run(implausible: int) -> None:
    timeline = BeatTimeline("strap")
    timeline.feed(1.0, [1024])
    assert timeline.feed(2.0, [1024, implausible]) == []
    gap, _ = timeline.feed(3.0, [1024])
    assert isinstance(gap, Gap)
    assert gap.reason == "bad_data"


def test_a_packet_without_intervals_changes_nothing() -> None:
    timeline = BeatTimeline("strap")
    timeline.feed(1.0, [1024])
    assert timeline.feed(1.5, []) == []
    (chunk,) = timeline.feed(2.0, [1024])
    assert isinstance(chunk, Chunk)


def test_a_burst_after_a_delay_never_turns_time_back() -> None:
    timeline = BeatTimeline("strap")
    packets = [(1.0, 1), (2.0, 1), (8.0, 1), (8.0, 3), (8.01, 2), (9.0, 1)]
    times_s = [
        time_s
        for arrival_s, beats in packets
        for sample in timeline.feed(arrival_s, [1024] * beats)
        if isinstance(sample, Chunk)
        for time_s in sample.times_s
    ]
    assert len(times_s) == 9
    assert times_s == sorted(times_s)
    assert times_s[-1] == 9.0


@given(
    st.lists(
        st.tuples(st.floats(0.0, 10.0), st.lists(st.integers(0, 4000), max_size=4), st.booleans())
    )
)
def test_whatever_arrives_no_time_turns_back_or_runs_ahead(
    packets: list[tuple[float, list[int], bool]],
) -> None:
    timeline, arrival_s, latest_s = BeatTimeline("strap"), 100.0, 0.0
    for wait_s, rr_1024, interrupted in packets:
        arrival_s += wait_s
        if interrupted:
            timeline.interrupt("link")
        for sample in timeline.feed(arrival_s, rr_1024):
            if isinstance(sample, Gap):
                assert latest_s == sample.start_s <= sample.end_s
            else:
                assert latest_s <= sample.times_s[0]
                assert (np.diff(sample.times_s) >= 0.0).all()
                latest_s = float(sample.times_s[-1])
            assert latest_s <= arrival_s + 1e-6
