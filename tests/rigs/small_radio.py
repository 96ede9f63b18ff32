"""A radio of a few lines in place of bleak's, in virtual time, and straps within its reach."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
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
from sensors.ble.link import ConnectionSpec, LinkChange, maintain
from sensors.ble.radio import HEART_RATE_SERVICE

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
            async with asyncio.timeout(until_s), aclosing(maintain(plan, clock)) as link:
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


def raiser(error: Exception) -> Callable[[], None]:
    def refuse() -> None:
        raise error

    return refuse


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
