"""The life of a link, in virtual time: a radio of a few lines stands where bleak's would."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, ClassVar

import bleak
import pytest
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakError,
)

from biofeedback.common.clock import run_virtual
from sensors.ble.gatt import Dialogue, GattClient, Packet
from sensors.ble.identity import DeviceQuery
from sensors.ble.link import ConnectionSpec, LinkChange, supervise
from sensors.ble.radio import HEART_RATE_SERVICE
from sensors.errors import (
    PacketError,
    SensorError,
    SensorNotFound,
    SensorUnavailable,
    SettingsError,
)

DATA = "00002a37-0000-1000-8000-00805f9b34fb"
BATTERY = "00002a19-0000-1000-8000-00805f9b34fb"
SERIAL = "00002a25-0000-1000-8000-00805f9b34fb"
ADDRESS, OTHER = "AA:00:00:00:00:01", "AA:00:00:00:00:02"


@dataclass
class Strap:
    """A device: when it can be seen, what it has, how it answers."""

    address: str = ADDRESS
    name: str = "Strap 1"
    values: dict[str, bytes | Exception] = field(default_factory=lambda: {SERIAL: b"1234"})
    notifying: tuple[str, ...] = (DATA,)
    period_s: float | None = 1.0  #: between packets; None: silent
    dies_after_s: float | None = None  #: the link breaks then, each time
    advertises: Callable[[float], bool] = lambda now_s: True
    connect: Callable[[], None] = lambda: None  #: raises where it refuses
    is_connected: Callable[[float], bool] = lambda now_s: True  #: as the system thinks
    lets_go: bool = True  #: when it is asked to disconnect
    hangs: bool = False  #: a connection never comes about
    said: list[str] = field(default_factory=list)
    connects_s: list[float] = field(default_factory=list)
    disconnects_s: list[float] = field(default_factory=list)


class Radio:
    """All that `bleak` offers to the link, over straps of a test."""

    straps: ClassVar[list[Strap]] = []
    connected: ClassVar[list[Strap]] = []  #: what the system calls connected
    asked_s: ClassVar[list[float]] = []  #: when it was asked for them
    off: ClassVar[Callable[[float], bool]] = lambda now_s: False


def now_s() -> float:
    return asyncio.get_running_loop().time()


def clock() -> float:
    """The session's time, in steps whose sums are exact: virtual time waits for no remainder."""
    return math.floor(now_s() * 1024.0) / 1024.0


def device_of(strap: Strap) -> Any:
    return SimpleNamespace(address=strap.address, name=strap.name, details={"path": strap.address})


class Scanner:
    def __init__(self, tell: Callable[[Any, Any], None]) -> None:
        self._tell, self._task = tell, None

    async def start(self) -> None:
        if Radio.off(now_s()):
            raise BleakBluetoothNotAvailableError(
                "off", BleakBluetoothNotAvailableReason.POWERED_OFF
            )
        self._task = asyncio.create_task(self._call())

    async def stop(self) -> None:
        self._task.cancel()

    async def _call(self) -> None:
        while True:
            for strap in Radio.straps:
                if strap.advertises(now_s()):
                    shown = SimpleNamespace(
                        local_name=strap.name, rssi=-50, service_uuids=[HEART_RATE_SERVICE]
                    )
                    self._tell(device_of(strap), shown)
            await asyncio.sleep(0.25)


class Adapter:
    @classmethod
    async def get(cls) -> Adapter:
        return cls()

    async def get_connected_devices(self, services: Iterable[str]) -> list[Any]:
        Radio.asked_s.append(now_s())
        return [device_of(each) for each in Radio.connected if each.is_connected(now_s())]


