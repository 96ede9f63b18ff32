"""What can be asked of a connected device, and what a driver says to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from sensors.ble.inbox import GATT_S, Packet, PacketInbox
from sensors.ble.radio import Advertisement
from sensors.ble.tap import characteristics_of, current_tap, mtu_of
from sensors.errors import SensorUnavailable
from sensors.printable import printable

if TYPE_CHECKING:
    from bleak import BleakClient
    from bleak.exc import BleakError

__all__ = ["Dialogue", "GattClient", "reason_of"]

_LONGEST_REASON = 120  #: characters
#: ATT errors of a device that talks to paired computers only (Core, Vol 3 Part F 3.4.1.1).
_UNPAIRED = (0x05, 0x08, 0x0C, 0x0F)


class GattClient:
    """The characteristics of one connected device, named by their full lower-case UUID.

    Each operation takes at most 5 s, then raises `TimeoutError`; it raises what bleak raises, and
    `SensorUnavailable` where the device demands to be paired. A driver lets all of it pass: the
    link tries again.

    Parameters
    ----------
    client
        The connected client of bleak.
    inbox
        Where its packets go.
    label
        The device's name, for messages.

    Attributes
    ----------
    label
        The device's name, for messages.
    """

    def __init__(self, client: BleakClient, inbox: PacketInbox, label: str) -> None:
        self._client, self._inbox, self._tap = client, inbox, current_tap()
        self.label = label  #: the device's name, for messages

    def introduce(self, device: Advertisement) -> None:
        """Tell whoever listens in what the device is, and what it has.

        Parameters
        ----------
        device
            As it advertised itself.
        """
        if self._tap:
            self._tap.connected(device, characteristics_of(self._client), mtu_of(self._client))

    @property
    def connected(self) -> bool:
        """Return whether the link is up, as far as the system knows."""
        return self._client.is_connected

    def has(self, uuid: str) -> bool:
        """Return whether the device has this characteristic.

        Parameters
        ----------
        uuid
            The characteristic, its full UUID in lower case.

        Returns
        -------
        bool
            By what the device told of its services.
        """
        return self._client.services.get_characteristic(uuid) is not None

    def notifies(self, uuid: str) -> bool:
        """Return whether the device has this characteristic, as one that can be listened to.

        Parameters
        ----------
        uuid
            The characteristic, its full UUID in lower case.

        Returns
        -------
        bool
            True for indications too.
        """
        characteristic = self._client.services.get_characteristic(uuid)
        offered = characteristic.properties if characteristic else []
        return "notify" in offered or "indicate" in offered

    async def read(self, uuid: str) -> bytes:
        """Return the value of a characteristic.

        Parameters
        ----------
        uuid
            The characteristic, its full UUID in lower case.

        Returns
        -------
        bytes
            Of 512 bytes at most.

        Raises
        ------
        TimeoutError
            After 5 s.
        SensorUnavailable
            Where the device demands to be paired.
        """
        async with self._operation():
            value = bytes(await self._client.read_gatt_char(uuid))
        if self._tap:
            self._tap.read(uuid, value)
        return value

    async def write(self, uuid: str, data: bytes, *, response: bool = True) -> None:
        """Write a value; with `response`, wait until the device has acknowledged it.

        Parameters
        ----------
        uuid
            The characteristic, its full UUID in lower case.
        data
            512 bytes at most.
        response
            Whether to wait for the acknowledgement.

        Raises
        ------
        TimeoutError
            After 5 s.
        SensorUnavailable
            Where the device demands to be paired.
        """
        if self._tap:
            self._tap.wrote(uuid, data, response)
        async with self._operation():
            await self._client.write_gatt_char(uuid, data, response=response)

    async def listen(self, uuid: str, period_s: float | None = None) -> None:
        """Subscribe to notifications or indications: from now on they are packets of the link.

        With `period_s`, silence for max(5 s, 5 periods) counts as a stall, from the end of
        `Dialogue.begin` on.

        Parameters
        ----------
        uuid
            The characteristic, its full UUID in lower case.
        period_s
            None to count no silence.

        Raises
        ------
        TimeoutError
            After 5 s.
        SensorUnavailable
            Where the device demands to be paired.
        """
        if self._tap:
            self._tap.listened(uuid)
        async with self._operation():
            await self._client.start_notify(uuid, partial(self._inbox.put, uuid))
        if period_s is not None:
            self.expect_every(uuid, period_s)

    def expect_every(self, uuid: str, period_s: float) -> None:
        """Change the usual time between notifications of what is listened to.

        Parameters
        ----------
        uuid
            The characteristic, its full UUID in lower case.
        period_s
            The usual time between its packets.
        """
        self._inbox.watch(uuid, period_s)

    def expect_nothing(self, uuid: str) -> None:
        """Let what is listened to be silent: it is known why.

        Parameters
        ----------
        uuid
            The characteristic, its full UUID in lower case.
        """
        self._inbox.unwatch(uuid)

    async def ask(
        self,
        uuid: str,
        request: bytes,
        is_answer: Callable[[bytes], bool],
        *,
        answers_on: str | None = None,
        response: bool = True,
    ) -> bytes:
        """Write a request and return the first notification that answers it.

        One question at a time.

        Parameters
        ----------
        uuid
            The characteristic, its full UUID in lower case.
        request
            What to write.
        is_answer
            Says of a packet whether it is the one asked for.
        answers_on
            The characteristic of the answer, which must be listened to; None for `uuid`.
        response
            Whether the write itself is acknowledged.

        Returns
        -------
        bytes
            The bytes of the answer, which does not become a packet.

        Raises
        ------
        TimeoutError
            After 5 s.
        SensorUnavailable
            Where the device demands to be paired.
        """
        async with self._operation():
            answer = self._inbox.expect(answers_on or uuid, is_answer)
            if self._tap:
                self._tap.wrote(uuid, request, response)
            try:
                await self._client.write_gatt_char(uuid, request, response=response)
                return await answer
            finally:
                answer.cancel()

    @asynccontextmanager
    async def _operation(self) -> AsyncIterator[None]:
        from bleak.exc import BleakError

        try:
            async with asyncio.timeout(GATT_S):
                yield
        except BleakError as error:
            if not _demands_pairing(error):
                raise
            raise SensorUnavailable(
                f"{self.label} talks only to computers that it is paired with",
                hint="Pair it once in the system's Bluetooth settings, or on Linux with "
                "`bluetoothctl pair ADDRESS` while it is worn.",
            ) from error


def _demands_pairing(error: BleakError) -> bool:
    from bleak.exc import BleakDBusError, BleakGATTProtocolError

    if isinstance(error, BleakDBusError):  # BlueZ says this instead of the code
        return error.dbus_error.endswith(".NotPermitted") and "Not paired" in str(error)
    return isinstance(error, BleakGATTProtocolError) and error.code in _UNPAIRED


def reason_of(error: Exception | None) -> str:
    """Return in words why a device could not be had, or what it refused.

    Parameters
    ----------
    error
        What was raised; None where only time ran out.

    Returns
    -------
    str
        One short line.
    """
    from bleak.exc import BleakDBusError, BleakGATTProtocolError

    if error is None or isinstance(error, TimeoutError):
        return "the device does not answer"
    if isinstance(error, BleakGATTProtocolError):
        words = str(error.args[1]).removeprefix("GATT Protocol Error: ")
    elif isinstance(error, BleakDBusError):
        words = error.dbus_error_details or error.dbus_error.rpartition(".")[2]
    else:
        return printable(str(error) or type(error).__name__, _LONGEST_REASON)
    return f"the device refuses that ({printable(words, _LONGEST_REASON)})"


class Dialogue:
    """What a driver says to its device; the link calls each method at its time.

    This one says nothing: override what is needed. A driver that raises in `begin`, `hear` or
    `attend` ends the connection, and the link tries again; a `SensorError` that it raises before
    the first packet reaches the user.
    """

    async def begin(self, gatt: GattClient) -> None:
        """Set the device up; called on each connection, after `Plan.data` is listened to.

        Parameters
        ----------
        gatt
            The connected device.
        """

    async def hear(self, gatt: GattClient, packet: Packet) -> None:
        """React to a packet, after the reader of the link has had it.

        Parameters
        ----------
        gatt
            The connected device.
        packet
            The latest.
        """

    async def attend(self, gatt: GattClient) -> None:
        """Say what can wait, while packets come; begun after `begin`, cancelled before `end`.

        Parameters
        ----------
        gatt
            The connected device.
        """

    async def end(self, gatt: GattClient) -> None:
        """Stop what `begin` started; called before each disconnection.

        That is after a failed `begin` too, and when the reader is cancelled, but not when the
        device is gone already. It has 5 s, and what it raises is only noted.

        Parameters
        ----------
        gatt
            The connected device.
        """
