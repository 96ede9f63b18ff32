"""The computer's own radio: what it sees, and why it may not work at all."""

from __future__ import annotations

import asyncio
import logging
import math
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal
from weakref import WeakKeyDictionary

from sensors.ble.advice import to_be_allowed, to_start_the_service, to_switch_it_on
from sensors.ble.shared_scan import scanning
from sensors.errors import SensorNotFound, SensorUnavailable
from sensors.printable import LONGEST_NAME, printable

__all__ = [
    "HEART_RATE_SERVICE",
    "Advertisement",
    "DeviceKind",
    "connect_turn",
    "explain",
    "first_seen_s",
    "look",
    "scan",
]


if TYPE_CHECKING:
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData


HEART_RATE_SERVICE = "0000180d-0000-1000-8000-00805f9b34fb"
DeviceKind = Literal["heart rate strap", "skin conductance band", "band", "other"]

#: What Polar's sensors give on request, by the start of their names, and what it is called.
_POLAR = {
    "Polar H10": ("ECG, acceleration", ("ecg", "acc")),
    "Polar Sense": ("pulse wave, acceleration", ("ppi", "ppg", "acc")),
    "Polar 360": ("pulse wave, acceleration", ("ppi", "ppg", "acc")),
    "Polar OH1": ("pulse wave, acceleration", ("ppi", "ppg", "acc")),
}
_TURN_S = 2.0  #: how long a connection may keep others from theirs
_ANSWER_S = 5.0  #: the system's Bluetooth service may take this long beyond the search itself
_USE_S = 1.0  #: the system knows at once whether a device is listened to, or it is just connecting
_REMEMBERED = 4096  #: addresses
_log = logging.getLogger(__name__)
_locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
_first_s: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, float]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Advertisement:
    """A device within reach. `rssi_dbm` is None for one that is connected already.

    `in_use` is whether a program on this computer listens to it, where the system tells (BlueZ).
    """

    name: str  #: as it may be shown; empty where it has none
    address: str  #: on macOS an identifier that only this computer knows
    rssi_dbm: int | None
    kind: DeviceKind  #: what kind of device it seems to be
    device: BLEDevice = field(repr=False, compare=False)  #: what bleak connects to
    services: tuple[str, ...] = ()  #: UUIDs that it advertises, in lower case
    gives: str = "nothing known"  #: in words, what it can give us
    streams: tuple[str, ...] = ()  #: what a strap sends besides, when it is asked to
    battery_percent: int | None = None  #: None where it was not asked, or does not tell
    about: str = ""  #: maker, model and serial number, where it was asked
    in_use: bool = False

    @property
    def label(self) -> str:
        """Return its name, or its address where it has none."""
        return self.name or self.address

    @property
    def address_type(self) -> str:
        """Return "public" for an address that never changes, else "random"; empty if unknown.

        Only BlueZ tells.
        """
        return str(self._bluez().get("AddressType", ""))

    @property
    def is_paired(self) -> bool | None:
        """Return whether this computer holds keys of it; None where the system does not tell."""
        paired = self._bluez().get("Paired")
        return paired if isinstance(paired, bool) else None

    def _bluez(self) -> Mapping[str, object]:
        details = getattr(self.device, "details", None)
        props = details.get("props") if isinstance(details, dict) else None
        return props if isinstance(props, dict) else {}


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
    is_enough: Callable[[Advertisement], bool],
    *,
    connected: Sequence[str] = (HEART_RATE_SERVICE,),
) -> list[Advertisement]:
    """Return the devices within reach, strongest first; stop early at one that `is_enough`.

    Devices that are connected to this computer and no longer advertise are found as well: a program
    that was killed leaves them so. The system can be wrong about them, after its Bluetooth service
    crashed. Raises what bleak raises, too.

    Parameters
    ----------
    timeout_s
        How long to look.
    is_enough
        Asked about each device, each time it advertises.
    connected
        Services by which devices that are connected here already are found; none for none.

    Returns
    -------
    list[Advertisement]
        Each address once.

    Raises
    ------
    TimeoutError
        When the system's Bluetooth service does not answer.
    """
    seen: dict[str, Advertisement] = {}
    enough = asyncio.Event()

    def on_advertisement(device: BLEDevice, data: AdvertisementData) -> None:
        found = _seen(device, data)
        seen[found.address] = found
        _note(found.address)
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


