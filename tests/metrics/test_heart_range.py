"""Regular intervals from 25 to 240 a minute are a heart, on every way from beat to stop rule."""

import numpy as np
import pytest

from biofeedback.config.loader import load
from biofeedback.control.base import Decision
from biofeedback.engine.factory import core_for
from biofeedback.engine.inputs import Tick
from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.metrics.base import Reading
from biofeedback.metrics.beats import BeatCleaner
from sensors.files.beats import from_intervals
from sensors.signals import Chunk, Gap, Signal
from sensors.timing.beat_timeline import BeatTimeline

RATES_BPM = (25.0, 28.0, 120.0, 190.0, 205.0, 240.0)
OUTSIDE_BPM = (25.0, 205.0, 240.0)


def regular_s(bpm: float, seconds: float, seed: int = 1) -> np.ndarray:
    """Return intervals of one rate that vary by 1 %, in ticks of a strap."""
    count = int(seconds * bpm / 60.0)
    rr_s = 60.0 / bpm * (1.0 + 0.01 * np.random.default_rng(seed).standard_normal(count))
    return np.round(rr_s * 1024) / 1024


def beats_at(times_s: np.ndarray, rr_s: np.ndarray, start_s: float, end_s: float) -> list[Chunk]:
    inside = (times_s > start_s) & (times_s <= end_s)
    if not inside.any():
        return []
    return [Chunk.events(Signal.RR, "strap", times_s[inside].tolist(), rr_s[inside].tolist())]


def heart_rates(chunks: list[list[Chunk]]) -> list[Reading]:
    """Return the heart rate after each second."""
    bank, found = MetricBank(MetricSettings()), []
    for second, arrived in enumerate(chunks):
        for chunk in arrived:
            bank.feed(chunk)
        reading = next(r for r in bank.read(second + 1.0) if r.name == "heart_rate")
        found.append(reading)
    return found


def share_right(found: list[Reading], bpm: float) -> float:
    right = [
        r.value is not None and abs(r.value / bpm - 1.0) < 0.05 and r.quality >= 0.5 for r in found
    ]
    return sum(right) / len(right)


@pytest.mark.parametrize("bpm", RATES_BPM)
@pytest.mark.parametrize("before_bpm", [None, 75.0])
def test_a_regular_heart_is_read_from_its_intervals(bpm: float, before_bpm: float | None) -> None:
    rr_s = regular_s(bpm, 90.0)
    if before_bpm is not None:
        rr_s = np.concatenate((regular_s(before_bpm, 60.0, seed=2), rr_s))
    times_s = np.cumsum(rr_s)
    found = heart_rates([beats_at(times_s, rr_s, k, k + 1) for k in range(int(times_s[-1]))])
    assert share_right(found[-65:], bpm) > 0.6


def ecg(times_s: np.ndarray, beats_s: np.ndarray) -> np.ndarray:
    wave = np.zeros_like(times_s)
    for beat_s, rr_s in zip(beats_s, np.diff(beats_s, prepend=beats_s[0] - 0.8), strict=True):
        wave += np.exp(-(((times_s - beat_s) / 0.012) ** 2) / 2)
        t_wave_s = 0.3 * np.sqrt(min(rr_s, 1.2))
        wave += 0.25 * np.exp(-(((times_s - beat_s - t_wave_s) / 0.04) ** 2) / 2)
    return wave


def ppg(times_s: np.ndarray, beats_s: np.ndarray) -> np.ndarray:
    wave = np.zeros_like(times_s)
    for beat_s, rr_s in zip(beats_s, np.diff(beats_s, prepend=beats_s[0] - 0.8), strict=True):
        wide = np.sqrt(min(rr_s, 1.0))
        for later_s, height in ((0.15, 1.0), (0.15 + 0.3 * wide, 0.4)):
            wave += height * np.exp(-(((times_s - beat_s - later_s) / (0.1 * wide)) ** 2) / 2)
    return wave


@pytest.mark.slow
@pytest.mark.parametrize("bpm", RATES_BPM)
@pytest.mark.parametrize(("signal", "rate_hz"), [(Signal.ECG, 130.0), (Signal.PPG, 64.0)])
def test_a_regular_heart_is_read_from_its_waves(signal: Signal, rate_hz: float, bpm: float) -> None:
    beats_s = np.cumsum(regular_s(bpm, 80.0))
    times_s = np.arange(int(75 * rate_hz)) / rate_hz
    wave = (ecg if signal is Signal.ECG else ppg)(times_s, beats_s)
    wave += 0.02 * np.random.default_rng(3).standard_normal(len(wave))
    cut = np.split(wave[:, None], np.round(np.arange(1, 75) * rate_hz).astype(int))
    starts = np.concatenate(([0], np.round(np.arange(1, 75) * rate_hz))) / rate_hz
    chunks = [
        [Chunk.regular(signal, "band", float(start_s), rate_hz, piece)]
        for start_s, piece in zip(starts, cut, strict=True)
    ]
    assert share_right(heart_rates(chunks)[15:], bpm) > 0.6


@pytest.mark.parametrize("bpm", [25.0, 205.0, 240.0])
def test_a_device_that_computes_its_own_rate_is_believed_that_far(bpm: float) -> None:
    rates = bpm + np.arange(30) % 2
    chunks = [[Chunk.events(Signal.HR, "watch", [k + 0.5], [rate])] for k, rate in enumerate(rates)]
    assert heart_rates(chunks)[-1].value == pytest.approx(bpm, abs=1.0)


