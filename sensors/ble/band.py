"""What all bands have in common, from the packets of a link to samples and statuses."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

from sensors.base import Clock, Sample, SampleStream, SensorStatus
from sensors.ble.link import Change, Packet, Plan, supervise
from sensors.codecs.frame import Frame
from sensors.codecs.heart_rate import battery_percent
from sensors.errors import PacketError
from sensors.sample_timeline import SampleTimeline

__all__ = ["BATTERY", "BandReader", "Decoder", "follow"]

BATTERY = "00002a19-0000-1000-8000-00805f9b34fb"
_LOW_BATTERY_PERCENT = 20

_log = logging.getLogger(__name__)


class Decoder(Protocol):
    """A codec with a memory of one connection."""

    def decode(self, packet: bytes) -> list[Frame]:
        """Return the frames that a notification completes, or raise `PacketError`."""
        ...

    def reset(self) -> None:
        """Forget the connection that was lost."""
        ...


async def follow(plan: Plan, reader: BandReader, clock: Clock) -> SampleStream:
    """Yield what a reader makes of a link, for ever."""
    async with aclosing(supervise(plan, clock)) as events:
        async for event in events:
            for sample in reader.take(event):
                yield sample


class BandReader:
    """Turns what a link delivers into samples; holds no radio.

    `timelines` makes one timeline a signal, for a source of the given name. Packets that do not
    decode are counted in `bad_packets`.
    """

    def __init__(
        self,
        source: str,
        decoder: Decoder,
        timelines: Callable[[str], Sequence[SampleTimeline]],
    ) -> None:
        self._status = SensorStatus(source, 0.0, "ended")
        self._decoder, self._make_timelines = decoder, timelines
        self._timelines = timelines(source)
        self._has_data = False
        self.bad_packets = 0

    def take(self, event: Change | Packet) -> list[Sample]:
        """Return the samples that an event gives rise to, in order of time; often none."""
        if isinstance(event, Change):
            return self._change(event)
        if event.uuid == BATTERY:
            return self._battery(event)
        try:
            frames = self._decoder.decode(event.data)
        except PacketError as error:
            self._count_bad(str(error))
            for timeline in self._timelines:
                timeline.interrupt("bad_data")
            return []
        return self._frames(event.time_s, frames)

    def _change(self, change: Change) -> list[Sample]:
        status = replace(self._status, state=change.state, detail=change.detail, contact=None)
        if change.device and not self._has_data and change.device != status.source:
            status = replace(status, source=change.device)
            self._timelines = self._make_timelines(change.device)
        if change.state == "lost":
            self._decoder.reset()
            for timeline in self._timelines:
                timeline.interrupt(change.reason or "link")
        return self._say(status, change.time_s)

    def _battery(self, packet: Packet) -> list[Sample]:
        try:
            percent = battery_percent(packet.data)
        except PacketError as error:
            self._count_bad(str(error))
            return []
        return self._say(replace(self._status, battery_percent=percent), packet.time_s)

    def _frames(self, time_s: float, frames: list[Frame]) -> list[Sample]:
        if not frames:
            return []
        self._has_data = True
        known = [frame.worn for frame in frames if frame.worn is not None]
        contact = all(known) if known else self._status.contact
        samples = self._say(replace(self._status, state="streaming", contact=contact), time_s)
        for timeline in self._timelines:
            samples += timeline.feed(time_s, frames)
        return samples

    def _say(self, status: SensorStatus, time_s: float) -> list[Sample]:
        """Return the status if it says anything new, with advice while all is well otherwise."""
        if status.state == "streaming":
            status = replace(status, detail=_advice(status))
        if status == self._status:
            return []
        self._status = replace(status, time_s=time_s)
        return [self._status]

    def _count_bad(self, what: str) -> None:
        self.bad_packets += 1
        if self.bad_packets in (1, 10, 100, 1000):
            _log.warning("bad packets from the band: %d (%s)", self.bad_packets, what)


def _advice(status: SensorStatus) -> str:
    if status.contact is False:
        return "No contact with the skin: tighten the band, or moisten its electrodes."
    if status.battery_percent is not None and status.battery_percent <= _LOW_BATTERY_PERCENT:
        return f"The battery is at {status.battery_percent} %: charge it soon."
    return ""
