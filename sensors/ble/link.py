"""The life of a connection to one device: search, connect, listen, notice silence, try again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from sensors.base import Clock, LinkState
from sensors.ble.radio import Seen, explain, look, radio_lock
from sensors.ble.scan import choose, describe, is_exactly
from sensors.errors import SensorError, SensorNotFound
from sensors.signals import GapReason

if TYPE_CHECKING:
    from bleak import BleakClient
    from bleak.backends.characteristic import BleakGATTCharacteristic

__all__ = ["Change", "Packet", "Plan", "supervise"]

_SEARCH_S = 3.0  #: one look around; long enough to see a second strap that could be meant
_CONNECT_S = 15.0
_GATT_S = 5.0
_FIRST_DELAY_S, _LONGEST_DELAY_S = 0.5, 15.0
_INBOX = 256  #: packets; four minutes of a strap. When full, the oldest is lost.
_LOSSES: dict[GapReason, str] = {
    "link": "The connection was lost. Come closer; trying again.",
    "stall": "The sensor went silent. Connecting again.",
}
_UNREACHABLE = "The sensor cannot be reached. Come closer; trying again."

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to connect to, and what to listen to there.

    `data` are the characteristics that must notify, `extras` those that are read once, and
    followed where they can be, if the device has them. `period_s` is the usual time between
    packets.
    """

    wanted: str
    wait_s: float
    period_s: float
    data: tuple[str, ...]
    extras: tuple[str, ...] = ()
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Change:
    """The link is in another state; `reason` says why it was lost, `device` who it is to."""

    time_s: float
    state: LinkState
    device: str = ""
    reason: GapReason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Packet:
    """The bytes of one characteristic, and when they arrived."""

    time_s: float
    uuid: str
    data: bytes


async def supervise(plan: Plan, clock: Clock) -> AsyncGenerator[Change | Packet, None]:
    """Yield packets for ever, and each change of the link; closing it disconnects.

    Until its first data the device must appear within `plan.wait_s`, else `SensorNotFound` or
    `SensorUnavailable` is raised. After it, whatever happens is a reason to try again.
    """
    link = _Link(plan, clock)
    yield Change(clock(), "searching")
    while True:
        try:
            if device := await link.find():
                yield Change(clock(), "connecting", device.label)
                async with link.connect(device) as inbox:
                    yield Change(clock(), "streaming", device.label)
                    while isinstance(item := await inbox.next(), Packet):
                        if item.uuid in plan.data:
                            link.works(device)
                        yield item
                link.broke(item, _LOSSES[item])
        except Exception as error:  # bleak's back ends raise their own libraries' errors as well
            link.failed(error)
        if loss := link.loss():
            yield loss
        await link.pause()


