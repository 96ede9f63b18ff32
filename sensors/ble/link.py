"""The life of a connection to one device: search, connect, listen, notice silence, try again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from sensors.base import Clock, LinkState
from sensors.ble.device_query import DeviceQuery
from sensors.ble.gatt import Dialogue, GattClient, reason_of
from sensors.ble.identity import DeviceIdentity
from sensors.ble.inbox import GATT_S, Packet, PacketInbox
from sensors.ble.radio import HEART_RATE_SERVICE, Advertisement, connect_turn, explain, look
from sensors.errors import PacketError, SensorError, SensorNotFound
from sensors.printable import LONGEST_NAME, printable
from sensors.signals import GapReason

if TYPE_CHECKING:
    from bleak import BleakClient

__all__ = ["ConnectionSpec", "Dialogue", "GattClient", "LinkChange", "Packet", "maintain"]

_SEARCH_S = 3.0  #: one look around; long enough to see a second strap that could be meant
_CONNECT_S = 10.0
_FIRST_DELAY_S, _LONGEST_DELAY_S = 0.5, 15.0
_RADIO_OFF_DELAY_S = 1.0
_SERIAL = "00002a25-0000-1000-8000-00805f9b34fb"
_LOSSES: dict[GapReason, str] = {
    "link": "The connection was lost. Come closer; trying again.",
    "stall": "The sensor went silent. Connecting again.",
}
_UNREACHABLE = "The sensor cannot be reached. Come closer; trying again."
_OUT_OF_SIGHT = "The sensor is not in sight. Wear it, and come closer."

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSpec:
    """What to connect to, what to listen to there, and what to say to it.

    The device is the one that is `wanted`. `services` are those of its kind: a device that a
    killed program left connected is found by them.

    `data` are the characteristics that must notify, each with the usual time between its packets
    in s: silence of one for max(5 s, 5 periods) is a stall. `extras` are read once, and followed
    where they can be, if the device has them. `dialogue` is for whatever else the device needs to
    be told, and can listen to more; it belongs to this plan alone.
    """

    wanted: DeviceQuery
    wait_s: float  #: how long the first data may take
    data: Mapping[str, float] = field(default_factory=dict)
    extras: tuple[str, ...] = ()
    dialogue: Dialogue = field(default_factory=Dialogue)
    services: tuple[str, ...] = (HEART_RATE_SERVICE,)
    seed: int = 1  #: of the pauses between attempts


@dataclass(frozen=True, slots=True)
class LinkChange:
    """The link is in another state; `reason` says why it was lost, `device` who it is to."""

    time_s: float  #: session time
    state: LinkState  #: the new one
    device: str = ""
    reason: GapReason | None = None
    detail: str = ""  #: a sentence for the wearer, or empty


async def maintain(plan: ConnectionSpec, clock: Clock) -> AsyncGenerator[LinkChange | Packet, None]:
    """Yield packets for ever, and each change of the link; closing it disconnects.

    A connection is: connect, listen to the data, `dialogue.begin`, packets and `dialogue.hear`,
    `dialogue.end`, disconnect. Whichever step fails, those that release the device still follow.
    After the first data, whatever happens is a reason to try again.

    Parameters
    ----------
    plan
        What to connect to, listen to and say.
    clock
        The session's.

    Yields
    ------
    LinkChange | Packet
        In order of time.

    Raises
    ------
    SensorNotFound
        When its first data do not come within `plan.wait_s`.
    SensorUnavailable
        Where the radio cannot be used until then.
    """
    link = _Link(plan, clock)
    yield LinkChange(clock(), "searching")
    try:
        while True:
            inbox = PacketInbox(clock)
            try:
                if device := await link.find():
                    yield LinkChange(clock(), "connecting", device.label)
                    async with link.connect(device, inbox) as gatt:
                        yield LinkChange(clock(), "streaming", device.label)
                        while isinstance(item := await inbox.next(), Packet):
                            if inbox.watches(item.uuid):
                                link.works(device)
                            yield item
                            await plan.dialogue.hear(gatt, item)
                    link.broke(item, _LOSSES[item])
            except Exception as error:  # bleak's back ends raise their libraries' errors as well
                link.failed(error)
            for packet in inbox.left():  # it came before something else failed
                yield packet
            if loss := link.loss():
                yield loss
            await link.pause()
    finally:
        link.identity.close()


class _AnotherDeviceError(Exception):
    """The device answers, but has another serial number than the one wanted."""


class _OldServicesError(Exception):
    """What the system knew of the device was incomplete, and is forgotten."""


async def _attempt(what: str, work: Awaitable[None]) -> bool:
    """Wait for a last step that may fail: the device may be gone already, with its service."""
    try:
        async with asyncio.timeout(GATT_S):
            await work
    except Exception as error:
        _log.debug("%s: %r", what, error)
        return False
    return True


class _Link:
    """What is remembered from one attempt to the next."""

    def __init__(self, plan: ConnectionSpec, clock: Clock) -> None:
        self._plan, self._clock = plan, clock
        self._give_up_s: float | None = clock() + plan.wait_s  #: None once it has worked
        self.identity = DeviceIdentity(plan.wanted)
        self._device: Advertisement | None = None  #: that was met last
        self._works = False
        self._problem = ""
        self._cause: Exception | None = None
        self._reason: GapReason = "link"
        self._reported = ""
        self._rng = Random(plan.seed)
        self._failures = 0
        self._radio_is_off = False
        self._forgot = False  #: whether the system was made to forget the device

    async def find(self) -> Advertisement | None:
        """Look around once, for the device that worked before or else for the one wanted."""
        search_s = _SEARCH_S
        if self._give_up_s is not None:
            search_s = max(0.1, min(search_s, self._give_up_s - self._clock()))
        identity, now_s = self.identity, asyncio.get_running_loop().time
        _log.debug("looking for %s at %s", identity.label, identity.address or "any address")
        # Every other time only what advertises counts: a connection may be a ghost.
        left_over = self._plan.services if self._failures % 2 == 0 else ()
        seen = await look(
            search_s, lambda device: identity.is_enough(device, now_s()), connected=left_over
        )
        device = identity.choose(seen, now_s(), whole=bool(left_over))
        self._device = device or self._device
        self._problem = identity.obstacle or _OUT_OF_SIGHT
        return device

    @asynccontextmanager
    async def connect(self, device: Advertisement, inbox: PacketInbox) -> AsyncIterator[GattClient]:
        """Connect and listen; say goodbye and disconnect at the end, whatever happens."""
        from bleak import BleakClient

        dialogue = self._plan.dialogue
        client = BleakClient(device.device, lambda _: inbox.close("link"), timeout=_CONNECT_S)
        gatt = GattClient(client, inbox, device.label)
        beside: set[asyncio.Task[None]] = set()
        begun = False
        try:
            async with connect_turn(), asyncio.timeout(_CONNECT_S):
                await client.connect()
            gatt.introduce(device)
            await self._check_services(device, client, gatt)
            await self._check_serial(device, gatt)
            for uuid, period_s in self._plan.data.items():
                await gatt.listen(uuid, period_s)
            begun = True
            await dialogue.begin(gatt)
            inbox.listen()
            works = (self._follow_extras(gatt, inbox), self._attend(gatt, inbox))
            beside |= {asyncio.create_task(work) for work in works}
            yield gatt
        finally:
            for task in beside:
                task.cancel()
            if beside:
                await asyncio.wait(beside)
            if begun and gatt.connected:
                await _attempt("goodbye", dialogue.end(gatt))
            released = await _attempt("disconnect", client.disconnect())
            self.identity.released(device, surely=released)

    async def _check_services(
        self, device: Advertisement, client: BleakClient, gatt: GattClient
    ) -> None:
        """Let the system forget a device that seems to lack what it should notify; once only.

        BlueZ keeps the services of each device that it met, and may not see that new firmware
        changed them: every connection would meet the old ones. A paired device is left as it is,
        for its keys would be forgotten as well.
        """
        if all(map(gatt.has, self._plan.data)) or device.is_paired is not False or self._forgot:
            return
        self._forgot = True
        await client.disconnect()
        await client.unpair()  # which removes the device from BlueZ, paired or not
        raise _OldServicesError(f"{device.label} may have other services than the system knows")

    async def _check_serial(self, device: Advertisement, gatt: GattClient) -> None:
        """Refuse a device that does not show by its serial number that it is the one."""
        if not self.identity.must_tell(device):
            return
        try:
            serial = (
                (await gatt.read(_SERIAL)).decode(errors="replace") if gatt.has(_SERIAL) else ""
            )
        except Exception:
            self.identity.told_nothing(device, asyncio.get_running_loop().time())
            raise
        if not self.identity.is_told(device, serial):
            told = printable(serial, LONGEST_NAME) or "none"
            raise _AnotherDeviceError(f"{device.label} has the serial number {told}")

    async def _attend(self, gatt: GattClient, inbox: PacketInbox) -> None:
        try:
            await self._plan.dialogue.attend(gatt)
        except Exception as error:  # bleak's back ends raise their own libraries' errors as well
            inbox.fail(error)

    async def _follow_extras(self, gatt: GattClient, inbox: PacketInbox) -> None:
        # First what a device that gets another address will be known by.
        for uuid in dict.fromkeys((_SERIAL, *self._plan.extras)):
            followed = uuid in self._plan.extras
            try:
                if gatt.has(uuid):
                    value = await gatt.read(uuid)
                    if uuid == _SERIAL:
                        self.identity.serial = value.decode(errors="replace")
                    if followed:
                        inbox.put(uuid, None, value)
                if followed and gatt.notifies(uuid):
                    await gatt.listen(uuid)
            except Exception as error:  # an extra is worth no reconnection
                _log.debug("extra %s: %r", uuid, error)

    def works(self, device: Advertisement) -> None:
        """Remember the device: from now on this one is meant, and it is waited for."""
        self.identity.works(device, asyncio.get_running_loop().time())
        self._works, self._give_up_s = True, None
        self._reported, self._failures = "", 0

    def broke(self, reason: GapReason, detail: str) -> None:
        """Remember why the link ended."""
        self._reason, self._problem = reason, detail

    def failed(self, error: Exception) -> None:
        """Remember why an attempt failed; raise it where the user has to mend it at the start."""
        from bleak.exc import BleakError

        expected = isinstance(
            error,
            BleakError | OSError | EOFError | SensorError | _AnotherDeviceError | _OldServicesError,
        )
        _log.log(logging.DEBUG if expected else logging.WARNING, "link: %r", error)
        self._cause = error
        unavailable: SensorError | None = explain(error)
        self._radio_is_off = unavailable is not None
        if isinstance(error, SensorError) and not isinstance(error, PacketError):
            unavailable = error
        if unavailable and self._give_up_s is not None:
            raise unavailable from error
        self._problem = f"{unavailable}. {unavailable.hint}" if unavailable else _UNREACHABLE

    def loss(self) -> LinkChange | None:
        """Return the change to report, if this problem was not reported yet."""
        if self._give_up_s is not None and self._clock() >= self._give_up_s:
            raise self._not_found() from self._cause
        if self._problem == self._reported:
            return None
        if self._works:
            self._reported = self._problem
            return LinkChange(
                self._clock(), "lost", self.identity.label, self._reason, self._problem
            )
        if self._problem == self.identity.obstacle:
            self._reported = self._problem
            return LinkChange(self._clock(), "searching", detail=self._problem)
        return None

    async def pause(self) -> None:
        """Wait longer after each attempt that failed; at the start the user waits too, so less.

        While the radio is off nobody is disturbed, and nothing was tried.
        """
        delay_s = _FIRST_DELAY_S
        if self._radio_is_off:
            self._radio_is_off, self._failures, delay_s = False, 0, _RADIO_OFF_DELAY_S
        elif self._give_up_s is None:
            delay_s = min(_FIRST_DELAY_S * 2.0 ** min(self._failures, 10), _LONGEST_DELAY_S)
        self._failures += 1
        await asyncio.sleep(delay_s * self._rng.uniform(0.75, 1.25))

    def _not_found(self) -> SensorNotFound:
        if self._device is None or self.identity.obstacle:
            return self.identity.not_found(self._plan.wait_s)
        return SensorNotFound(
            f"{self._device.label} ({self._device.address}) is there, but sent nothing within "
            f"{self._plan.wait_s:g} s: {reason_of(self._cause)}",
            hint="Close other apps that use it, and come closer.",
        )
