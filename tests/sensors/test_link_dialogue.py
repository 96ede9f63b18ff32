"""What is said over a link: extras, a dialogue with the device, and failures of either."""

from __future__ import annotations

import asyncio
import logging

import pytest
from bleak.exc import (
    BleakError,
)
from rigs.small_radio import (
    BATTERY,
    DATA,
    SERIAL,
    Radio,
    Strap,
    Talk,
    changes,
    lived,
    radio,  # noqa: F401 - a fixture, for every test
    raiser,
    spec,
    states,
)

from sensors.ble.gatt import GattClient, Packet
from sensors.errors import (
    PacketError,
    SensorError,
    SensorNotFound,
    SettingsError,
)


def test_extras_are_read_once_and_followed_where_they_can_be() -> None:
    strap = Strap(
        values={SERIAL: b"1234", BATTERY: b"\x50"}, notifying=(DATA, BATTERY), period_s=1.0
    )
    Radio.straps = [strap]
    told = lived(spec(extras=(BATTERY, "0000ffff-0000-1000-8000-00805f9b34fb")), 5.0)
    extras = [item for item in told if isinstance(item, Packet) and item.uuid == BATTERY]
    assert [packet.data for packet in extras] == [b"\x50"]
    assert strap.said == ["listen 2a37", "read 2a25", "read 2a19", "listen 2a19", "disconnect"]
    assert not [item for item in told if isinstance(item, Packet) and item.uuid == SERIAL]


def test_an_extra_that_only_reads_is_not_listened_to() -> None:
    strap = Strap(values={SERIAL: b"1234", BATTERY: b"\x50"})
    Radio.straps = [strap]
    lived(spec(extras=(BATTERY,)), 5.0)
    assert "listen 2a19" not in strap.said


def test_an_extra_that_fails_costs_neither_the_link_nor_the_next_extra(
    caplog: pytest.LogCaptureFixture,
) -> None:
    strap = Strap(values={SERIAL: BleakError("no"), BATTERY: b"\x50"})
    Radio.straps = [strap]
    with caplog.at_level(logging.DEBUG, "sensors.ble.link"):
        told = lived(spec(extras=(SERIAL, BATTERY)), 5.0)
    assert f"extra {SERIAL}: BleakError('no')" in caplog.messages
    assert states(told) == ["searching", "connecting", "streaming"]
    assert [item.data for item in told if isinstance(item, Packet) and item.uuid == BATTERY]


def test_a_dialogue_begins_after_the_data_is_heard_and_ends_before_the_link() -> None:
    strap = Strap(values={})
    Radio.straps = [strap]
    lived(spec(dialogue=Talk(strap)), 2.8)
    assert strap.said[:2] == ["listen 2a37", "begin"]
    assert sorted(strap.said[2:4]) == ["attend", "hear"]
    assert strap.said[-3:] == ["hear", "end", "disconnect"]


def test_a_device_whose_dialogue_failed_to_begin_is_still_told_goodbye() -> None:
    strap = Strap()
    Radio.straps = [strap]
    talk = Talk(strap, "begin", BleakError("no"))
    with pytest.raises(SensorNotFound):
        lived(spec(dialogue=talk, wait_s=3.0), 60.0)
    assert strap.said[:4] == ["listen 2a37", "begin", "end", "disconnect"]


def test_a_device_that_is_gone_is_told_nothing_more() -> None:
    strap = Strap(dies_after_s=2.5, advertises=lambda now_s: now_s < 3.0)
    Radio.straps = [strap]
    lived(spec(dialogue=Talk(strap)), 6.0)
    assert "end" not in strap.said
    assert strap.said[-1] == "disconnect"


def test_a_link_that_never_began_is_not_ended_by_the_dialogue() -> None:
    strap = Strap(connect=raiser(BleakError("busy")))
    Radio.straps = [strap]
    with pytest.raises(SensorNotFound):
        lived(spec(dialogue=Talk(strap), wait_s=3.0), 60.0)
    assert set(strap.said) == {"disconnect"}


def test_a_goodbye_that_hangs_delays_the_end_by_five_seconds_at_most() -> None:
    strap = Strap()
    Radio.straps = [strap]
    lived(spec(dialogue=Talk(strap, "end")), 10.0)
    assert strap.disconnects_s == [15.0]


