"""The life of a connection to one device: search, connect, listen, notice silence, try again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

from sensors.base import Clock, LinkState
from sensors.ble.gatt import GATT_S, Dialogue, Gatt, Inbox, Packet
from sensors.ble.radio import HEART_RATE_SERVICE, Seen, connect_turn, explain, look
from sensors.ble.scan import begins, choose, describe, is_exactly, is_strap
from sensors.errors import PacketError, SensorError, SensorNotFound
from sensors.signals import GapReason

__all__ = ["Change", "Dialogue", "Gatt", "Packet", "Plan", "supervise"]

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

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to connect to, what to listen to there, and what to say to it.

    The device is `wanted`, by address, name or the start of its name, or by its `serial` number;
    with an empty `wanted`, it is the only one in sight that `accepts` says yes to. `what` names
    such devices in messages, and `services` are theirs: a device that a killed program left
    connected is found by them.

    `data` are the characteristics that must notify, each with the usual time between its packets
    in s: silence of one for max(5 s, 5 periods) is a stall. `extras` are read once, and followed
    where they can be, if the device has them. `dialogue` is for whatever else the device needs to
    be told, and can listen to more; it belongs to this plan alone.
    """

    wanted: str
    wait_s: float
    data: Mapping[str, float] = field(default_factory=dict)
    extras: tuple[str, ...] = ()
    dialogue: Dialogue = field(default_factory=Dialogue)
    accepts: Callable[[Seen], bool] = is_strap
    what: str = "heart rate strap"
    services: tuple[str, ...] = (HEART_RATE_SERVICE,)
    serial: str = ""
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Change:
    """The link is in another state; `reason` says why it was lost, `device` who it is to."""

    time_s: float
    state: LinkState
    device: str = ""
    reason: GapReason | None = None
    detail: str = ""


async def supervise(plan: Plan, clock: Clock) -> AsyncGenerator[Change | Packet, None]:
    """Yield packets for ever, and each change of the link; closing it disconnects.

    A connection is: connect, listen to the data, `dialogue.begin`, packets and `dialogue.hear`,
    `dialogue.end`, disconnect. Whichever step fails, those that release the device still follow.
    Until its first data the device must appear within `plan.wait_s`, else `SensorNotFound` or
    `SensorUnavailable` is raised. After it, whatever happens is a reason to try again.
    """
    link = _Link(plan, clock)
    yield Change(clock(), "searching")
    while True:
        inbox = Inbox(clock)
        try:
            if device := await link.find():
                yield Change(clock(), "connecting", device.label)
                async with link.connect(device, inbox) as gatt:
                    yield Change(clock(), "streaming", device.label)
                    while isinstance(item := await inbox.next(), Packet):
                        if inbox.watches(item.uuid):
                            link.works(device)
                        yield item
                        await plan.dialogue.hear(gatt, item)
                link.broke(item, _LOSSES[item])
        except Exception as error:  # bleak's back ends raise their own libraries' errors as well
            link.failed(error)
        for packet in inbox.left():  # it came before something else failed
            yield packet
        if loss := link.loss():
            yield loss
        await link.pause()


class _AnotherDeviceError(Exception):
    """The device answers, but has another serial number than the one wanted."""


def _plain(serial: bytes) -> str:
    """Return a serial number as it is compared: without padding, and in lower case."""
    return serial.decode(errors="replace").strip("\0 ").casefold()


async def _attempt(what: str, work: Awaitable[None]) -> None:
    """Wait for a last step that may fail: the device may be gone already, with its service."""
    try:
        async with asyncio.timeout(GATT_S):
            await work
    except Exception as error:
        _log.debug("%s: %r", what, error)


