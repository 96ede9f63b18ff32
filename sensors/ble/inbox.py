"""The packets of a connected device, from the radio's callbacks to one reader."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sensors.base import Clock
from sensors.ble.tap import current_tap
from sensors.signals import GapReason

if TYPE_CHECKING:
    from bleak.backends.characteristic import BleakGATTCharacteristic

__all__ = ["GATT_S", "Packet", "PacketInbox"]

GATT_S = 5.0  #: no operation on a device takes longer, or it has failed
_INBOX = 512  #: packets; two minutes of ECG and acceleration. When full, the oldest is lost.
#: Less is left by rounding alone: added to the loop's time it may change nothing, and a wait that
#: takes no time would be begun again and again.
_TICK_S = 1e-3


@dataclass(frozen=True, slots=True)
class Packet:
    """The bytes of one characteristic, and when they arrived."""

    time_s: float  #: session time of arrival
    uuid: str  #: of the characteristic, in full and lower case
    data: bytes  #: its value


class PacketInbox:
    """Packets in order of arrival; radio callbacks put them in, one reader takes them out.

    Parameters
    ----------
    clock
        The session's.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock, self._tap = clock, current_tap()
        self._queue: asyncio.Queue[Packet | GapReason | Exception] = asyncio.Queue()
        self._silence_s: dict[str, float] = {}
        self._heard_s: dict[str, float] = {}
        self._question: tuple[str, Callable[[bytes], bool], asyncio.Future[bytes]] | None = None

    def watch(self, uuid: str, period_s: float) -> None:
        """Count the silence of a characteristic that usually sends every `period_s`.

        Parameters
        ----------
        uuid
            The characteristic, its full UUID in lower case.
        period_s
            The usual time between its packets.
        """
        self._silence_s[uuid] = max(5.0, 5.0 * period_s)
        self._heard_s[uuid] = self._clock()

    def unwatch(self, uuid: str) -> None:
        """Count the silence of a characteristic no more.

        Parameters
        ----------
        uuid
            The characteristic, its full UUID in lower case.
        """
        self._silence_s.pop(uuid, None)

    def watches(self, uuid: str) -> bool:
        """Return whether packets of this characteristic are what the device is there for.

        Parameters
        ----------
        uuid
            The characteristic, its full UUID in lower case.

        Returns
        -------
        bool
            False for what is only listened to.
        """
        return uuid in self._silence_s

    def listen(self) -> None:
        """Start to count silence: now the device is expected to send."""
        self._heard_s = dict.fromkeys(self._silence_s, self._clock())

    def expect(self, uuid: str, is_answer: Callable[[bytes], bool]) -> asyncio.Future[bytes]:
        """Return the next packet of a characteristic that is an answer, instead of queueing it.

        Parameters
        ----------
        uuid
            The characteristic, its full UUID in lower case.
        is_answer
            Says of a packet whether it is the one asked for.

        Returns
        -------
        asyncio.Future[bytes]
            Cancel it when the answer is not wanted any more.
        """
        future = asyncio.get_running_loop().create_future()
        self._question = uuid, is_answer, future
        return future

    def put(self, uuid: str, _: BleakGATTCharacteristic | None, data: bytearray | bytes) -> None:
        """Take what was notified or read.

        Parameters
        ----------
        uuid
            The characteristic, its full UUID in lower case.
        _
            As bleak names it; not needed.
        data
            The bytes.
        """
        now_s, packet = self._clock(), bytes(data)
        if uuid in self._heard_s:
            self._heard_s[uuid] = now_s
        is_answer = self._answers(uuid, packet)
        if self._tap and _ is not None:  # what was read is told by who read it
            self._tap.notified(uuid, packet, is_answer)
        if is_answer:
            return
        if self._queue.qsize() >= _INBOX:
            self._queue.get_nowait()
        self._queue.put_nowait(Packet(now_s, uuid, packet))

    def _answers(self, uuid: str, packet: bytes) -> bool:
        """Hand a packet to who asked for it; return whether somebody did."""
        if not self._question:
            return False
        asked, is_answer, future = self._question
        if uuid != asked or future.done() or not is_answer(packet):
            return False
        future.set_result(packet)
        return True

    def left(self) -> list[Packet]:
        """Return the packets that nobody has taken; none is left then.

        Returns
        -------
        list[Packet]
            In order of arrival.
        """
        items = [self._queue.get_nowait() for _ in range(self._queue.qsize())]
        return [item for item in items if isinstance(item, Packet)]

    def close(self, reason: GapReason) -> None:
        """End the flow, after what has arrived.

        Parameters
        ----------
        reason
            Why something is missing.
        """
        self._queue.put_nowait(reason)

    def fail(self, error: Exception) -> None:
        """End the flow, after what has arrived, with an error for its reader.

        Parameters
        ----------
        error
            Raised by `next`.
        """
        self._queue.put_nowait(error)

    async def next(self) -> Packet | GapReason:
        """Return the next packet, or why there will be no more; raise what the flow ended with.

        Returns
        -------
        Packet | GapReason
            A reason when the flow was closed, or "stall" after silence.

        Raises
        ------
        Exception
            What the flow ended with.
        """
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
        left_s = min(due_s) - self._clock() if due_s else GATT_S
        return left_s if left_s > _TICK_S else 0.0
