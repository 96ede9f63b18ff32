"""What can be asked of a connected device, and the packets that come of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sensors.base import Clock
from sensors.errors import SensorUnavailable
from sensors.printable import printable
from sensors.signals import GapReason

if TYPE_CHECKING:
    from bleak import BleakClient
    from bleak.backends.characteristic import BleakGATTCharacteristic
    from bleak.exc import BleakError

__all__ = ["GATT_S", "Dialogue", "GattClient", "Packet", "PacketInbox", "reason_of"]

GATT_S = 5.0  #: no operation takes longer, or it has failed
_INBOX = 512  #: packets; two minutes of ECG and acceleration. When full, the oldest is lost.
_LONGEST_REASON = 120  #: characters
#: ATT errors of a device that talks to paired computers only (Core, Vol 3 Part F 3.4.1.1).
_UNPAIRED = (0x05, 0x08, 0x0C, 0x0F)


@dataclass(frozen=True, slots=True)
class Packet:
    """The bytes of one characteristic, and when they arrived."""

    time_s: float
    uuid: str
    data: bytes


class GattClient:
    """The characteristics of one connected device, named by their full lower-case UUID.

    Each operation takes at most 5 s, then raises `TimeoutError`; it raises what bleak raises, and
    `SensorUnavailable` where the device demands to be paired. A driver lets all of it pass: the
    link tries again.
    """

    def __init__(self, client: BleakClient, inbox: PacketInbox, label: str) -> None:
        self._client, self._inbox = client, inbox
        self.label = label  #: the device's name, for messages

    @property
    def connected(self) -> bool:
        """Return whether the link is up, as far as the system knows."""
        return self._client.is_connected

    def has(self, uuid: str) -> bool:
        """Return whether the device has this characteristic."""
        return self._client.services.get_characteristic(uuid) is not None

    def notifies(self, uuid: str) -> bool:
        """Return whether the device has this characteristic, as one that can be listened to."""
        characteristic = self._client.services.get_characteristic(uuid)
        offered = characteristic.properties if characteristic else []
        return "notify" in offered or "indicate" in offered

    async def read(self, uuid: str) -> bytes:
        """Return the value of a characteristic."""
        async with self._operation():
            return bytes(await self._client.read_gatt_char(uuid))

    async def write(self, uuid: str, data: bytes, *, response: bool = True) -> None:
        """Write a value; with `response`, wait until the device has acknowledged it."""
        async with self._operation():
            await self._client.write_gatt_char(uuid, data, response=response)

    async def listen(self, uuid: str, period_s: float | None = None) -> None:
        """Subscribe to notifications or indications: from now on they are packets of the link.

        With `period_s`, the usual time between them, their silence for max(5 s, 5 periods)
        counts as a stall, from the end of `Dialogue.begin` on.
        """
        async with self._operation():
            await self._client.start_notify(uuid, partial(self._inbox.put, uuid))
        if period_s is not None:
            self.expect_every(uuid, period_s)

    def expect_every(self, uuid: str, period_s: float) -> None:
        """Change the usual time between notifications of what is listened to."""
        self._inbox.watch(uuid, period_s)

    def expect_nothing(self, uuid: str) -> None:
        """Let what is listened to be silent: it is known why."""
        self._inbox.unwatch(uuid)

    async def ask(
        self,
        uuid: str,
        request: bytes,
        is_answer: Callable[[bytes], bool],
        *,
        answers_on: str | None = None,
    ) -> bytes:
        """Write a request and return the first notification that answers it.

        The answer comes on `uuid`, or on `answers_on`, which must be listened to; it does not
        become a packet. One question at a time.
        """
        async with self._operation():
            answer = self._inbox.expect(answers_on or uuid, is_answer)
            try:
                await self._client.write_gatt_char(uuid, request, response=True)
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
    """Return in words why a device could not be had, or what it refused."""
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
        """Set the device up; called on each connection, after `Plan.data` is listened to."""

    async def hear(self, gatt: GattClient, packet: Packet) -> None:
        """React to a packet, after the reader of the link has had it."""

    async def attend(self, gatt: GattClient) -> None:
        """Say what can wait, while packets come; begun after `begin`, cancelled before `end`."""

    async def end(self, gatt: GattClient) -> None:
        """Stop what `begin` started; called before each disconnection.

        That is after a failed `begin` too, and when the reader is cancelled, but not when the
        device is gone already. It has 5 s, and what it raises is only noted.
        """


class PacketInbox:
    """Packets in order of arrival; radio callbacks put them in, one reader takes them out."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queue: asyncio.Queue[Packet | GapReason | Exception] = asyncio.Queue()
        self._silence_s: dict[str, float] = {}
        self._heard_s: dict[str, float] = {}
        self._question: tuple[str, Callable[[bytes], bool], asyncio.Future[bytes]] | None = None

    def watch(self, uuid: str, period_s: float) -> None:
        """Count the silence of a characteristic that usually sends every `period_s`."""
        self._silence_s[uuid] = max(5.0, 5.0 * period_s)
        self._heard_s[uuid] = self._clock()

    def unwatch(self, uuid: str) -> None:
        """Count the silence of a characteristic no more."""
        self._silence_s.pop(uuid, None)

    def watches(self, uuid: str) -> bool:
        """Return whether packets of this characteristic are what the device is there for."""
        return uuid in self._silence_s

    def listen(self) -> None:
        """Start to count silence: now the device is expected to send."""
        self._heard_s = dict.fromkeys(self._silence_s, self._clock())

    def expect(self, uuid: str, is_answer: Callable[[bytes], bool]) -> asyncio.Future[bytes]:
        """Return the next packet of a characteristic that is an answer, instead of queueing it."""
        future = asyncio.get_running_loop().create_future()
        self._question = uuid, is_answer, future
        return future

    def put(self, uuid: str, _: BleakGATTCharacteristic | None, data: bytearray | bytes) -> None:
        """Take what was notified or read."""
        now_s, packet = self._clock(), bytes(data)
        if uuid in self._heard_s:
            self._heard_s[uuid] = now_s
        if self._question:
            asked, is_answer, future = self._question
            if uuid == asked and not future.done() and is_answer(packet):
                future.set_result(packet)
                return
        if self._queue.qsize() >= _INBOX:
            self._queue.get_nowait()
        self._queue.put_nowait(Packet(now_s, uuid, packet))

    def left(self) -> list[Packet]:
        """Return the packets that nobody has taken; none is left then."""
        items = [self._queue.get_nowait() for _ in range(self._queue.qsize())]
        return [item for item in items if isinstance(item, Packet)]

    def close(self, reason: GapReason) -> None:
        """End the flow, after what has arrived."""
        self._queue.put_nowait(reason)

    def fail(self, error: Exception) -> None:
        """End the flow, after what has arrived, with an error for its reader."""
        self._queue.put_nowait(error)

    async def next(self) -> Packet | GapReason:
        """Return the next packet, or why there will be no more; raise what the flow ended with."""
        while True:
            item: Packet | GapReason | Exception | None = None
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience_s()):
                    item = await self._queue.get()
            if isinstance(item, Exception):
                raise item
            if item is not None:
                return item
            # bluetoothd can crash without a word, so silence is the only sign.
            if self._patience_s() <= 0.0:
                return "stall"

    def _patience_s(self) -> float:
        """Return how long any watched characteristic may stay silent from now on."""
        due_s = [self._heard_s[uuid] + limit_s for uuid, limit_s in self._silence_s.items()]
        return max(0.0, min(due_s) - self._clock()) if due_s else GATT_S
