"""What every sensor promises.

One that runs in virtual time is read for a minute of it, any other for some seconds of ours: its
device, or what stands in for it, has to be there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing

import numpy as np
import pytest

from biofeedback.app.registry import SensorOptions, sensor
from biofeedback.common.clock import run_live, run_virtual
from biofeedback.runtime.ports import SensorSource
from biofeedback.simulation.model.music_features import MusicMonitor
from sensors.base import Clock, Sample, SampleStream, SensorStatus
from sensors.errors import SensorError
from sensors.signals import Chunk, Gap, Signal

KIND = "sensor"
VIRTUAL_S, LIVE_S = 60.0, 5.0
Source = Callable[[Clock], SampleStream]
Timed = list[tuple[float, Sample]]


@pytest.fixture
def named(part: str) -> SensorSource:
    return sensor(part, SensorOptions())


@pytest.fixture
def timeless(named: SensorSource) -> bool:
    return named.timeless


@pytest.fixture
def source(named: SensorSource) -> Source:
    return lambda clock: named.opened(clock, MusicMonitor())


@pytest.fixture
def collect(source: Source, timeless: bool) -> Callable[..., Timed]:
    """Return what reads the samples with the times at which they came, and closes then."""

    async def main(until: int | None) -> Timed:
        clock = asyncio.get_running_loop().time
        end_s = clock() + (VIRTUAL_S if timeless else LIVE_S)
        taken: Timed = []
        async with aclosing(source(_from_zero(clock))) as stream:
            async for sample in stream:
                taken.append((clock() - end_s + (VIRTUAL_S if timeless else LIVE_S), sample))
                if len(taken) == until or clock() >= end_s:
                    break
        return taken

    run = run_virtual if timeless else run_live
    return lambda until=None: run(lambda: main(until))


def _from_zero(clock: Clock) -> Clock:
    start_s = clock()
    return lambda: clock() - start_s


def test_a_status_comes_first_and_says_how_it_goes(collect: Callable[..., Timed]) -> None:
    _, first = collect(1)[0]
    assert isinstance(first, SensorStatus)
    assert first.state in ("searching", "connecting", "streaming")


def test_times_never_go_backwards_within_a_signal(collect: Callable[..., Timed]) -> None:
    latest: dict[tuple[Signal, str], float] = {}
    for _, sample in collect():
        if isinstance(sample, Chunk):
            assert len(sample) > 0
            key = (sample.signal, sample.source)
            assert sample.times_s[0] >= latest.get(key, 0.0)
            assert (np.diff(sample.times_s) >= 0.0).all()
            latest[key] = float(sample.times_s[-1])


def test_values_are_finite(collect: Callable[..., Timed]) -> None:
    for _, sample in collect():
        if isinstance(sample, Chunk):
            assert np.isfinite(sample.times_s).all()
            assert np.isfinite(sample.values).all()


def test_nothing_comes_before_it_happened(collect: Callable[..., Timed]) -> None:
    for now_s, sample in collect():
        if isinstance(sample, Chunk):
            assert sample.times_s[-1] <= now_s + 1e-6
        elif isinstance(sample, Gap):
            assert sample.start_s <= sample.end_s <= now_s + 1e-6
        else:
            assert sample.time_s <= now_s + 1e-6


def test_a_gap_stands_between_the_samples_before_it_and_after_it(
    collect: Callable[..., Timed],
) -> None:
    latest: dict[Signal, float] = {}
    for _, sample in collect():
        if isinstance(sample, Gap):
            assert latest.get(sample.signal, 0.0) <= sample.start_s + 1e-9
            latest[sample.signal] = sample.end_s
        elif isinstance(sample, Chunk):
            begins = sample.times_s[0]
            if sample.rate_hz is None and sample.signal is Signal.RR:
                assert begins >= latest.get(sample.signal, 0.0) - 1e-9
            latest[sample.signal] = float(sample.times_s[-1])


def test_the_first_time_and_the_rate_reproduce_a_regular_chunk_exactly(
    collect: Callable[..., Timed],
) -> None:
    for _, sample in collect():
        if isinstance(sample, Chunk) and sample.rate_hz is not None:
            again = sample.times_s[0] + np.arange(len(sample)) / sample.rate_hz
            assert np.array_equal(again, sample.times_s)


def test_equal_settings_give_an_equal_stream(collect: Callable[..., Timed], timeless: bool) -> None:
    if timeless:
        assert collect() == collect()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_closing_early_ends_the_stream(source: Source, timeless: bool, count: int) -> None:
    async def main() -> None:
        stream = source(_from_zero(asyncio.get_running_loop().time))
        async for _ in stream:
            count_left.pop()
            if not count_left:
                break
        await stream.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(stream)

    count_left = list(range(count))
    (run_virtual if timeless else run_live)(main)


def test_cancelling_the_reader_ends_the_stream(source: Source, timeless: bool) -> None:
    async def main() -> str:
        stream = source(_from_zero(asyncio.get_running_loop().time))

        async def reader() -> None:
            async for _ in stream:
                await asyncio.sleep(0.5)

        async with asyncio.TaskGroup() as group:
            task = group.create_task(reader())
            await asyncio.sleep(0.75)
            task.cancel()
        await stream.aclose()
        return "closed"

    assert (run_virtual if timeless else run_live)(main) == "closed"


def test_a_target_without_sense_is_refused_with_a_hint_or_taken(part: str) -> None:
    """Nothing but `SensorError` comes of what a person may type."""
    kind = part.partition(":")[0]
    for target in ("", "?", "?x=1", "no such thing", "0", "\N{SNOWMAN}" * 99):
        refused = _refusal(f"{kind}:{target}")
        assert refused is None or refused.hint


def _refusal(uri: str) -> SensorError | None:
    try:
        sensor(uri, SensorOptions())
    except SensorError as error:
        return error
    return None
