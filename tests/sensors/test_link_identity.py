"""Whose link it is: serial numbers, other sensors, other programs."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from types import SimpleNamespace
from typing import Any

import pytest
from bleak.exc import (
    BleakError,
)
from rigs.small_radio import (
    ADDRESS,
    OTHER,
    SERIAL,
    Radio,
    Strap,
    Talk,
    beats_s,
    changes,
    clock,
    lived,
    now_s,
    radio,  # noqa: F401 - a fixture, for every test
    spec,
    states,
)

from biofeedback.common.clock import run_virtual
from sensors.ble.gatt import GattClient, Packet
from sensors.ble.identity import DeviceQuery
from sensors.ble.link import LinkChange, maintain
from sensors.errors import (
    SensorNotFound,
)


def test_of_two_devices_the_one_with_the_serial_number_is_taken() -> None:
    wrong, right = Strap(values={SERIAL: b"1111"}), Strap(OTHER, values={SERIAL: b"2222\0"})
    Radio.straps = [wrong, right]
    told = lived(spec(DeviceQuery(serial="2222")), 15.0)
    assert states(told)[-1] == "streaming"
    assert len(wrong.connects_s) == 1
    assert wrong.said == ["read 2a25", "disconnect"]
    assert right.said[:2] == ["read 2a25", "listen 2a37"]


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({SERIAL: b"1111"}, "1111"),
        ({}, "none"),
        ({SERIAL: b"11\xff1"}, "11\ufffd1"),  # no text, and no reason to fail
        ({SERIAL: b"1" * 500}, "1" * 63 + "\u2026"),
    ],
)
def test_a_device_with_another_serial_number_is_refused_for_good(
    values: dict[str, bytes | Exception], shown: str, caplog: pytest.LogCaptureFixture
) -> None:
    strap = Strap(values=values)
    Radio.straps = [strap]
    with caplog.at_level(logging.DEBUG, "sensors.ble.link"), pytest.raises(SensorNotFound):
        lived(spec(DeviceQuery(serial="2222")), 60.0)
    assert len(strap.connects_s) == 1
    assert any(f"Strap 1 has the serial number {shown}" in text for text in caplog.messages)
    assert {record.levelno for record in caplog.records} == {logging.DEBUG}


def test_a_device_whose_serial_number_cannot_be_read_is_asked_again_later() -> None:
    strap = Strap(values={SERIAL: BleakError("weak")})
    Radio.straps = [strap]
    with pytest.raises(SensorNotFound):
        lived(spec(DeviceQuery(serial="2222"), wait_s=25.0), 60.0)
    assert len(strap.connects_s) == 2  # at once, and not again within half a minute
    assert strap.connects_s[1] - strap.connects_s[0] < 10.0


def test_a_known_device_comes_back_at_another_address_by_its_serial_number() -> None:
    first = Strap(dies_after_s=3.0, advertises=lambda now_s: now_s < 4.0)
    Radio.straps = [first, Strap(OTHER, advertises=lambda now_s: now_s > 10.0)]
    told = lived(spec(), 120.0)
    assert states(told)[-1] == "streaming"
    assert Radio.straps[1].said[0] == "read 2a25"
    assert beats_s(told)[-1] > 100.0


def test_packets_that_came_before_a_failure_are_told() -> None:
    strap = Strap(period_s=0.5)
    Radio.straps = [strap]
    talk = Talk(strap)

    async def hear(gatt: GattClient, packet: Packet) -> None:
        await asyncio.sleep(1.2)
        raise BleakError("late")

    talk.hear = hear  # type: ignore[method-assign]
    told = lived(spec(dialogue=talk), 2.6)
    began_s = strap.connects_s[0]
    assert beats_s(told)[:3] == pytest.approx([began_s, began_s + 0.5, began_s + 1.0])
    kinds = [type(item).__name__ for item in told[3:7]]
    assert kinds == ["Packet", "Packet", "Packet", "LinkChange"]


def test_closing_lets_another_sensor_have_the_device() -> None:
    strap = Strap()
    Radio.straps = [strap]

    async def one_then_other() -> list[str]:
        for _ in range(2):
            async with aclosing(maintain(spec(), clock)) as link:
                async for item in link:
                    if isinstance(item, Packet):
                        break
        return strap.said

    assert run_virtual(one_then_other).count("disconnect") == 2


def test_a_device_that_another_sensor_holds_is_named_once_while_it_is_waited_for() -> None:
    strap = Strap()
    Radio.straps = [strap]

    async def both() -> list[LinkChange]:
        told: list[LinkChange] = []
        async with aclosing(maintain(spec(), clock)) as first:
            async for item in first:
                if isinstance(item, Packet):
                    break
            other = maintain(spec(), clock)
            told += [await anext(other), await anext(other)]
            with pytest.raises(SensorNotFound, match="in use by another sensor") as caught:
                await anext(other)
            assert "choose another" in caught.value.hint
        return told

    first, second = run_virtual(both)
    assert (first.state, first.detail) == ("searching", "")
    assert (second.state, second.reason) == ("searching", None)
    assert second.detail.endswith("is in use by another sensor of this session or server.")


def test_a_known_device_is_told_by_a_serial_number_that_is_no_text_as_well() -> None:
    odd = {SERIAL: b"12\xff34"}
    first = Strap(dies_after_s=3.0, advertises=lambda now_s: now_s < 4.0, values=odd)
    Radio.straps = [first, Strap(OTHER, advertises=lambda now_s: now_s > 10.0, values=odd)]
    assert states(lived(spec(), 120.0))[-1] == "streaming"


def test_the_log_says_what_is_looked_for(caplog: pytest.LogCaptureFixture) -> None:
    for wanted, words in (
        (DeviceQuery(text=ADDRESS), f"looking for {ADDRESS} at {ADDRESS}"),
        (DeviceQuery(text="Polar"), "looking for Polar at any address"),
    ):
        caplog.clear()
        caplog.set_level(logging.DEBUG, "sensors.ble.link")
        with pytest.raises(SensorNotFound):
            lived(spec(wanted, wait_s=1.0), 10.0)
        assert words in caplog.messages


def test_a_look_at_the_end_of_the_wait_is_a_short_one() -> None:
    """3 s of search and a pause of 0.375 to 0.625 s leave at most 0.025 s: a tenth is spent."""
    ended_s: list[float] = []

    async def live() -> None:
        with pytest.raises(SensorNotFound):
            async for _ in maintain(spec(wait_s=3.38), clock):
                pass
        ended_s.append(now_s())

    run_virtual(live)
    assert ended_s[0] < 3.0 + 0.625 + 0.2


async def bluez() -> Any:
    """Stand for what BlueZ knows of connections: all of them are listened to."""

    async def get_services(path: str, *_: Any) -> Any:
        heard = SimpleNamespace(obj=(path, {"Notifying": True}))
        return SimpleNamespace(characteristics={1: heard})

    return SimpleNamespace(get_services=get_services)


@pytest.fixture
def linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sensors.ble.radio.sys.platform", "linux")
    monkeypatch.setattr("bleak.backends.bluezdbus.manager.get_global_bluez_manager", bluez)


@pytest.mark.usefixtures("linux")
def test_a_link_of_ours_that_would_not_end_is_ours_to_use_again() -> None:
    strap = Strap(dies_after_s=2.5, advertises=lambda now_s: now_s < 3.0, lets_go=False)
    Radio.straps, Radio.connected = [strap], [strap]
    told = lived(spec(), 20.0)
    assert states(told).count("streaming") >= 2


@pytest.mark.usefixtures("linux")
def test_a_known_device_that_another_program_listens_to_is_left_alone_and_named_once() -> None:
    strap = Strap(dies_after_s=2.5, advertises=lambda now_s: now_s < 3.0)
    strap.is_connected = lambda now_s: now_s < 60.0
    Radio.straps, Radio.connected = [strap], [strap]
    told = lived(spec(), 120.0)
    assert states(told).count("streaming") == 1
    assert [change.detail for change in changes(told) if change.state == "lost"] == [
        "The connection was lost. Come closer; trying again.",
        "The sensor is not in sight. Wear it, and come closer.",
        f"Strap 1 ({ADDRESS}) is in use by another program on this computer.",
        "The sensor is not in sight. Wear it, and come closer.",
    ]


@pytest.mark.usefixtures("linux")
def test_a_device_in_use_at_the_start_is_told_once_with_the_time() -> None:
    strap = Strap(advertises=lambda now_s: False)
    Radio.straps, Radio.connected = [strap], [strap]
    told: list[LinkChange | Packet] = []
    with pytest.raises(SensorNotFound, match="in use by another program"):
        lived(spec(), 60.0, told)
    assert [(change.state, change.time_s) for change in changes(told)] == [
        ("searching", 0.0),
        ("searching", 3.0),
    ]