def test_a_goodbye_that_fails_is_only_noted(caplog: pytest.LogCaptureFixture) -> None:
    strap = Strap()
    Radio.straps = [strap]
    with caplog.at_level(logging.DEBUG, "sensors.ble.link"):
        lived(spec(dialogue=Talk(strap, "end", BleakError("no"))), 5.0)
    assert strap.said[-1] == "disconnect"
    assert "goodbye: BleakError('no')" in caplog.messages


@pytest.mark.parametrize("fails", ["hear", "attend"])
def test_a_dialogue_that_fails_later_ends_the_link_and_it_is_made_again(fails: str) -> None:
    strap = Strap()
    Radio.straps = [strap]
    told = lived(spec(dialogue=Talk(strap, fails, PacketError("odd"))), 6.0)
    assert states(told)[:4] == ["searching", "connecting", "streaming", "lost"]
    assert changes(told)[3].detail == "odd. " or changes(told)[3].detail.startswith("The sensor")
    assert len(strap.connects_s) >= 2
    assert strap.said.count("end") == strap.said.count("disconnect")


def test_a_driver_that_waits_beside_the_packets_is_cancelled_before_the_goodbye() -> None:
    strap = Strap()
    Radio.straps = [strap]
    talk = Talk(strap)

    async def attend(gatt: GattClient) -> None:
        try:
            await asyncio.sleep(1e6)
        finally:
            strap.said.append("let go")

    talk.attend = attend  # type: ignore[method-assign]
    lived(spec(dialogue=talk), 5.0)
    assert strap.said[-3:] == ["let go", "end", "disconnect"]


def test_what_the_user_has_to_mend_is_raised_at_the_start() -> None:
    strap = Strap()
    Radio.straps = [strap]
    wrong = SettingsError("no such stream", hint="Take another.")
    with pytest.raises(SettingsError) as caught:
        lived(spec(dialogue=Talk(strap, "begin", wrong)), 60.0)
    assert caught.value is wrong
    assert strap.said[-1] == "disconnect"


def test_a_packet_that_does_not_decode_is_a_reason_to_try_again_even_at_the_start() -> None:
    strap = Strap()
    Radio.straps = [strap]
    with pytest.raises(SensorNotFound, match="sent nothing"):
        lived(spec(dialogue=Talk(strap, "begin", PacketError("odd"))), 60.0)
    assert len(strap.connects_s) > 1


def test_after_it_has_worked_what_must_be_mended_is_said_with_its_hint() -> None:
    strap = Strap()
    Radio.straps = [strap]
    told = lived(spec(dialogue=Talk(strap, "hear", SensorError("no ECG", hint="Update it."))), 4.0)
    lost = next(change for change in changes(told) if change.state == "lost")
    assert lost.detail == "no ECG. Update it."


def test_a_failure_without_words_of_its_own_is_told_as_out_of_reach() -> None:
    strap = Strap()
    Radio.straps = [strap]
    told = lived(spec(dialogue=Talk(strap, "hear", BleakError("12"))), 4.0)
    lost = next(change for change in changes(told) if change.state == "lost")
    assert lost.detail == "The sensor cannot be reached. Come closer; trying again."
    assert lost.reason == "link"


def test_what_the_radio_does_is_no_news_but_a_fault_of_ours_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for error, level in (
        (BleakError("x"), logging.DEBUG),
        (OSError("x"), logging.DEBUG),
        (EOFError("x"), logging.DEBUG),
        (PacketError("x"), logging.DEBUG),
        (ValueError("x"), logging.WARNING),
    ):
        strap = Strap()
        Radio.straps = [strap]
        with caplog.at_level(logging.DEBUG, "sensors.ble.link"):
            caplog.clear()
            lived(spec(dialogue=Talk(strap, "hear", error)), 3.0)
        found = {r.levelno for r in caplog.records if r.getMessage() == f"link: {error!r}"}
        assert found == {level}


def test_a_connection_that_hangs_is_given_up_after_ten_seconds() -> None:
    strap = Strap(hangs=True)
    Radio.straps = [strap]
    with pytest.raises(SensorNotFound, match="does not answer"):
        lived(spec(wait_s=25.0), 100.0)
    assert strap.disconnects_s[0] == pytest.approx(strap.connects_s[0] + 10.0)
    assert strap.connects_s[1] - strap.connects_s[0] < 11.0
