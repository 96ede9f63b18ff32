"""The computer's own radio: what it sees, and why it may not work at all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from weakref import WeakKeyDictionary

from sensors.ble.shared_scan import scanning
from sensors.errors import SensorUnavailable

if TYPE_CHECKING:
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData

__all__ = ["HEART_RATE_SERVICE", "DeviceKind", "Seen", "connect_turn", "explain", "look"]

HEART_RATE_SERVICE = "0000180d-0000-1000-8000-00805f9b34fb"

DeviceKind = Literal["heart rate strap", "skin conductance band", "other"]

#: What Polar's sensors give on request, by the start of their names, and what it is called.
_POLAR = {
    "Polar H10": ("ECG, acceleration", ("ecg", "acc")),
    "Polar Sense": ("pulse wave, acceleration", ("ppi", "ppg", "acc")),
    "Polar OH1": ("pulse wave, acceleration", ("ppi", "ppg", "acc")),
}
_TURN_S = 2.0  #: how long a connection may keep others from theirs
_ANSWER_S = 5.0  #: the system's Bluetooth service may take this long beyond the search itself

_log = logging.getLogger(__name__)
_locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Seen:
    """A device within reach. `rssi_dbm` is None for one that is connected already."""

    name: str  #: empty where it has none
    address: str  #: on macOS an identifier that only this computer knows
    rssi_dbm: int | None
    kind: DeviceKind
    device: BLEDevice = field(repr=False, compare=False)
    services: tuple[str, ...] = ()  #: UUIDs that it advertises, in lower case
    gives: str = "nothing known"  #: in words, what it can give us
    streams: tuple[str, ...] = ()  #: what a strap sends besides, when it is asked to
    battery_percent: int | None = None  #: None where it was not asked, or does not tell
    about: str = ""  #: maker, model and serial number, where it was asked

    @property
    def label(self) -> str:
        """Return its name, or its address where it has none."""
        return self.name or self.address


@asynccontextmanager
async def connect_turn() -> AsyncIterator[None]:
    """Wait for the turn to connect: adapters do so one at a time.

    A connection that hangs, since the system's Bluetooth service crashed, keeps others away for
    some seconds only.
    """
    lock = _locks.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    try:
        async with asyncio.timeout(_TURN_S):
            await lock.acquire()
    except TimeoutError:
        yield
        return
    try:
        yield
    finally:
        lock.release()


async def look(
    timeout_s: float,
    is_enough: Callable[[Seen], bool],
    *,
    connected: Sequence[str] = (HEART_RATE_SERVICE,),
) -> list[Seen]:
    """Return the devices within reach, strongest first; stop early at one that `is_enough`.

    Devices that are connected to this computer and no longer advertise are found as well, by the
    services in `connected`: a program that was killed leaves them so. The system can be wrong
    about them, after its Bluetooth service crashed. Raises what bleak raises.
    """
    seen: dict[str, Seen] = {}
    enough = asyncio.Event()

    def on_advertisement(device: BLEDevice, data: AdvertisementData) -> None:
        found = _seen(device, data)
        seen[found.address] = found
        if is_enough(found):
            enough.set()

    async with asyncio.timeout(timeout_s + _ANSWER_S):
        async with scanning(on_advertisement):
            try:
                async with asyncio.timeout(timeout_s):
                    await enough.wait()
            except TimeoutError:
                pass  # the whole time was spent looking: what was seen is the answer
        if connected and not enough.is_set():
            seen = {device.address: device for device in await _connected(connected)} | seen
    return sorted(seen.values(), key=lambda device: -(device.rssi_dbm or 0))


async def _connected(services: Sequence[str]) -> list[Seen]:
    from bleak import BleakAdapter

    found: dict[str, Seen] = {}
    try:
        adapter = await BleakAdapter.get()
        for service in services:
            for device in await adapter.get_connected_devices([service]):
                found[device.address] = _known(device.name or "", None, (service,), device)
    except NotImplementedError:  # by bleak's contract a backend may go without this list
        pass
    return list(found.values())


def _seen(device: BLEDevice, data: AdvertisementData) -> Seen:
    services = tuple(uuid.lower() for uuid in data.service_uuids)
    return _known(data.local_name or device.name or "", data.rssi, services, device)


def _known(name: str, rssi_dbm: int | None, services: tuple[str, ...], device: BLEDevice) -> Seen:
    more = [told for model, told in _POLAR.items() if name.startswith(model)]
    if HEART_RATE_SERVICE not in services and not more:
        return Seen(name, device.address, rssi_dbm, "other", device, services)
    gives = ", ".join(["heart rate, RR intervals", *(words for words, _ in more)])
    streams = more[0][1] if more else ()
    return Seen(
        name, device.address, rssi_dbm, "heart rate strap", device, services, gives, streams
    )


def explain(error: Exception) -> SensorUnavailable | None:
    """Return in words why the radio cannot be used at all; None where trying again may help."""
    from bleak.exc import (
        BleakBluetoothNotAvailableError,
        BleakBluetoothNotAvailableReason,
        BleakDBusError,
    )

    reasons = BleakBluetoothNotAvailableReason
    if isinstance(error, BleakBluetoothNotAvailableError):
        if error.reason is reasons.POWERED_OFF:
            return _switched_off()
        if error.reason in (reasons.NO_BLUETOOTH, reasons.NO_BLE_CENTRAL_ROLE):
            return SensorUnavailable(
                "this computer has no Bluetooth adapter that can reach a sensor",
                hint="Plug in a Bluetooth 4.0 adapter, or enable the built-in one.",
            )
        return SensorUnavailable(
            f"Bluetooth is not allowed here: {error.args[0]}",
            hint="Allow this program or terminal to use Bluetooth in the system's settings.",
        )
    if isinstance(error, BleakDBusError):
        if error.dbus_error.endswith(".NotReady"):
            return _switched_off()
        if error.dbus_error.endswith((".ServiceUnknown", ".NameHasNoOwner")):
            return _no_service()
        if error.dbus_error.endswith((".AccessDenied", ".NotPermitted")):
            return SensorUnavailable(
                "this user may not use Bluetooth",
                hint="On Linux, add the user to the group `bluetooth` and log in again.",
            )
    if isinstance(error, FileNotFoundError | ConnectionError | PermissionError):
        return _no_service()
    _log.debug("radio: %r", error)
    return None


def _switched_off() -> SensorUnavailable:
    return SensorUnavailable(
        "Bluetooth is switched off on this computer",
        hint="Switch it on in the system's settings; on Linux also check `rfkill list`.",
    )


def _no_service() -> SensorUnavailable:
    return SensorUnavailable(
        "the Bluetooth service of this computer does not answer",
        hint="On Linux: is bluetoothd running? Try `sudo systemctl start bluetooth`.",
    )
