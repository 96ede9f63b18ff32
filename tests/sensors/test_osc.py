"""Values that come as OSC messages, from the client of another library."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.udp_client import SimpleUDPClient
from rigs.streams import chunks, heard_at_once

from sensors.base import Sample, SensorStatus
from sensors.errors import PacketError, SensorNotFound, SensorUnavailable, SettingsError
from sensors.network.link import SourceLink, SourceQuery
from sensors.network.osc import OscAddress, OscSettings, _Reader, stream
from sensors.network.osc_packet import decode
from sensors.signals import Chunk, Gap, Signal

Act = Callable[[SimpleUDPClient], Awaitable[None]]


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def heard(options: str, seconds: float, act: Act) -> list[Sample]:
    port = free_port()
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    samples: list[Sample] = []
    settings = OscSettings.parse(f"{port}{options}", wait_s=3.0)
    async with aclosing(stream(settings, lambda: loop.time() - began_s)) as sensor:
        samples.append(await anext(sensor))
        client = SimpleUDPClient("127.0.0.1", port)
        acting = asyncio.ensure_future(act(client))
        try:
            async with asyncio.timeout(seconds):
                async for sample in sensor:
                    samples.append(sample)
        except TimeoutError:
            pass
        await acting
        client._sock.close()
    return samples


async def emotibit(client: SimpleUDPClient) -> None:
    """Three values a fifth of a second, as its Oscilloscope bundles them, and a beat a second."""
    for i in range(12):
        client.send_message("/EmotiBit/0/EDA", [3.0 + i, 3.1 + i, 3.2 + i])
        client.send_message("/EmotiBit/0/TEMP1", 31.0)
        if i % 5 == 0:
            client.send_message("/EmotiBit/0/HR", 60.0)
            client.send_message("/EmotiBit/0/BI", 1000.0)
        await asyncio.sleep(0.2)


async def mapped(client: SimpleUDPClient) -> None:
    bundle = OscBundleBuilder(IMMEDIATELY)
    for path, value in (("/skin", 2.5), ("/pulse", 61), ("/else", 1.0)):
        message = OscMessageBuilder(path)
        message.add_arg(value)
        bundle.add_content(message.build())
    client.send(bundle.build())


async def rubbish(client: SimpleUDPClient) -> None:
    for data in (
        b"",
        b"/eda",
        b"/eda\x00\x00\x00\x00,f\x00\x00",
        b"#bundle\x00" * 3,
        b"\xff" * 999,
    ):
        client._sock.sendto(data, ("127.0.0.1", client._port))
    for value in ("words", float("nan"), [], True):
        client.send_message("/eda", value)
    client.send_message("/eda", 4.5)


async def pause(client: SimpleUDPClient) -> None:
    client.send_message("/hr", 60)
    await asyncio.sleep(5.7)
    client.send_message("/hr", 62)


CASES: dict[str, tuple[str, float, Act]] = {
    "emotibit": ("", 4.5, emotibit),
    "mapped": ("?eda=/skin&hr=/pulse", 2.5, mapped),
    "rubbish": ("", 2.5, rubbish),
    "pause": ("", 8.0, pause),
}


@pytest.fixture(scope="module")
def runs() -> dict[str, list[Sample]]:
    return heard_at_once(heard, CASES)


@pytest.mark.slow
def test_an_emotibit_needs_no_options(runs: dict[str, list[Sample]]) -> None:
    samples = runs["emotibit"]
    eda = chunks(samples, Signal.EDA)
    assert [c.values[:, 0].tolist() for c in eda[:2]] == [
        pytest.approx([3.0, 3.1, 3.2]),
        pytest.approx([4.0, 4.1, 4.2]),
    ]
    times_s = np.concatenate([c.times_s for c in eda])
    assert len(times_s) == 36
    assert (np.diff(times_s) >= 0.0).all()
    assert np.diff(times_s).mean() == pytest.approx(1 / 15, rel=0.2)
    assert {c.rate_hz for c in eda} == {15.0}
    assert [c.values.tolist() for c in chunks(samples, Signal.RR)] == [[[1.0]]] * 3
    assert len(chunks(samples, Signal.HR)) == 3
    assert not [s for s in samples if isinstance(s, Gap)]


@pytest.mark.slow
def test_addresses_can_be_mapped_also_within_a_bundle(runs: dict[str, list[Sample]]) -> None:
    found = {c.signal: c.values.tolist() for c in runs["mapped"] if isinstance(c, Chunk)}
    assert found == {Signal.EDA: [[2.5]], Signal.HR: [[61.0]]}


@pytest.mark.slow
def test_rubbish_is_left_out_and_counted(runs: dict[str, list[Sample]]) -> None:
    told = [sample.bad for sample in runs["rubbish"] if isinstance(sample, SensorStatus)][-1]
    assert told.keys() >= {"unknown type", "wrong length", "out of range"}
    values = [c.values.tolist() for c in chunks(runs["rubbish"], Signal.EDA)]
    assert values[-1] == [[4.5]]
    assert np.isfinite(np.concatenate([np.ravel(v) for v in values])).all()


@pytest.mark.slow
def test_silence_is_a_loss_and_the_next_value_brings_its_gap(runs: dict[str, list[Sample]]) -> None:
    states = [s.state for s in runs["pause"] if isinstance(s, SensorStatus)]
    assert states == ["searching", "streaming", "lost", "streaming"]
    (gap,) = [s for s in runs["pause"] if isinstance(s, Gap)]
    assert gap.reason == "stall"
    assert gap.end_s - gap.start_s == pytest.approx(5.7, abs=0.2)


def test_all_types_of_arguments_are_read_past() -> None:
    message = OscMessageBuilder("/all")
    for kind, value in (
        ("i", 7), ("s", "words"), ("b", b"bytes"), ("h", 1 << 40), ("d", 0.1), ("T", True),
        ("F", False), ("N", None), ("m", (1, 2, 3, 4)), ("r", 255), ("f", 0.5),
    ):  # fmt: skip
        message.add_arg(value, kind)
    assert decode(message.build().dgram) == [
        ("/all", [7, "words", None, 1 << 40, 0.1, 1, 0, None, None, None, 0.5])
    ]


def test_what_no_builder_writes_is_read_past_and_what_follows_is_right() -> None:
    for kind in ("S", "c", "I", "t"):
        fill = {"S": b"abc\0", "c": b"\0\0\0a", "I": b"", "t": bytes(8)}[kind]
        told = decode(b"/a\0\0," + kind.encode() + b"f\0" + fill + struct.pack(">f", 1.5))
        assert told == [("/a", ["abc" if kind == "S" else None, 1.5])]


BUNDLE = b"#bundle\0" + struct.pack(">Q", 1)


def nested(depth: int) -> bytes:
    packet = b"/a\0\0,\0\0\0"
    for _ in range(depth):
        packet = BUNDLE + struct.pack(">i", len(packet)) + packet
    return packet


@pytest.mark.parametrize(
    "packet",
    [
        BUNDLE + struct.pack(">i", -4),  # a reader that goes on by this size never ends
        BUNDLE + struct.pack(">i", 0),
        BUNDLE + struct.pack(">i", 400) + b"/a\0\0,\0\0\0",
        BUNDLE + b"\0\0",
        nested(9),
        nested(3000),
        b"/eda\0\0\0\0,f\0\0",  # no value, and none is made up
        b"/eda\0\0\0\0,f\0\0\0\0\0",
        b"/a\0\0,b\0\0" + struct.pack(">i", -8),
        b"/a\0\0,b\0\0" + struct.pack(">i", 1 << 30),
        b"/a\0\0,s\0\0abc",
        b"/\xff\xfe\0,\0\0\0",
    ],
)
def test_a_datagram_that_was_made_to_harm_is_refused_as_a_whole(packet: bytes) -> None:
    with pytest.raises(PacketError):
        decode(packet)


def test_bundles_within_bundles_are_read_to_a_depth() -> None:
    assert decode(nested(8)) == [("/a", [])]


def test_a_port_that_is_taken_cannot_be_listened_to() -> None:
    async def main() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            settings = OscSettings(port=other.getsockname()[1])
            with pytest.raises(SensorUnavailable) as caught:
                await anext(stream(settings, asyncio.get_running_loop().time))
            assert caught.value.hint

    asyncio.run(main())


def test_a_sender_that_never_comes_is_not_found() -> None:
    async def main() -> None:
        settings = OscSettings(port=free_port(), wait_s=0.3)
        with pytest.raises(SensorNotFound, match=r"within 0\.3 s"):
            async for _ in stream(settings, asyncio.get_running_loop().time):
                pass

    asyncio.run(main())


def test_closing_frees_the_port() -> None:
    async def main() -> None:
        port = free_port()
        sensor = stream(OscSettings(port=port), asyncio.get_running_loop().time)
        await anext(sensor)
        await sensor.aclose()
        await asyncio.sleep(0.01)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as next_one:
            next_one.bind(("127.0.0.1", port))

    asyncio.run(main())


@pytest.mark.parametrize(
    "target", ["", "x", "70000", "9000?what=/a", "9000?eda=a", "9000?eda=/a@0", "9000?rr=/a@4"]
)
def test_an_address_without_sense_is_refused_with_a_hint(target: str) -> None:
    with pytest.raises(SettingsError) as caught:
        OscSettings.parse(target)
    assert caught.value.hint


def test_only_this_computer_is_listened_to_unless_another_host_is_named() -> None:
    assert OscSettings.parse("9000").host == "127.0.0.1"
    assert OscSettings.parse("0.0.0.0:9000?eda=/a@4").addresses == {
        Signal.EDA: OscAddress("/a", 4.0)
    }


@pytest.mark.slow
@given(
    st.lists(
        st.binary(max_size=80)
        | st.binary(max_size=40).map(lambda b: b"/eda\x00\x00\x00\x00,f\x00\x00" + b)
    )
)
def test_any_datagram_is_read_or_counted(datagrams: list[bytes]) -> None:
    link = SourceLink("osc", SourceQuery(what="", hint="", wait_s=9.0), lambda: 1.0)
    for sample in _Reader(OscSettings(port=1), link).take([(1.0, data) for data in datagrams]):
        assert not isinstance(sample, Chunk) or np.isfinite(sample.values).all()


def test_one_value_of_a_message_can_be_named() -> None:
    (address,) = OscSettings.parse("9000?eda=/eda#2").addresses.values()
    assert (address.path, address.argument, address.rate_hz) == ("/eda", 2, None)
    with pytest.raises(SettingsError, match="number"):
        OscSettings.parse("9000?eda=/eda#zero")
    with pytest.raises(SettingsError, match="number 0"):
        OscSettings.parse("9000?eda=/eda#0")


def test_several_values_without_a_rate_are_refused_and_the_way_out_is_said() -> None:
    link = SourceLink("osc", SourceQuery(what="", hint="", wait_s=9.0), lambda: 1.0)
    builder = OscMessageBuilder("/eda")
    for value in (12.5, 3.1):
        builder.add_arg(value)
    packet = builder.build().dgram
    assert not _Reader(OscSettings.parse("9000"), link).take([(1.0, packet)])
    assert "eda=/eda#2" in link.remarks[Signal.EDA].sentence
    named = _Reader(OscSettings.parse("9000?eda=/eda#2"), link)
    (chunk,) = named.take([(1.0, packet)])
    assert isinstance(chunk, Chunk)
    assert chunk.values[0, 0] == pytest.approx(3.1)
