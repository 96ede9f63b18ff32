"""Samples from a network leave in order, in time, with every break marked."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.labels import LabelMeaning, meaning_of
from sensors.network.beat_feeds import ArrivalBeatFeed, TimestampedBeatFeed
from sensors.network.feeds import EventFeed, Feed, RegularFeed
from sensors.signals import Chunk, Gap, Signal


def ignore(kind: str, what: str) -> None:
    pass


def fed(feed: Feed, now_s: float, values: list[float], times_s: list[float]) -> list[Chunk | Gap]:
    return feed.add(now_s, np.array(times_s), np.array(values).reshape(-1, 1))


FEEDS = {
    "evenly": lambda: RegularFeed(Signal.EDA, "x", ignore, 4.0, 0.2),
    "fast": lambda: RegularFeed(Signal.PPG, "x", ignore, 64.0, 0.2),
    "singly": lambda: EventFeed(Signal.HR, "x", ignore),
    "beats": lambda: ArrivalBeatFeed("x", ignore),
}
batches = st.lists(
    st.tuples(
        st.floats(0.0, 8.0),  # passes before it comes
        st.lists(
            st.tuples(st.floats(-3.0, 1.0), st.sampled_from([0.5, 0.9, 61.0, np.nan, -1.0])),
            max_size=9,
        ),
        st.sampled_from(["", "", "", "link", "clock"]),
    ),
    max_size=25,
)


@pytest.mark.slow
@given(kind=st.sampled_from(sorted(FEEDS)), came=batches)
def test_whatever_comes_times_never_go_back_nor_into_the_future(
    kind: str, came: list[tuple[float, list[tuple[float, float]], str]]
) -> None:
    feed, now_s, last_s = FEEDS[kind](), 0.0, -1e9
    for pause_s, samples, break_ in came:
        now_s += pause_s
        if break_ in ("link", "clock"):
            feed.interrupt(break_)
        times_s = [now_s + ago_s for ago_s, _ in samples]
        for sample in fed(feed, now_s, [value for _, value in samples], times_s):
            if isinstance(sample, Gap):
                assert last_s <= sample.start_s + 1e-9
                assert sample.start_s <= sample.end_s
                continue
            assert np.isfinite(sample.values).all()
            assert sample.times_s[0] >= last_s - 1e-9
            assert (np.diff(sample.times_s) >= 0.0).all()
            assert sample.times_s[-1] <= now_s + 0.3
            last_s = float(sample.times_s[-1])
            if sample.rate_hz:
                again = sample.times_s[0] + np.arange(len(sample)) / sample.rate_hz
                assert np.array_equal(again, sample.times_s)


def test_jitter_leaves_an_even_series_without_a_gap() -> None:
    rng = np.random.default_rng(1)
    feed = FEEDS["evenly"]()
    samples: list[Chunk | Gap] = []
    for i in range(400):
        true_s = i * 0.25001  # 40 ppm slow
        samples += fed(feed, true_s + 0.2, [3.0], [true_s + rng.uniform(0.0, 0.1)])
    chunks = [s for s in samples if isinstance(s, Chunk)]
    assert len(chunks) == len(samples) == 400
    times_s = np.concatenate([c.times_s for c in chunks])
    assert np.abs(times_s - np.arange(400) * 0.25001 - 0.05).max() < 0.08


def test_a_missing_sample_of_a_device_with_a_clock_is_a_gap() -> None:
    feed = FEEDS["evenly"]()
    fed(feed, 1.0, [1, 2, 3], [0.0, 0.25, 0.5])
    gap, chunk = fed(feed, 1.5, [5, 6], [1.0, 1.25])
    assert gap == Gap(Signal.EDA, "x", 0.5, 1.0, "link")
    assert isinstance(chunk, Chunk)
    assert chunk.times_s.tolist() == [1.0, 1.25]


def test_a_number_that_is_none_leaves_a_gap_of_bad_data() -> None:
    feed = FEEDS["singly"]()
    fed(feed, 1.0, [60], [1.0])
    assert fed(feed, 2.0, [np.nan], [2.0]) == []
    gap, _ = fed(feed, 3.0, [61], [3.0])
    assert gap == Gap(Signal.HR, "x", 1.0, 3.0, "bad_data")


def test_a_sender_that_is_faster_than_it_says_stands_at_its_arrival_or_is_counted() -> None:
    counted: list[str] = []
    feed = RegularFeed(Signal.EDA, "x", lambda kind, what: counted.append(kind), 4.0, 1.0)
    for i in range(40):
        (chunk,) = fed(feed, i / 8, [3.0], [i / 8])
        assert isinstance(chunk, Chunk)
        assert chunk.times_s.tolist() == [i / 8]
    assert not counted
    for second in range(6, 9):
        fed(feed, second, [3.0] * 8, [second + i / 8 - 7 / 8 for i in range(8)])
    assert set(counted) == {"too much at once"}


def test_beats_with_stamps_break_where_they_are_no_neighbours() -> None:
    feed = TimestampedBeatFeed("x", ignore)

    def beat(stamp_s: float, rr_s: float) -> list[Chunk | Gap]:
        return feed.add(stamp_s + 1, np.array([stamp_s]), np.array([[rr_s, stamp_s]]))

    assert [type(s) for s in beat(1.0, 0.8)] == [Chunk]
    assert [type(s) for s in beat(1.8, 0.8)] == [Chunk]
    gap, chunk = beat(4.0, 0.8)
    assert gap == Gap(Signal.RR, "x", 1.8, 3.2, "bad_data")
    assert isinstance(chunk, Chunk)
    assert chunk.device_times_s is not None
    assert beat(4.0, 0.8) == []  # it came twice
    assert beat(4.1, 9.0) == []  # no heart makes it


@pytest.mark.parametrize(
    ("label", "kind", "unit", "meaning"),
    [
        ("GSR", "", "µS", LabelMeaning(Signal.EDA)),
        ("Wrist EDA", "", "mS", LabelMeaning(Signal.EDA, 1e3)),
        ("EDA", "", "kOhm", LabelMeaning(Signal.EDA, 1e3, inverse=True)),
        ("Skin resistance", "", "", None),
        ("", "GSR", "", LabelMeaning(Signal.EDA)),
        ("ECG LA-RA", "", "uV", LabelMeaning(Signal.ECG, 1e-3)),
        ("RR", "", "ms", LabelMeaning(Signal.RR, 1e-3)),
        ("ibi", "", "", LabelMeaning(Signal.RR, None)),
        ("RR", "", "mV", None),
        ("heart_rate", "", "bpm", LabelMeaning(Signal.HR)),
        ("Respiration rate", "", "1/min", None),
        ("Resp nasal", "", "V", LabelMeaning(Signal.RESP)),
        ("AccX", "", "m/s^2", LabelMeaning(Signal.ACC, 1 / 9.80665)),
        ("Skin temperature", "", "°C", LabelMeaning(Signal.TEMP)),
        ("Fp1", "EEG", "uV", None),
        ("", "", "", None),
    ],
)
def test_a_channel_is_known_by_its_label_type_and_unit(
    label: str, kind: str, unit: str, meaning: LabelMeaning | None
) -> None:
    assert meaning_of(label, kind, unit) == meaning


def test_an_interval_without_a_unit_tells_it_by_its_size() -> None:
    assert LabelMeaning(Signal.RR, None).in_our_unit([850.0, 0.85]).tolist() == [0.85, 0.85]


def test_what_no_body_shows_is_left_out_and_counted_and_most_of_it_makes_a_doubt() -> None:
    counted: list[str] = []
    feed = EventFeed(Signal.EDA, "x", lambda kind, _: counted.append(kind))
    for k in range(6):
        assert not [s for s in fed(feed, float(k), [1.7e9 + k], [float(k)]) if isinstance(s, Chunk)]
    assert counted == ["out of range"] * 6
    assert feed.doubt
    assert "Unix time" in feed.doubt.sentence


@pytest.mark.parametrize("bpm", [0.0, -5.0, 900.0])
def test_a_heart_rate_that_no_heart_has_does_not_pass(bpm: float) -> None:
    samples = fed(EventFeed(Signal.HR, "x", ignore), 1.0, [60.0, bpm, 61.0], [0.5, 0.6, 0.7])
    (chunk,) = [s for s in samples if isinstance(s, Chunk)]
    assert chunk.values[:, 0].tolist() == [60.0, 61.0]


@pytest.mark.parametrize(("declared_hz", "sent_hz"), [(250.0, 25.0), (55.0, 32.0), (4.0, 15.0)])
def test_a_rate_that_was_promised_wrongly_is_measured_and_said(
    declared_hz: float, sent_hz: float
) -> None:
    counted: list[str] = []
    feed = RegularFeed(
        Signal.PPG, "x", lambda kind, _: counted.append(kind), declared_hz, hole_s=0.25
    )
    late: list[Chunk | Gap] = []
    for k in range(int(30 * sent_hz)):
        now_s = k / sent_hz
        samples = fed(feed, now_s, [float(k)], [now_s])
        late += samples if now_s > 15.0 else []
    assert not [s for s in late if isinstance(s, Gap)]
    (rate_hz,) = {s.rate_hz for s in late if isinstance(s, Chunk)}
    assert rate_hz == pytest.approx(sent_hz, rel=0.05)
    assert feed.doubt
    assert f"promised {declared_hz:g}" in feed.doubt.sentence
    assert counted.count("wrong rate") == 1


def test_losses_do_not_make_another_rate() -> None:
    feed = RegularFeed(Signal.PPG, "x", ignore, 50.0, hole_s=0.25)
    for k in range(3000):
        if k % 10:
            fed(feed, k / 50.0, [float(k)], [k / 50.0])
    assert feed.doubt is None


def test_intervals_of_a_network_are_held_against_the_time_that_passes() -> None:
    counted: list[str] = []
    feed = ArrivalBeatFeed("x", lambda kind, _: counted.append(kind))
    for k in range(40):
        for _ in range(2):
            fed(feed, float(k), [0.9 + 0.02 * (k % 5)], [float(k)])
    assert feed.doubt
    assert feed.doubt.trust == 0.0
    assert "contradictory" in counted