@pytest.mark.parametrize("bpm", RATES_BPM)
def test_neither_file_nor_strap_drops_a_regular_heart(bpm: float) -> None:
    rr_s = regular_s(bpm, 60.0)
    chunk, gaps = from_intervals(rr_s, "file")
    assert len(chunk) == len(rr_s)
    assert not gaps
    timeline, beats, sent = BeatTimeline("strap"), 0, 0
    for second in range(1, 60):
        last = int((np.cumsum(rr_s) <= second).sum())
        ticks = [round(1024 * rr) for rr in rr_s[sent:last]]
        for sample in timeline.feed(second + 0.1, ticks):
            assert not isinstance(sample, Gap)
            beats += len(sample)
        sent = last
    assert beats == sent


def decisions(rr_s: np.ndarray) -> list[Decision]:
    core = core_for(load(), 1, {})
    times_s, found, seq = np.cumsum(rr_s), [], 0
    for index in range(2 * int(times_s[-1])):
        for item in (*beats_at(times_s, rr_s, (index - 1) / 2, index / 2), Tick(index)):
            derived = core.feed(seq, index / 2, item)
            found += [d for d in derived if isinstance(d, Decision)]
            seq += 1
    return found


@pytest.mark.slow
@pytest.mark.parametrize("bpm", OUTSIDE_BPM)
def test_a_regular_heart_outside_its_limits_stops_the_music(bpm: float) -> None:
    rr_s = np.concatenate((regular_s(72.0, 240.0), regular_s(bpm, 75.0, seed=2)))
    found = decisions(rr_s)
    spoke_s = [d.time_s for d in found if d.cause == "stop:heart_rate"]
    assert 260.0 <= spoke_s[0] <= 290.0
    assert found[-1].cause == "stop:heart_rate"
    assert f"Heart rate {round(bpm)}"[:12] in found[-1].why


def spoilt(rr_s: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Return intervals with a share of the beats missed, doubled or early."""
    rng, result, index = np.random.default_rng(seed), [], 0
    while index < len(rr_s) - 1:
        kind, here = rng.random() / share, float(rr_s[index])
        if kind < 1 / 3:
            result.append(here + float(rr_s[index + 1]))
            index += 1
        elif kind < 2 / 3:
            part = rng.uniform(0.2, 0.8)
            result += [here * part, here * (1 - part)]
        elif kind < 1.0:
            early = here * rng.uniform(0.25, 0.4)
            result += [here - early, float(rr_s[index + 1]) + early]
            index += 1
        else:
            result.append(here)
        index += 1
    return np.array(result)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.05, 0.1])
@pytest.mark.parametrize("bpm", [55.0, 130.0])
def test_artefacts_never_fool_the_heart_rate_rule(bpm: float, share: float) -> None:
    found = decisions(spoilt(regular_s(bpm, 300.0), share, seed=round(bpm)))
    assert not [d for d in found if d.cause == "stop:heart_rate"]


@pytest.mark.parametrize(("rr_ms", "kept"), [(1200.0, 2400.0), (560.0, 280.0)])
def test_beyond_the_usual_limits_a_lone_interval_is_a_fault_of_detection(
    rr_ms: float, kept: float
) -> None:
    cleaner, time_s, verdicts = BeatCleaner(), 0.0, []
    odd = [kept] if kept > rr_ms else [kept, kept]
    for value in [*[rr_ms] * 20, *odd, *[rr_ms] * 20]:
        time_s += value / 1000.0
        verdicts += [(beat.rr_ms, beat.verdict) for beat in cleaner.feed(time_s, value)]
    assert {rr for rr, verdict in verdicts if verdict == "normal"} == {rr_ms}


def test_the_first_interval_counts_beyond_the_usual_limits_only_next_to_one_like_it() -> None:
    for following, verdict in ((950.0, "implausible"), (2350.0, "normal")):
        cleaner = BeatCleaner()
        cleaner.feed(2.4, 2400.0)
        (beat,) = cleaner.feed(2.4 + following / 1000.0, following)
        assert beat.verdict == verdict


@pytest.mark.parametrize("bpm", [25.0, 160.0, 205.0, 240.0])
def test_a_heart_that_beats_exactly_evenly_stops_the_music_all_the_same(bpm: float) -> None:
    rest = regular_s(75.0, 30.0)
    even = np.full(int(60.0 * bpm / 60.0), 60.0 / bpm)
    assert decisions(np.concatenate([rest, even]))[-1].cause == "stop:heart_rate"


def test_even_intervals_beside_a_rate_that_varies_give_way_to_it() -> None:
    chunks = []
    for k in range(150):
        rr = Chunk.events(Signal.RR, "strap", [k + 0.25], [0.75])
        hr = Chunk.events(Signal.HR, "strap", [k + 0.5], [165.0 + k % 7])
        chunks.append([rr, hr])
    found = heart_rates(chunks)[-60:]
    assert {reading.value for reading in found} <= set(165.0 + np.arange(7.0))
    assert min(reading.quality for reading in found) >= 0.5


def test_a_device_that_is_stuck_is_believed_for_two_minutes_and_no_longer() -> None:
    times_s, rr_s = np.arange(1.0, 301.0), np.ones(300)
    found = heart_rates([beats_at(times_s, rr_s, float(s), s + 1.0) for s in range(300)])
    assert found[100].quality == pytest.approx(0.6, abs=0.05)
    assert found[-1].quality == 0.0
