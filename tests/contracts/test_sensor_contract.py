"""What every sensor promises, checked for all kinds that run without a device."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest
from rigs.recording_files import FORMATS

from biofeedback.common.clock import run_virtual
from sensors.base import Clock, Sample, SampleStream, SensorStatus
from sensors.errors import SensorError
from sensors.files import read
from sensors.files.replay import play
from sensors.signals import Chunk, Gap, Signal
from sensors.simulated import simulated_sensor

Source = Callable[[Clock], SampleStream]

BODIES = {
    "sim:": simulated_sensor.SimulatedSettings(duration_s=60),
    "sim:artefacts": simulated_sensor.SimulatedSettings(
        duration_s=60, artefact_share=0.2, profile="stress"
    ),
    "sim:dropouts": simulated_sensor.SimulatedSettings(
        duration_s=120, dropouts_per_hour=200, dropout_s=3
    ),
    "sim:nothing": simulated_sensor.SimulatedSettings(duration_s=0),
}
KINDS = [*BODIES, *(f"file:{name}" for name in FORMATS)]


def test_every_module_that_offers_a_stream_is_covered_here_or_by_its_rig() -> None:
    folder = Path(simulated_sensor.__file__).parents[1]
    offering = {p.stem for p in folder.rglob("*.py") if "\nasync def stream(" in p.read_text()}
    assert offering == {"bands", "e4_server", "lsl", "osc", "simulated_sensor", "strap"}


@pytest.fixture(params=KINDS)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    kind, _, name = request.param.partition(":")
    if kind == "sim":
        return lambda clock: simulated_sensor.stream(BODIES[request.param], clock)
    path = FORMATS[name](tmp_path / name)
    return lambda clock: play(read(path), clock)


def collect(source: Source, *, until: int | None = None) -> list[tuple[float, Sample]]:
    """Return the samples with the times at which they came; close after `until` of them."""

    async def main() -> list[tuple[float, Sample]]:
        clock = asyncio.get_running_loop().time
        taken: list[tuple[float, Sample]] = []
        async with aclosing(source(clock)) as stream:
            async for sample in stream:
                taken.append((clock(), sample))
                if len(taken) == until:
                    break
        return taken

    return run_virtual(main)


def test_a_status_comes_first_and_says_that_it_streams(source: Source) -> None:
    _, first = collect(source, until=1)[0]
    assert isinstance(first, SensorStatus)
    assert first.state == "streaming"


def test_the_last_word_of_a_finite_source_is_that_it_ended(source: Source) -> None:
    _, last = collect(source)[-1]
    assert isinstance(last, SensorStatus)
    assert last.state == "ended"


def test_times_never_go_backwards_within_a_signal(source: Source) -> None:
    latest: dict[tuple[Signal, str], float] = {}
    for _, sample in collect(source):
        if isinstance(sample, Chunk):
            assert len(sample) > 0
            key = (sample.signal, sample.source)
            assert sample.times_s[0] >= latest.get(key, 0.0)
            assert (np.diff(sample.times_s) >= 0.0).all()
            latest[key] = float(sample.times_s[-1])


def test_values_are_finite(source: Source) -> None:
    for _, sample in collect(source):
        if isinstance(sample, Chunk):
            assert np.isfinite(sample.times_s).all()
            assert np.isfinite(sample.values).all()


def test_nothing_comes_before_it_happened(source: Source) -> None:
    for now_s, sample in collect(source):
        if isinstance(sample, Chunk):
            assert sample.times_s[-1] <= now_s + 1e-6
        elif isinstance(sample, Gap):
            assert sample.start_s <= sample.end_s <= now_s + 1e-6
        else:
            assert sample.time_s <= now_s


def test_a_gap_stands_between_the_samples_before_it_and_after_it(source: Source) -> None:
    latest: dict[Signal, float] = {}
    for _, sample in collect(source):
        if isinstance(sample, Gap):
            assert latest.get(sample.signal, 0.0) <= sample.start_s + 1e-9
            latest[sample.signal] = sample.end_s
        elif isinstance(sample, Chunk):
            begins = sample.times_s[0]
            if sample.rate_hz is None and sample.signal is Signal.RR:
                assert begins >= latest.get(sample.signal, 0.0) - 1e-9
            latest[sample.signal] = float(sample.times_s[-1])


def test_the_first_time_and_the_rate_reproduce_a_regular_chunk_exactly(source: Source) -> None:
    for _, sample in collect(source):
        if isinstance(sample, Chunk) and sample.rate_hz is not None:
            again = sample.times_s[0] + np.arange(len(sample)) / sample.rate_hz
            assert np.array_equal(again, sample.times_s)


@pytest.mark.slow
def test_equal_settings_give_an_equal_stream(source: Source) -> None:
    assert collect(source) == collect(source)


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2, 5])
def test_closing_early_ends_the_stream(source: Source, count: int) -> None:
    async def main() -> None:
        stream = source(asyncio.get_running_loop().time)
        async for _ in stream:
            count_left.pop()
            if not count_left:
                break
        await stream.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(stream)

    count_left = list(range(count))
    run_virtual(main)


def test_cancelling_the_reader_ends_the_stream(source: Source) -> None:
    async def main() -> str:
        stream = source(asyncio.get_running_loop().time)

        async def reader() -> None:
            async for _ in stream:
                await asyncio.sleep(0.5)

        task = asyncio.create_task(reader())
        await asyncio.sleep(0.75)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await stream.aclose()
        return "closed"

    assert run_virtual(main) == "closed"


def test_errors_of_sensors_carry_a_hint() -> None:
    assert SensorError("what", hint="do this").hint == "do this"
