"""The E4 streaming server's wristband, through a server that speaks its protocol."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rigs.e4_server import E4Server, serving

from sensors.base import Sample, SensorStatus
from sensors.errors import PacketError, SensorNotFound, SettingsError
from sensors.network.e4_lines import (
    E4Answer,
    E4Battery,
    E4DeviceLost,
    E4Sample,
    LineSplitter,
    parse,
)
from sensors.network.e4_server import E4ServerSettings, stream
from sensors.signals import Chunk, Gap, Signal

Act = Callable[[E4Server], Awaitable[None]]


async def heard(server: E4Server, seconds: float, act: Act, options: str = "") -> list[Sample]:
    """Return what the sensor yields within that time of its first subscription.

    `act` happens to the server from then on: a busy machine may take its time until there.
    """
    loop = asyncio.get_running_loop()
    began_s = loop.time()

    def clock() -> float:
        return loop.time() - began_s

    async with serving(server):
        settings = E4ServerSettings.parse(f"127.0.0.1:{server.port}{options}", wait_s=3.0)
        samples: list[Sample] = []
        async with aclosing(stream(settings, clock)) as sensor:
            try:
                async with asyncio.timeout(30.0) as limit:
                    acting = asyncio.ensure_future(begun(server, act, seconds, limit))
                    async for sample in sensor:
                        now_s = clock()
                        assert not isinstance(sample, Chunk) or sample.times_s[-1] <= now_s + 0.001
                        samples.append(sample)
            except TimeoutError:
                pass
        await acting
    return samples


async def begun(server: E4Server, act: Act, seconds: float, limit: asyncio.Timeout) -> None:
    await server.subscribed.wait()
    limit.reschedule(asyncio.get_running_loop().time() + seconds)
    await act(server)


def series(samples: list[Sample], signal: Signal) -> tuple[np.ndarray, np.ndarray]:
    chunks = [s for s in samples if isinstance(s, Chunk) and s.signal is signal]
    return np.concatenate([c.times_s for c in chunks]), np.concatenate([c.values for c in chunks])


def states(samples: list[Sample]) -> list[str]:
    return [s.state for s in samples if isinstance(s, SensorStatus)]


async def nothing(server: E4Server) -> None:
    pass


async def drop(server: E4Server) -> None:
    await asyncio.sleep(1.6)
    server.drop()


async def lose_device(server: E4Server) -> None:
    await asyncio.sleep(1.6)
    server.devices.append("another")
    server.say("R connection lost to device 9ff167")


async def flood(server: E4Server) -> None:
    await asyncio.sleep(0.6)
    for line in ("E4_Gsr nan nan", "E4_Gsr 1", "E4_Ibi x y", "\x00\xff", "x" * 9000, "R"):
        server.say(line)


async def silence(server: E4Server) -> None:
    await asyncio.sleep(1.0)
    server.silent = True


async def restart(server: E4Server) -> None:
    await asyncio.sleep(1.2)
    await server.stop()
    await asyncio.sleep(1.0)
    await server.start(server.port)


CASES: dict[str, tuple[E4Server, float, Act, str]] = {
    "plain": (E4Server(), 3.2, nothing, ""),
    "comma": (E4Server(comma=True, cut=1000), 1.5, nothing, "?signals=eda"),
    "drop": (E4Server(), 9.0, drop, ""),
    "lost": (E4Server(), 9.0, lose_device, ""),
    "flood": (E4Server(cut=3), 2.0, flood, "?device=9f"),
    "restart": (E4Server(), 10.0, restart, ""),
    "silent": (E4Server(), 10.0, silence, ""),
}


#: By how much this machine woke a bystander too late: so far the rig itself cannot tell.
LATEST_S = [0.0]


async def stand_by() -> None:
    loop = asyncio.get_running_loop()
    while True:
        due_s = loop.time() + 0.02
        await asyncio.sleep(0.02)
        LATEST_S[0] = max(LATEST_S[0], loop.time() - due_s)


@pytest.fixture(scope="module")
def runs() -> dict[str, list[Sample]]:
    """What came in each case; all of them at once, for they only wait."""

    async def main() -> dict[str, list[Sample]]:
        bystander = asyncio.ensure_future(stand_by())
        came = await asyncio.gather(*(heard(*c) for c in CASES.values()))
        bystander.cancel()
        return dict(zip(CASES, came, strict=True))

    return asyncio.run(main())


@pytest.mark.slow
def test_all_signals_come_in_our_units(runs: dict[str, list[Sample]]) -> None:
    samples = runs["plain"]
    assert states(samples)[:3] == ["searching", "connecting", "streaming"]
    assert not [s for s in samples if isinstance(s, Gap)]
    assert [s.battery_percent for s in samples if isinstance(s, SensorStatus)][-1] == 83
    assert series(samples, Signal.ACC)[1].tolist()[0] == [0.0, 1.0, -0.5]
    assert set(series(samples, Signal.RR)[1][:, 0]) == {1.0}
    assert set(series(samples, Signal.HR)[1][:, 0]) == {60.0}
    assert {c.rate_hz for c in samples if isinstance(c, Chunk)} == {4.0, 32.0, 64.0, None}


@pytest.mark.slow
def test_every_sample_of_the_skin_comes_once_on_an_even_grid(runs: dict[str, list[Sample]]) -> None:
    times_s, values = series(runs["plain"], Signal.EDA)
    assert len(values) >= 10
    assert np.diff(values[:, 0]).tolist() == [1.0] * (len(values) - 1)
    assert np.abs(np.diff(times_s) - 0.25).max() < 0.0626


@pytest.mark.slow
def test_a_decimal_comma_is_read_and_only_what_was_asked_for_comes(
    runs: dict[str, list[Sample]],
) -> None:
    assert {s.signal for s in runs["comma"] if isinstance(s, Chunk)} == {Signal.EDA}
    assert "device_subscribe bvp ON" not in CASES["comma"][0].heard
    assert len(series(runs["comma"], Signal.EDA)[1]) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("case", ["drop", "lost", "restart"])
def test_a_lost_link_is_found_again_and_its_gap_covers_what_was_lost(
    runs: dict[str, list[Sample]], case: str
) -> None:
    samples = runs[case]
    assert states(samples)[-1] == "streaming"
    assert "lost" in states(samples)
    gaps = [s for s in samples if isinstance(s, Gap)]
    every = (Signal.EDA, Signal.RR, Signal.HR, Signal.TEMP, Signal.PPG, Signal.ACC)
    assert {(gap.signal, gap.reason) for gap in gaps} == {(signal, "link") for signal in every}
    (gap,) = [gap for gap in gaps if gap.signal is Signal.EDA]
    times_s, values = series(samples, Signal.EDA)
    (place,) = np.flatnonzero(np.diff(values[:, 0]) > 1.5)
    assert (gap.start_s, gap.end_s) == (times_s[place], times_s[place + 1])
    beats_s, _ = series(samples, Signal.RR)
    assert (np.diff(beats_s) >= 0.0).all()
    # The wristband's clock went on: the gap is as long as what is missing.
    missing = values[place + 1, 0] - values[place, 0]
    assert gap.end_s - gap.start_s == pytest.approx(missing / 4, abs=0.1 + LATEST_S[0])


@pytest.mark.slow
def test_damaged_lines_are_left_out_and_counted(runs: dict[str, list[Sample]]) -> None:
    told = [sample.bad for sample in runs["flood"] if isinstance(sample, SensorStatus)][-1]
    assert told.keys() & {"unreadable text", "unknown type"}
    times_s, values = series(runs["flood"], Signal.EDA)
    assert np.isfinite(values).all()
    assert np.isfinite(times_s).all()
    assert states(runs["flood"])[-1] == "streaming"
    assert len(values) >= 5


@pytest.mark.slow
def test_the_wristband_is_released_at_the_end(runs: dict[str, list[Sample]]) -> None:
    assert CASES["plain"][0].heard[-1] == "device_disconnect"


def test_a_server_or_wristband_that_is_not_there_is_the_users_mistake() -> None:
    async def main() -> list[str]:
        clock = asyncio.get_running_loop().time
        errors = []
        async with (
            serving(E4Server(devices=[])) as empty,
            serving(E4Server(devices=["a", "b"])) as two,
        ):
            targets = ("127.0.0.1:9", f"127.0.0.1:{empty.port}", f"127.0.0.1:{two.port}")
            for target in targets:
                with pytest.raises(SensorNotFound) as caught:
                    async for _ in stream(E4ServerSettings.parse(target, wait_s=0.4), clock):
                        pass
                assert caught.value.hint
                errors.append(str(caught.value))
        return errors

    nobody, empty, two = asyncio.run(main())
    assert "not found within 0.4 s" in nobody
    assert "no such wristband" in empty
    assert "a, b" in two


@pytest.mark.slow
def test_a_silent_wristband_is_lost_after_five_seconds(runs: dict[str, list[Sample]]) -> None:
    lost = [s for s in runs["silent"] if isinstance(s, SensorStatus) and s.state == "lost"]
    assert [s.detail for s in lost] == ["The wristband went silent. Connecting again."]
    assert lost[0].time_s == pytest.approx(6.0, abs=0.5)


@pytest.mark.parametrize(
    "target", ["", "host", "host:0", "h:1?signals=ecg", "h:1?what=1", "h:1?device="]
)
def test_an_address_without_sense_is_refused_with_a_hint(target: str) -> None:
    with pytest.raises(SettingsError) as caught:
        E4ServerSettings.parse(target)
    assert caught.value.hint


def test_lines_mean_what_the_vendor_says() -> None:
    assert parse("E4_Gsr 123345627891.123 3.129") == E4Sample(
        Signal.EDA, 123345627891.123, (3.129,)
    )
    assert parse("E4_Acc 1.5 64 -32 0") == E4Sample(Signal.ACC, 1.5, (1.0, -0.5, 0.0))
    assert parse("E4_Battery 1.5 0.5") == E4Battery(50)
    assert parse("E4_Tag 1.5") is None
    assert parse("R connection lost to device 9ff167") == E4DeviceLost()
    answer = parse("R device_list 2 | 9ff167 Empatica_E4 | 7a3166 Empatica_E4")
    assert isinstance(answer, E4Answer)
    assert answer.devices() == ["9ff167", "7a3166"]
    refused = parse("R device_subscribe gsr ERR You are not connected to any device")
    assert isinstance(refused, E4Answer)
    assert refused.error == "You are not connected to any device"


@pytest.mark.slow
@given(st.text(max_size=60) | st.builds("E4_Gsr {} {}".format, st.text(max_size=9), st.floats()))
def test_any_line_is_read_or_refused(line: str) -> None:
    try:
        parse(line)
    except PacketError:
        pass


@pytest.mark.slow
@given(st.binary(max_size=300), st.integers(1, 20))
def test_lines_come_out_whole_however_they_are_cut(data: bytes, size: int) -> None:
    whole, pieces = LineSplitter(), LineSplitter()
    cut = [line for i in range(0, len(data), size) for line in pieces.feed(data[i : i + size])]
    assert cut == whole.feed(data)


def test_a_line_without_an_end_is_dropped_and_the_next_one_read() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"x" * 100_000) == []
    assert splitter.feed(b"x" * 100_000) == []
    assert splitter.feed(b"x\nE4_Tag 1\n") == ["E4_Tag 1"]
    assert splitter.dropped == 1