class Client:
    def __init__(self, device: Any, lost: Callable[[Any], None], timeout: float) -> None:
        assert timeout == 10.0
        self._strap = next(
            s for s in [*Radio.straps, *Radio.connected] if s.address == device.address
        )
        self._lost, self.is_connected, self._tasks = lost, False, []
        self.services = self

    def get_characteristic(self, uuid: str) -> Any:
        if uuid not in {*self._strap.values, *self._strap.notifying}:
            return None
        notifies = uuid in self._strap.notifying
        return SimpleNamespace(properties=["read", "notify"] if notifies else ["read"])

    async def connect(self) -> None:
        self._strap.connects_s.append(now_s())
        if self._strap.hangs:
            await asyncio.sleep(1e6)
        self._strap.connect()
        self.is_connected = True
        if self._strap.dies_after_s is not None:
            self._tasks.append(asyncio.create_task(self._die(self._strap.dies_after_s)))

    async def _die(self, after_s: float) -> None:
        await asyncio.sleep(after_s)
        self.is_connected = False
        for task in self._tasks[1:]:
            task.cancel()
        self._lost(self)

    async def disconnect(self) -> None:
        self._strap.disconnects_s.append(now_s())
        self._strap.said.append("disconnect")
        if not self._strap.lets_go:
            raise BleakError("no")
        self.is_connected = False
        for task in self._tasks:
            task.cancel()

    async def read_gatt_char(self, uuid: str) -> bytes:
        self._strap.said.append(f"read {uuid[4:8]}")
        value = self._strap.values[uuid]
        if isinstance(value, Exception):
            raise value
        return value

    async def start_notify(self, uuid: str, put: Callable[[Any, bytes], None]) -> None:
        self._strap.said.append(f"listen {uuid[4:8]}")
        if self._strap.period_s is not None and uuid == DATA:
            self._tasks.append(asyncio.create_task(self._beat(put)))

    async def _beat(self, put: Callable[[Any, bytes], None]) -> None:
        while True:
            put(None, b"beat")
            await asyncio.sleep(self._strap.period_s)


@pytest.fixture(autouse=True)
def radio(monkeypatch: pytest.MonkeyPatch) -> type[Radio]:
    monkeypatch.setattr(bleak, "BleakScanner", Scanner)
    monkeypatch.setattr(bleak, "BleakAdapter", Adapter)
    monkeypatch.setattr(bleak, "BleakClient", Client)
    monkeypatch.setattr("sensors.ble.radio.sys.platform", "darwin")  # no BlueZ to be asked
    Radio.straps, Radio.connected, Radio.asked_s = [], [], []
    Radio.off = lambda now_s: False
    return Radio


def spec(wanted: DeviceQuery | None = None, **more: Any) -> ConnectionSpec:
    known = {"data": {DATA: 1.0}, "wait_s": 20.0, **more}
    return ConnectionSpec(wanted=wanted or DeviceQuery(text=ADDRESS), **known)


def lived(
    plan: ConnectionSpec, until_s: float, told: list[LinkChange | Packet] | None = None
) -> list[LinkChange | Packet]:
    """Return what the link tells until then; it is closed at the end."""
    told = [] if told is None else told

    async def live() -> None:
        try:
            async with asyncio.timeout(until_s), aclosing(supervise(plan, clock)) as link:
                async for item in link:
                    told.append(item)
        except TimeoutError:
            pass

    run_virtual(live)
    return told


def changes(told: list[LinkChange | Packet]) -> list[LinkChange]:
    return [item for item in told if isinstance(item, LinkChange)]


def states(told: list[LinkChange | Packet]) -> list[str]:
    return [change.state for change in changes(told)]


def beats_s(told: list[LinkChange | Packet]) -> list[float]:
    return [item.time_s for item in told if isinstance(item, Packet) and item.uuid == DATA]


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


def raiser(error: Exception) -> Callable[[], None]:
    def refuse() -> None:
        raise error

    return refuse


def test_a_device_that_never_appears_is_given_up_when_the_wait_is_over() -> None:
    with pytest.raises(SensorNotFound, match="was not found within 20 s; seen: nothing") as caught:
        lived(spec(), 60.0)
    assert ADDRESS in str(caught.value)
    assert caught.value.hint


def test_the_wait_is_over_when_it_is_over() -> None:
    ended_s = []

    async def live() -> None:
        with pytest.raises(SensorNotFound):
            async for _ in supervise(spec(wait_s=4.2), clock):
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


class Talk(Dialogue):
    """Writes down what the link calls; fails where a test wants it to."""

    def __init__(self, strap: Strap, fails: str = "", error: Exception | None = None) -> None:
        self._strap, self._fails, self._error = strap, fails, error

    async def _say(self, what: str) -> None:
        self._strap.said.append(what)
        if what == self._fails:
            if self._error is None:
                await asyncio.sleep(1e6)
            else:
                raise self._error

    async def begin(self, gatt: GattClient) -> None:
        assert gatt.label == "Strap 1"
        await self._say("begin")

    async def hear(self, gatt: GattClient, packet: Packet) -> None:
        assert gatt.connected
        assert packet.data == b"beat"
        await self._say("hear")

    async def attend(self, gatt: GattClient) -> None:
        assert gatt.connected
        await self._say("attend")

    async def end(self, gatt: GattClient) -> None:
        assert gatt.connected
        await self._say("end")


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
            async with aclosing(supervise(spec(), clock)) as link:
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
        async with aclosing(supervise(spec(), clock)) as first:
            async for item in first:
                if isinstance(item, Packet):
                    break
            other = supervise(spec(), clock)
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
            async for _ in supervise(spec(wait_s=3.38), clock):
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
