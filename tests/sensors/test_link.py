"""The life of a link: it is searched for, made, lost, waited for and made again."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from bleak.exc import (
    BleakError,
)
from rigs.small_radio import (
    ADDRESS,
    BATTERY,
    SERIAL,
    Radio,
    Strap,
    beats_s,
    changes,
    clock,
    lived,
    now_s,
    radio,  # noqa: F401 - a fixture, for every test
    raiser,
    spec,
    states,
)

from biofeedback.common.clock import run_virtual
from sensors.ble.gatt import Packet
from sensors.ble.inbox import PacketInbox
from sensors.ble.link import maintain
from sensors.errors import (
    SensorNotFound,
    SensorUnavailable,
)


def test_it_searches_connects_and_streams_and_closing_it_disconnects() -> None:
    strap = Strap()
    Radio.straps = [strap]
    told = lived(spec(), 10.0)
    assert states(told) == ["searching", "connecting", "streaming"]
    assert [change.device for change in changes(told)] == ["", "Strap 1", "Strap 1"]
    assert [change.reason for change in changes(told)] == [None, None, None]
    assert [change.time_s for change in changes(told)] == [0.0, 1.0, 1.0]  # a second beside others
    assert beats_s(told) == pytest.approx(
        [strap.connects_s[0] + k for k in range(len(beats_s(told)))]
    )
    assert len(beats_s(told)) == 9
    assert [item.data for item in told if isinstance(item, Packet)] == [b"beat"] * 9
    assert strap.disconnects_s == [10.0]


def test_a_link_that_breaks_is_reported_once_and_made_again() -> None:
    strap = Strap(dies_after_s=4.5)
    Radio.straps = [strap]
    told = lived(spec(), 9.0)
    assert states(told) == [
        "searching",
        "connecting",
        "streaming",
        "lost",
        "connecting",
        "streaming",
    ]
    lost = changes(told)[3]
    assert (lost.reason, lost.device) == ("link", "Strap 1")
    assert lost.time_s == pytest.approx(strap.connects_s[0] + 4.5, abs=0.002)
    assert lost.detail == "The connection was lost. Come closer; trying again."
    assert 0.75 * 0.5 <= strap.connects_s[1] - lost.time_s <= 1.25 * 0.5


def test_silence_that_is_over_but_for_a_rounding_is_over() -> None:
    waits: list[float] = []

    async def listen() -> object:
        loop = asyncio.get_running_loop()

        def clock() -> float:
            waits.append(loop.time())
            assert len(waits) < 20, "it waits for no time, again and again"
            return min(loop.time() - began_s, 5.0 - 1e-12)  # what differences of times leave

        began_s = loop.time()
        inbox = PacketInbox(clock)
        inbox.watch("a", 1.0)
        return await inbox.next()

    assert run_virtual(listen) == "stall"


def test_each_loss_is_reported_anew_after_the_device_has_worked_again() -> None:
    Radio.straps = [Strap(dies_after_s=2.5)]
    assert states(lived(spec(), 12.0)).count("lost") >= 3


def test_five_seconds_of_silence_are_a_stall() -> None:
    strap = Strap()
    Radio.straps = [strap]
    strap.connect = lambda: setattr(strap, "period_s", 1.0 if len(strap.connects_s) > 1 else 1e6)
    told = lived(spec(), 12.0)
    lost = changes(told)[3]
    assert (lost.state, lost.reason) == ("lost", "stall")
    assert lost.time_s == pytest.approx(beats_s(told)[0] + 5.0)
    assert lost.detail == "The sensor went silent. Connecting again."
    assert states(told)[4:] == ["connecting", "streaming"]


def gaps_after_it_worked(seed: int) -> list[float]:
    strap = Strap(dies_after_s=1.5)

    def refuse_later() -> None:
        if len(strap.connects_s) > 1:
            raise BleakError("busy")

    strap.connect = refuse_later
    Radio.straps = [strap]
    lived(spec(seed=seed), 120.0)
    times_s = strap.connects_s
    return [later - sooner for sooner, later in pairwise(times_s[1:])]


def test_attempts_after_it_has_worked_wait_twice_as_long_each_time_up_to_15_s() -> None:
    gaps_s = gaps_after_it_worked(1)
    for gap_s, delay_s in zip(gaps_s, [1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0], strict=False):
        assert 0.75 * delay_s <= gap_s <= 1.25 * delay_s + 0.01
    assert len(gaps_s) >= 7
    shares = [gap_s / 15.0 for gap_s in gaps_s[4:]]
    assert max(shares) - min(shares) > 0.01  # at random, so that two sensors do not meet for ever


def test_the_random_part_of_the_waits_follows_the_seed() -> None:
    assert gaps_after_it_worked(1) == gaps_after_it_worked(1)
    assert gaps_after_it_worked(1) != gaps_after_it_worked(2)


def test_after_it_has_worked_again_the_waits_begin_anew() -> None:
    strap = Strap(dies_after_s=1.5)

    def refuse() -> None:
        if len(strap.connects_s) in (2, 3, 4, 6):
            raise BleakError("busy")

    strap.connect = refuse
    Radio.straps = [strap]
    lived(spec(), 30.0)
    times_s = strap.connects_s
    assert times_s[4] - times_s[3] >= 0.75 * 4.0
    assert times_s[6] - times_s[5] <= 1.25 * 1.0 + 0.01


def test_at_the_start_attempts_follow_each_other_within_a_second() -> None:
    strap = Strap(connect=raiser(BleakError("busy")))
    Radio.straps = [strap]
    with pytest.raises(SensorNotFound):
        lived(spec(), 60.0)
    assert len(strap.connects_s) >= 10  # of one second's look and half a second's wait each


def test_a_device_that_never_appears_is_given_up_when_the_wait_is_over() -> None:
    with pytest.raises(SensorNotFound, match="was not found within 20 s; seen: nothing") as caught:
        lived(spec(), 60.0)
    assert ADDRESS in str(caught.value)
    assert caught.value.hint


def test_the_wait_is_over_when_it_is_over() -> None:
    ended_s = []

    async def live() -> None:
        with pytest.raises(SensorNotFound):
            async for _ in maintain(spec(wait_s=4.2), clock):
                pass
        ended_s.append(now_s())

    run_virtual(live)
    assert 4.2 <= ended_s[0] <= 4.2 + 0.7


def test_a_device_that_is_there_but_sends_nothing_is_named_with_the_reason() -> None:
    Radio.straps = [Strap(connect=raiser(BleakError("busy")))]
    with pytest.raises(SensorNotFound) as caught:
        lived(spec(), 60.0)
    assert str(caught.value) == (
        f"Strap 1 ({ADDRESS}) is there, but sent nothing within 20 s: busy"
    )
    assert isinstance(caught.value.__cause__, BleakError)
    assert "other apps" in caught.value.hint


def test_a_device_that_sends_nothing_at_the_start_does_not_count_as_working() -> None:
    Radio.straps = [Strap(period_s=None)]
    with pytest.raises(SensorNotFound, match="sent nothing within 20 s"):
        lived(spec(), 120.0)


def test_packets_that_are_not_the_data_do_not_make_a_device_work() -> None:
    Radio.straps = [Strap(period_s=None, values={BATTERY: b"\x50", SERIAL: b"1234"})]
    with pytest.raises(SensorNotFound):
        lived(spec(extras=(BATTERY,)), 120.0)


def test_after_it_has_worked_a_device_is_waited_for_for_ever() -> None:
    strap = Strap(dies_after_s=3.0, advertises=lambda now_s: now_s < 3.0 or now_s > 300.0)
    Radio.straps = [strap]
    told = lived(spec(), 330.0)
    assert "streaming" in states(told)[4:]
    details = [change.detail for change in changes(told) if change.state == "lost"]
    assert details[1] == "The sensor is not in sight. Wear it, and come closer."
    assert len(strap.connects_s) >= 2


def test_a_radio_that_is_off_at_the_start_is_told_at_once() -> None:
    Radio.off = lambda now_s: True
    with pytest.raises(SensorUnavailable, match="switched off") as caught:
        lived(spec(), 5.0)
    assert isinstance(caught.value.__cause__, BleakError)


def test_a_radio_that_goes_off_later_is_asked_every_second_and_nothing_counts_as_failed() -> None:
    tries_s: list[float] = []

    def off(now_s: float) -> bool:
        if 3.0 < now_s < 20.0:
            tries_s.append(now_s)
            return True
        return False

    strap = Strap(dies_after_s=2.6)

    def busy_for_a_while() -> None:
        if len(strap.connects_s) in (2, 3):
            raise BleakError("busy")
        strap.dies_after_s = None if len(strap.connects_s) > 1 else 2.6

    strap.connect = busy_for_a_while
    Radio.straps, Radio.off = [strap], off
    told = lived(spec(), 30.0)
    lost = [change for change in changes(told) if change.state == "lost"]
    assert lost[1].detail.startswith("Bluetooth is switched off on this computer. Switch it on")
    gaps_s = [b - a for a, b in pairwise(tries_s)]
    assert all(0.75 <= gap_s <= 1.25 for gap_s in gaps_s)
    assert len(gaps_s) >= 12
    assert strap.connects_s[1] - tries_s[-1] <= 1.25 + 0.01
    assert strap.connects_s[2] - strap.connects_s[1] <= 1.25 * 1.0 + 0.01
    assert states(told)[-1] == "streaming"


def test_the_first_search_believes_what_the_system_calls_connected_and_every_other_one() -> None:
    """A connection that the system shows may be a ghost, so the others do not."""
    with pytest.raises(SensorNotFound):
        lived(spec(wait_s=30.0), 60.0)
    assert Radio.asked_s[0] == pytest.approx(3.0)  # at the end of the first search
    assert len(Radio.asked_s) == 5  # of nine searches
    assert all(b - a > 4.0 for a, b in pairwise(Radio.asked_s))


def test_a_device_that_a_killed_program_left_connected_is_found() -> None:
    strap = Strap(advertises=lambda now_s: False)
    Radio.straps, Radio.connected = [strap], [strap]
    assert states(lived(spec(), 10.0)) == ["searching", "connecting", "streaming"]


def test_only_devices_connected_with_the_named_services_are_asked_for() -> None:
    strap = Strap(advertises=lambda now_s: False)
    Radio.straps, Radio.connected = [strap], [strap]
    with pytest.raises(SensorNotFound):
        lived(spec(services=()), 30.0)
    assert Radio.asked_s == []
