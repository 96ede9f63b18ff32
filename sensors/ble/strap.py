"""Any strap with the standard Heart Rate Service, as a sensor of RR intervals."""

from __future__ import annotations

import logging
from contextlib import aclosing
from dataclasses import dataclass, replace

from sensors.base import Clock, Sample, SampleStream, SensorStatus
from sensors.ble.link import Change, Packet, Plan, supervise
from sensors.codecs.heart_rate import HeartRateMeasurement, battery_percent, body_location
from sensors.errors import PacketError, SettingsError
from sensors.signals import Chunk, Gap, GapReason, Signal
from sensors.timeline import BeatTimeline

__all__ = ["Settings", "StrapReader", "stream"]

_MEASUREMENT = "00002a37-0000-1000-8000-00805f9b34fb"
_LOCATION = "00002a38-0000-1000-8000-00805f9b34fb"
_BATTERY = "00002a19-0000-1000-8000-00805f9b34fb"
_PERIOD_S = 1.0
_LOW_BATTERY_PERCENT = 20
_PLAUSIBLE_BPM = range(20, 301)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Which strap: its address, its name or the start of it; empty for the only one there.

    `wait_s` is how long it may take to appear at the start.
    """

    name_or_address: str = ""
    wait_s: float = 30.0
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0.0 < self.wait_s <= 3600.0:
            raise SettingsError(f"a wait of {self.wait_s:g} s", hint="Give 1 to 3600 s.")


async def stream(settings: Settings, clock: Clock) -> SampleStream:
    """Yield RR intervals, heart rates, gaps and statuses of one strap, for ever.

    Raises `SensorUnavailable` or `SensorNotFound` before the first packet only.
    """
    plan = Plan(
        wanted=settings.name_or_address.strip(),
        wait_s=settings.wait_s,
        data={_MEASUREMENT: _PERIOD_S},
        extras=(_BATTERY, _LOCATION),
        seed=settings.seed,
    )
    reader = StrapReader(plan.wanted or "heart rate strap")
    async with aclosing(supervise(plan, clock)) as events:
        async for event in events:
            for sample in reader.take(event):
                yield sample


class StrapReader:
    """Turns what a link delivers into samples; holds no radio.

    Packets that do not decode are counted in `bad_packets`.
    """

    def __init__(self, source: str) -> None:
        self._status = SensorStatus(source, 0.0, "ended")
        self._timeline = BeatTimeline(source)
        self._heart_rate_s: float | None = None
        self._broken_by: GapReason | None = None
        self.bad_packets = 0

    def take(self, event: Change | Packet) -> list[Sample]:
        """Return the samples that an event gives rise to, in order of time; often none."""
        if isinstance(event, Change):
            return self._change(event)
        try:
            if event.uuid == _MEASUREMENT:
                return self._measurement(event.time_s, HeartRateMeasurement.decode(event.data))
            if event.uuid == _BATTERY:
                percent = battery_percent(event.data)
                return self._say(replace(self._status, battery_percent=percent), event.time_s)
            _log.debug("worn at: %s", body_location(event.data))
        except PacketError as error:
            self._count_bad(str(error))
            if event.uuid == _MEASUREMENT:
                self._interrupt("bad_data")
        return []

    def _change(self, change: Change) -> list[Sample]:
        status = replace(self._status, state=change.state, detail=change.detail, contact=None)
        if change.device and self._heart_rate_s is None:
            status = replace(status, source=change.device)
            self._timeline = BeatTimeline(change.device)
        if change.state == "lost":
            self._interrupt(change.reason or "link")
        return self._say(status, change.time_s)

    def _measurement(self, time_s: float, measured: HeartRateMeasurement) -> list[Sample]:
        if measured.heart_rate_bpm and measured.heart_rate_bpm not in _PLAUSIBLE_BPM:
            raise PacketError(f"a heart rate of {measured.heart_rate_bpm} bpm")
        beating = measured.contact is not False and measured.heart_rate_bpm > 0
        # A strap that cannot tell its contact still shows that it finds no heart.
        contact = measured.contact if beating else False
        samples = self._say(replace(self._status, state="streaming", contact=contact), time_s)
        if not beating:
            self._interrupt("no_contact")
            return samples
        samples += self._heart_rate(time_s, measured.heart_rate_bpm)
        if measured.rr_damaged:
            self._count_bad("intervals that were cut")
            self._timeline.interrupt("bad_data")
        return [*samples, *self._timeline.feed(time_s, measured.rr_1024)]

    def _heart_rate(self, time_s: float, bpm: int) -> list[Sample]:
        source, reason, since_s = self._status.source, self._broken_by, self._heart_rate_s
        self._heart_rate_s, self._broken_by = time_s, None
        samples: list[Sample] = []
        if reason and since_s is not None:
            samples.append(Gap(Signal.HR, source, since_s, time_s, reason))
        return [*samples, Chunk.events(Signal.HR, source, [time_s], [bpm])]

    def _interrupt(self, reason: GapReason) -> None:
        self._broken_by = self._broken_by or reason
        self._timeline.interrupt(reason)

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
            _log.warning("bad packets from the strap: %d (%s)", self.bad_packets, what)


def _advice(status: SensorStatus) -> str:
    if status.contact is False:
        return "No contact with the skin: wet the electrodes and tighten the strap."
    if status.battery_percent is not None and status.battery_percent <= _LOW_BATTERY_PERCENT:
        return f"The battery is at {status.battery_percent} %: change it soon."
    return ""