class _Link:
    """What is remembered from one attempt to the next."""

    def __init__(self, plan: Plan, clock: Clock) -> None:
        self._plan, self._clock = plan, clock
        self._give_up_s: float | None = clock() + plan.wait_s  #: None once it has worked
        self._known: Seen | None = None
        self._seen: dict[str, Seen] = {}
        self._met = False
        self._problem = ""
        self._cause: Exception | None = None
        self._reason: GapReason = "link"
        self._reported = ""
        self._rng = Random(plan.seed)
        self._failures = 0

    async def find(self) -> Seen | None:
        """Look around once, for the device that worked before or else for the one wanted."""
        search_s = _SEARCH_S
        if self._give_up_s is not None:
            search_s = max(0.1, min(search_s, self._give_up_s - self._clock()))
        async with radio_lock():
            # Every other time only what advertises counts: a connection may be a ghost.
            seen = await look(search_s, self._is_it, connected=self._failures % 2 == 0)
        self._seen |= {device.address: device for device in seen}
        self._problem = "The sensor is not in sight. Wear it, and come closer."
        if self._known:
            # A device that hides its address comes back under another one.
            again = [device for device in seen if self._is_it(device)]
            address = self._known.address
            return min(again, key=lambda device: device.address != address, default=None)
        chosen = choose(self._plan.wanted, seen)
        self._met = self._met or chosen is not None
        return chosen

    def _is_it(self, device: Seen) -> bool:
        if self._known is None:
            return is_exactly(self._plan.wanted, device)
        same_name = bool(self._known.name) and device.name == self._known.name
        return same_name or device.address == self._known.address

    @asynccontextmanager
    async def connect(self, device: Seen) -> AsyncIterator[_Inbox]:
        """Connect and listen; disconnect at the end, whatever happens."""
        from bleak import BleakClient

        inbox = _Inbox(self._plan, self._clock)
        client = BleakClient(device.device, lambda _: inbox.close("link"), timeout=_CONNECT_S)
        extras: asyncio.Task[None] | None = None
        try:
            async with radio_lock(), asyncio.timeout(_CONNECT_S):
                await client.connect()
            for uuid in self._plan.data:
                async with asyncio.timeout(_GATT_S):
                    await client.start_notify(uuid, partial(inbox.put, uuid))
            inbox.listen()
            extras = asyncio.create_task(self._follow_extras(client, inbox))
            yield inbox
        finally:
            if extras:
                extras.cancel()
                await asyncio.wait({extras})
            try:
                async with asyncio.timeout(_GATT_S):
                    await client.disconnect()
            except Exception as error:  # it may be gone already, with its service
                _log.debug("disconnect: %r", error)

    async def _follow_extras(self, client: BleakClient, inbox: _Inbox) -> None:
        for uuid in self._plan.extras:
            characteristic = client.services.get_characteristic(uuid)
            if characteristic is None:
                continue
            try:
                async with asyncio.timeout(_GATT_S):
                    inbox.put(uuid, characteristic, await client.read_gatt_char(characteristic))
                    if "notify" in characteristic.properties:
                        await client.start_notify(characteristic, partial(inbox.put, uuid))
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

        expected = isinstance(error, BleakError | OSError | EOFError | SensorError)
        _log.log(logging.DEBUG if expected else logging.WARNING, "link: %r", error)
        self._cause = error
        unavailable = error if isinstance(error, SensorError) else explain(error)
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
        """Wait longer after each attempt that failed; at the start the user waits too, so less."""
        delay_s = _FIRST_DELAY_S
        if self._give_up_s is None:
            delay_s = min(_FIRST_DELAY_S * 2.0 ** min(self._failures, 10), _LONGEST_DELAY_S)
        self._failures += 1
        await asyncio.sleep(delay_s * self._rng.uniform(0.75, 1.25))

    def _not_found(self) -> SensorNotFound:
        wanted = f"strap named {self._plan.wanted!r}" if self._plan.wanted else "heart rate strap"
        what = "was seen but did not answer" if self._met else "was not found"
        return SensorNotFound(
            f"the {wanted} {what} within {self._plan.wait_s:g} s; "
            f"seen: {describe(self._seen.values())}",
            hint="Wear it, wet the electrodes, and close other apps that use it.",
        )


class _Inbox:
    """Packets in order of arrival; radio callbacks put them in, one reader takes them out."""

    def __init__(self, plan: Plan, clock: Clock) -> None:
        self._clock, self._data = clock, plan.data
        self._silence_s = max(5.0, 5.0 * plan.period_s)
        self._queue: asyncio.Queue[Packet | GapReason] = asyncio.Queue()
        self._heard_s = clock()

    def listen(self) -> None:
        """Start to count silence: now the device is expected to send."""
        self._heard_s = self._clock()

    def put(self, uuid: str, _: BleakGATTCharacteristic, data: bytearray) -> None:
        """Take what was notified or read; only data breaks the silence."""
        now_s = self._clock()
        if uuid in self._data:
            self._heard_s = now_s
        if self._queue.qsize() >= _INBOX:
            self._queue.get_nowait()
        self._queue.put_nowait(Packet(now_s, uuid, bytes(data)))

    def close(self, reason: GapReason) -> None:
        """End the flow, after what has arrived."""
        self._queue.put_nowait(reason)

    async def next(self) -> Packet | GapReason:
        """Return the next packet, or why there will be no more."""
        while True:
            with suppress(TimeoutError):
                left_s = self._heard_s + self._silence_s - self._clock()
                async with asyncio.timeout(max(0.0, left_s)):
                    return await self._queue.get()
            # bluetoothd can crash without a word, so silence is the only sign.
            if self._clock() - self._heard_s >= self._silence_s:
                return "stall"
