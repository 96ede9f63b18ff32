"""What a device in reach says about itself, when it is connected to for a moment."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from sensors.ble.gatt import GattClient
from sensors.ble.inbox import GATT_S, PacketInbox
from sensors.ble.polar import PMD_CONTROL, names_of
from sensors.ble.radio import Advertisement, connect_turn
from sensors.codecs.device_information import device_text
from sensors.codecs.heart_rate import battery_percent
from sensors.codecs.polar_pmd import PmdMeasurement, features

__all__ = ["ask", "ask_all"]

_BATTERY = "00002a19-0000-1000-8000-00805f9b34fb"
_REST = "0000-1000-8000-00805f9b34fb"
_ABOUT = ("2a29", "2a24", "2a25")  #: maker, model, serial number
#: One that does not answer is not waited for any longer.
_CONNECT_S, _READ_S, _ALL_S = 6.0, 1.5, 12.0

Value = TypeVar("Value")
Nothing = TypeVar("Nothing")

_log = logging.getLogger(__name__)


async def ask_all(devices: Sequence[Advertisement]) -> list[Advertisement]:
    """Return the devices with what the sensors among them say, one after another.

    Devices of unknown kinds are left alone, and so are those that are connected already: some
    program uses them, and would lose them.

    Parameters
    ----------
    devices
        What a scan has found.

    Returns
    -------
    list[Advertisement]
        As many, in the same order.
    """
    return [
        await ask(device) if device.kind != "other" and device.rssi_dbm is not None else device
        for device in devices
    ]


async def ask(device: Advertisement) -> Advertisement:
    """Return the device with its battery, its names and what it can send; as it was if it fails.

    Parameters
    ----------
    device
        The device as it was seen.

    Returns
    -------
    Advertisement
        With `about`, "did not answer" where it fails.
    """
    from bleak import BleakClient

    client = BleakClient(device.device, timeout=_CONNECT_S)
    gatt = GattClient(client, PacketInbox(asyncio.get_running_loop().time), device.label)
    try:
        async with asyncio.timeout(_ALL_S):
            async with connect_turn():
                await client.connect()
            return await _told(device, gatt)
    except Exception as error:  # bleak's back ends raise their own libraries' errors as well
        _log.debug("%s: %r", device.label, error)
        return replace(device, about="did not answer")
    finally:
        try:
            async with asyncio.timeout(GATT_S):
                await client.disconnect()
        except Exception as error:  # it may be gone already
            _log.debug("%s: %r", device.label, error)


async def _told(device: Advertisement, gatt: GattClient) -> Advertisement:
    about = [await _read(gatt, f"0000{short}-{_REST}", device_text, "") for short in _ABOUT]
    percent = await _read(gatt, _BATTERY, battery_percent, None)
    gives = device.gives
    nothing: frozenset[PmdMeasurement] = frozenset()
    if offered := await _read(gatt, PMD_CONTROL, features, nothing):
        gives = ", ".join(["heart rate, RR intervals", *names_of(offered)])
    maker, model, serial = about
    named = ", ".join(filter(None, [maker, model, serial and f"serial number {serial}"]))
    return replace(device, battery_percent=percent, about=named, gives=gives)


async def _read(
    gatt: GattClient, uuid: str, decode: Callable[[bytes], Value], nothing: Nothing
) -> Value | Nothing:
    """Return what one characteristic says; `nothing` where it cannot be had, for the next may."""
    try:
        async with asyncio.timeout(_READ_S):
            return decode(await gatt.read(uuid)) if gatt.has(uuid) else nothing
    except Exception as error:  # bleak's back ends raise their own libraries' errors as well
        if not gatt.connected:
            raise
        _log.debug("%s of %s: %r", uuid, gatt.label, error)
        return nothing