class _Link:
    """What is remembered from one attempt to the next."""

    def __init__(self, plan: Plan, clock: Clock) -> None:
        self._plan, self._clock = plan, clock
        self._give_up_s: float | None = clock() + plan.wait_s  #: None once it has worked
        self._known: Seen | None = None
        self._seen: dict[str, Seen] = {}
        self._serial = ""  #: of the device that worked, where it told
        self._refused: set[str] = set()  #: addresses of devices with another serial number
        self._met = False
        self._problem = ""
        self._cause: Exception | None = None
        self._reason: GapReason = "link"
        self._reported = ""
        self._rng = Random(plan.seed)
        self._failures = 0
        self._radio_is_off = False

    async def find(self) -> Seen | None:
        """Look around once, for the device that worked before or else for the one wanted."""
        search_s = _SEARCH_S
        if self._give_up_s is not None:
            search_s = max(0.1, min(search_s, self._give_up_s - self._clock()))
        _log.debug("looking for %s", self._plan.wanted or self._plan.serial or self._plan.what)
        # Every other time only what advertises counts: a connection may be a ghost.
        left_over = self._plan.services if self._failures % 2 == 0 else ()
        seen = await look(search_s, self._is_it, connected=left_over)
        self._seen |= {device.address: device for device in seen}
        self._problem = "The sensor is not in sight. Wear it, and come closer."
        if self._known:
            # A device that hides its address comes back under another one.
            again = [device for device in seen if self._is_it(device)]
            address = self._known.address
            return min(again, key=lambda device: device.address != address, default=None)
        chosen = self._choose(seen)
        self._met = self._met or chosen is not None
        return chosen

    def _choose(self, seen: list[Seen]) -> Seen | None:
        wanted, accepts = self._plan.wanted, self._plan.accepts
        if not self._plan.serial:
            return choose(wanted, seen, accepts)
        # The number can only be read from a connected device, so each is tried once.
        left = [device for device in seen if device.address not in self._refused]
        named = [d for d in left if (begins(d, wanted) if wanted else accepts(d))]
        return named[0] if named else None

    def _is_it(self, device: Seen) -> bool:
        if device.address in self._refused:
            return False
        if self._known is None:
            return is_exactly(self._plan.wanted, device)
        same_name = bool(self._known.name) and device.name == self._known.name
        return same_name or device.address == self._known.address

    @asynccontextmanager
    async def connect(self, device: Seen, inbox: Inbox) -> AsyncIterator[Gatt]:
        """Connect and listen; say goodbye and disconnect at the end, whatever happens."""
        from bleak import BleakClient

        dialogue = self._plan.dialogue
        client = BleakClient(device.device, lambda _: inbox.close("link"), timeout=_CONNECT_S)
        gatt = Gatt(client, inbox, device.label)
        beside: set[asyncio.Task[None]] = set()
        begun = False
        try:
            async with connect_turn(), asyncio.timeout(_CONNECT_S):
                await client.connect()
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
            await _attempt("disconnect", client.disconnect())

    async def _check_serial(self, device: Seen, gatt: Gatt) -> None:
        """Refuse a device with another serial number than the one wanted, or known by this name."""
        wanted = self._plan.serial
        if self._known:
            wanted = self._serial if device.address != self._known.address else ""
        if not wanted:
            return
        serial = _plain(await gatt.read(_SERIAL)) if gatt.has(_SERIAL) else ""
        if serial != _plain(wanted.encode()):
            self._refused.add(device.address)
            raise _AnotherDeviceError(f"{device.label} has the serial number {serial or 'none'}")

    async def _attend(self, gatt: Gatt, inbox: Inbox) -> None:
        try:
            await self._plan.dialogue.attend(gatt)
        except Exception as error:  # bleak's back ends raise their own libraries' errors as well
            inbox.fail(error)

    async def _follow_extras(self, gatt: Gatt, inbox: Inbox) -> None:
        for uuid in self._plan.extras:
            try:
                if gatt.has(uuid):
                    value = await gatt.read(uuid)
                    inbox.put(uuid, None, value)
                    if uuid == _SERIAL:
                        self._serial = value.decode(errors="replace")
                if gatt.notifies(uuid):
                    await gatt.listen(uuid)
            except Exception as error:  # an extra is worth no reconnection
                _log.debug("extra %s: %r", uuid, error)

    def works(self, device: Seen) -> None:
        """Remember the device: from now on this one is meant, and it is waited for."""
        self._known, self._give_up_s = device, None
        self._reported, self._failures = "", 0

    def broke(self, reason: GapReason, detail: str) -> None:
        """Remember why the link ended."""
        self._reason, self._problem = reason, detail

    def failed(self, error: Exception) -> None:
        """Remember why an attempt failed; raise it where the user has to mend it at the start."""
        from bleak.exc import BleakError

        expected = isinstance(
            error, BleakError | OSError | EOFError | SensorError | _AnotherDeviceError
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

    def loss(self) -> Change | None:
        """Return the change to report, if this problem was not reported yet."""
        if self._give_up_s is not None and self._clock() >= self._give_up_s:
            raise self._not_found() from self._cause
        if self._known is None or self._problem == self._reported:
            return None
        self._reported = self._problem
        return Change(self._clock(), "lost", self._known.label, self._reason, self._problem)

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
        plan = self._plan
        wanted = f"{plan.what} named {plan.wanted!r}" if plan.wanted else plan.what
        if plan.serial:
            wanted += f" with the serial number {plan.serial}"
        what = "was seen but did not answer" if self._met else "was not found"
        return SensorNotFound(
            f"the {wanted} {what} within {plan.wait_s:g} s; seen: {describe(self._seen.values())}",
            hint="Wear it, wet the electrodes, and close other apps that use it.",
        )