async def _connected(services: Sequence[str]) -> list[Advertisement]:
    from bleak import BleakAdapter

    found: dict[str, Advertisement] = {}
    try:
        adapter = await BleakAdapter.get()
        for service in services:
            for device in await adapter.get_connected_devices([service]):
                known = _known(device.name or "", None, (service,), device)
                found[device.address] = replace(known, in_use=await _is_listened_to(device))
    except NotImplementedError:  # by bleak's contract a backend may go without this list
        pass
    return list(found.values())


async def _is_listened_to(device: BLEDevice) -> bool:
    """Return whether any program listens to a connected device, as far as BlueZ tells.

    A program that was killed left the link, but its subscriptions ended with it. One that is just
    connecting has none yet, but the services are not known either. On macOS and Windows programs
    share a device, and none ends another one's link.
    """
    if sys.platform != "linux":
        return False
    from bleak.backends.bluezdbus.manager import get_global_bluez_manager
    from bleak.exc import BleakError

    manager = await get_global_bluez_manager()
    try:
        async with asyncio.timeout(_USE_S):
            services = await manager.get_services(device.details["path"], False, None)
    except TimeoutError:
        return True
    except BleakError:  # it has gone meanwhile
        return False
    return any(one.obj[1].get("Notifying", False) for one in services.characteristics.values())


def _note(address: str) -> None:
    first = _first_s.setdefault(asyncio.get_running_loop(), {})
    first.setdefault(address, asyncio.get_running_loop().time())
    if len(first) > _REMEMBERED:
        del first[next(iter(first))]


def first_seen_s(address: str) -> float:
    """Return when a device was first seen to advertise at an address, on the loop's clock.

    Parameters
    ----------
    address
        As radios write it.

    Returns
    -------
    float
        In s; infinite for one that was not.
    """
    return _first_s.get(asyncio.get_running_loop(), {}).get(address, math.inf)


def _seen(device: BLEDevice, data: AdvertisementData) -> Advertisement:
    services = tuple(uuid.lower() for uuid in data.service_uuids)
    return _known(data.local_name or device.name or "", data.rssi, services, device)


def _known(
    told: str, rssi_dbm: int | None, services: tuple[str, ...], device: BLEDevice
) -> Advertisement:
    name = printable(told, LONGEST_NAME)
    more = [gives for model, gives in _POLAR.items() if name.startswith(model)]
    if HEART_RATE_SERVICE not in services and not more:
        return Advertisement(name, device.address, rssi_dbm, "other", device, services)
    gives = ", ".join(["heart rate, RR intervals", *(words for words, _ in more)])
    streams = more[0][1] if more else ()
    return Advertisement(
        name, device.address, rssi_dbm, "heart rate strap", device, services, gives, streams
    )


def explain(error: Exception) -> SensorUnavailable | None:
    """Return in words why the radio cannot be used at all; None where trying again may help.

    Parameters
    ----------
    error
        What bleak or the system raised.

    Returns
    -------
    SensorUnavailable | None
        An error to raise, with a hint.
    """
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
                hint=to_be_allowed(),
            )
    if isinstance(error, FileNotFoundError | ConnectionError | PermissionError):
        return _no_service()
    _log.debug("radio: %r", error)
    return None


def _switched_off() -> SensorUnavailable:
    return SensorUnavailable(
        "Bluetooth is switched off on this computer",
        hint=to_switch_it_on(),
    )


def _no_service() -> SensorUnavailable:
    return SensorUnavailable(
        "the Bluetooth service of this computer does not answer",
        hint=to_start_the_service(),
    )


def _as_it_is(device: Advertisement) -> Advertisement:
    return device


async def scan(
    timeout_s: float = 8.0, recognise: Callable[[Advertisement], Advertisement] = _as_it_is
) -> list[Advertisement]:
    """Return all devices seen within `timeout_s`, strongest first.

    Parameters
    ----------
    timeout_s
        How long to look.
    recognise
        Says of a device what kind it is and what it gives, where a room knows more of them.

    Returns
    -------
    list[Advertisement]
        Each address once.

    Raises
    ------
    SensorUnavailable
        When there is no adapter, service or permission.
    SensorNotFound
        When the search failed in another way.
    """
    try:
        return [recognise(device) for device in await look(timeout_s, lambda _: False)]
    except Exception as error:  # bleak's back ends raise their own libraries' errors as well
        if reason := explain(error):
            raise reason from error
        raise SensorNotFound(
            f"the search for Bluetooth devices failed: {error}", hint="Try again in a moment."
        ) from error
