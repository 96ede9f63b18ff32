"""Frames of a waveform on a device's clock, with a rate that is not quite the promised one."""

from itertools import pairwise
from random import Random

import numpy as np
import pytest

from sensors.signals import Chunk, Gap, Signal
from sensors.timing.device_clock import DeviceClock
from sensors.timing.wave_timeline import WaveTimeline

BOOT_S = 599616000.0  #: 2019-01-01 on a clock that counts from 2000-01-01
LATENCY_S = 0.03


class Device:
    """An ECG of 73 samples a frame, whose sample k has the value k."""

    def __init__(self, seconds: float, *, true_hz: float, ppm: float = 0.0, seed: int = 1):
        rng = Random(seed)
        self.frames: list[tuple[float, float, np.ndarray]] = []
        self.true_hz = true_hz
        for last in range(73, int(seconds * true_hz), 73):
            true_s = last / true_hz
            arrival_s = true_s + LATENCY_S + abs(rng.gauss(0.0, 0.03))
            device_s = BOOT_S + true_s * (1 + ppm * 1e-6)
            values = np.arange(last - 72, last + 1, dtype=np.float64).reshape(-1, 1)
            self.frames.append((arrival_s, device_s, values))


def play(
    frames: list[tuple[float, float, np.ndarray]], timeline: WaveTimeline | None = None
) -> tuple[list[Chunk], list[Gap]]:
    timeline = timeline or WaveTimeline(Signal.ECG, "h10", 130.0, DeviceClock())
    samples = [sample for frame in frames for sample in timeline.feed(*frame)]
    chunks = [sample for sample in samples if isinstance(sample, Chunk)]
    return chunks, [sample for sample in samples if isinstance(sample, Gap)]


@pytest.mark.parametrize("true_hz", [128.0, 129.9, 131.0])
@pytest.mark.parametrize("ppm", [-80.0, 80.0])
def test_every_sample_stands_where_it_was_taken(true_hz: float, ppm: float) -> None:
    device = Device(900, true_hz=true_hz, ppm=ppm)
    chunks, gaps = play(device.frames)
    assert gaps == []
    assert sum(map(len, chunks)) == 73 * len(device.frames)
    settled = chunks[40:]
    times_s = np.concatenate([chunk.times_s for chunk in settled])
    true_s = np.concatenate([chunk.values[:, 0] for chunk in settled]) / true_hz
    error_s = times_s - true_s - LATENCY_S
    assert np.abs(error_s).max() < 0.02
    assert np.std(error_s) < 0.006


def test_chunks_join_within_a_sample_and_never_turn_back() -> None:
    chunks, _ = play(Device(300, true_hz=128.5).frames)
    for before, after in pairwise(chunks):
        step_s = after.times_s[0] - before.times_s[-1]
        assert 0.0 <= step_s <= 2.0 / 128.0
    assert len({chunk.rate_hz for chunk in chunks}) == 2  # as promised, then as measured


def test_the_first_time_and_the_rate_reproduce_a_chunk_exactly() -> None:
    for chunk in play(Device(30, true_hz=129.0).frames)[0]:
        assert chunk.rate_hz
        again = Chunk.regular(chunk.signal, "h10", chunk.times_s[0], chunk.rate_hz, chunk.values)
        assert np.array_equal(again.times_s, chunk.times_s)


def test_device_times_follow_the_frames() -> None:
    chunks, _ = play(Device(30, true_hz=129.0).frames)
    for chunk in chunks[1:]:
        assert chunk.device_times_s is not None
        assert np.allclose(chunk.device_times_s - BOOT_S, chunk.values[:, 0] / 129.0, atol=1e-6)


def test_every_lost_frame_is_a_gap_and_nothing_else_is() -> None:
    device = Device(600, true_hz=129.5)
    rng = Random(5)
    kept = [frame for frame in device.frames[1:-1] if rng.random() > 0.02]
    chunks, gaps = play(kept)
    holes = [
        (before.values[-1, 0], after.values[0, 0])
        for before, after in pairwise(chunks)
        if after.values[0, 0] != before.values[-1, 0] + 1
    ]
    assert len(holes) > 10
    assert len(gaps) == len(holes)
    for gap, (last, first) in zip(gaps, holes, strict=True):
        assert gap.reason == "link"
        # the settling of the first seconds included
        assert gap.start_s == pytest.approx(last / 129.5 + LATENCY_S, abs=0.08)
        assert gap.end_s == pytest.approx(first / 129.5 + LATENCY_S, abs=0.08)


def test_a_restarted_device_is_a_gap_by_its_clock() -> None:
    first, again = Device(20, true_hz=130.0), Device(20, true_hz=130.0)
    later = [(arrival_s + 40.0, device_s + 5.0, v) for arrival_s, device_s, v in again.frames]
    chunks, (gap,) = play([*first.frames, *later])
    assert gap.reason == "clock"
    assert gap.end_s == pytest.approx(40.0, abs=0.2)
    assert chunks[-1].times_s[-1] <= later[-1][0] + 1e-6


def test_the_reason_that_was_told_is_the_reason_of_the_gap() -> None:
    timeline = WaveTimeline(Signal.ECG, "h10", 130.0, DeviceClock())
    frames = Device(20, true_hz=130.0).frames
    play(frames[:10], timeline)
    timeline.interrupt("stall")
    timeline.interrupt("link")
    _, (gap,) = play(frames[12:], timeline)
    assert gap.reason == "stall"


def test_nothing_before_the_first_frame_is_a_gap() -> None:
    timeline = WaveTimeline(Signal.ECG, "h10", 130.0, DeviceClock())
    timeline.interrupt("link")
    assert timeline.feed(1.0, BOOT_S, np.zeros((0, 1))) == []
    assert play(Device(5, true_hz=130.0).frames, timeline)[1] == []


def test_a_rate_that_was_promised_wrongly_is_measured_from_the_frames() -> None:
    timeline = WaveTimeline(Signal.PPG, "x", 55.0, DeviceClock())
    late: list[Chunk | Gap] = []
    for k in range(1, 41):
        samples = timeline.feed(k + 0.05, float(k), np.zeros((32, 1)))
        late += samples if k > 15 else []
    assert timeline.meter.is_off
    assert not [s for s in late if isinstance(s, Gap)]
    (rate_hz,) = {s.rate_hz for s in late if isinstance(s, Chunk)}
    assert rate_hz == pytest.approx(32.0, rel=0.01)


def test_lost_frames_make_no_other_rate() -> None:
    timeline = WaveTimeline(Signal.PPG, "x", 55.0, DeviceClock())
    for k in range(1, 200):
        if k % 4:
            timeline.feed(k + 0.05, float(k), np.zeros((55, 1)))
    assert not timeline.meter.is_off
