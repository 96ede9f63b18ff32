"""What straps and bands have in common, from the packets of a link to samples and statuses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Protocol

from sensors.base import Clock, Sample, SampleStream
from sensors.ble.link import ConnectionSpec, LinkChange, Packet, maintain
from sensors.ble.tap import current_tap
from sensors.checks.doubt import Doubt, rate_doubt, sentences, trusts
from sensors.checks.intervals import IntervalCheck
from sensors.codecs.frame import SampleFrame
from sensors.codecs.heart_rate import battery_percent
from sensors.errors import PacketError
from sensors.signals import Signal
from sensors.status_reporter import StatusReporter
from sensors.timing.sample_timeline import SampleTimeline

__all__ = ["BATTERY", "BandReader", "Decoder", "LinkReader", "follow"]

BATTERY = "00002a19-0000-1000-8000-00805f9b34fb"
_POSSIBLE_S = 0.2, 3.0  #: between these lie a heart's intervals
_NO_CONTACT = "No contact with the skin: tighten the band, or moisten its electrodes."


class Decoder(Protocol):
    """A codec with a memory of one connection."""

    def decode(self, packet: bytes) -> list[SampleFrame]:
        """Return the frames that a notification completes, or raise `PacketError`.

        Parameters
        ----------
        packet
            The bytes of one notification.

        Returns
        -------
        list[SampleFrame]
            In order of time.

        Raises
        ------
        PacketError
            When it does not follow the format.
        """
        ...

    def reset(self) -> None:
        """Forget the connection that was lost."""
        ...


class LinkReader(ABC):
    """Turns what a link delivers into samples; holds no radio. Bad input is counted.

    Parameters
    ----------
    teller
        Says how the link is, and how much bad input there was.
    """

    def __init__(self, teller: StatusReporter) -> None:
        self._teller = teller

    def take(self, event: LinkChange | Packet) -> list[Sample]:
        """Return the samples that an event gives rise to, in order of time; often none.

        Parameters
        ----------
        event
            A change of the link, or a packet.

        Returns
        -------
        list[Sample]
            Chunks, gaps and statuses.
        """
        if isinstance(event, LinkChange):
            return self._change(event)
        try:
            samples = self._packet(event)
        except PacketError as error:
            samples = []
            self._teller.count_bad(error.kind, str(error))
            self._spoilt(event.uuid)
        return [*samples, *self._teller.say_bad(event.time_s)]

    @abstractmethod
    def _change(self, change: LinkChange) -> list[Sample]:
        """Return what a change of the link gives rise to."""

    @abstractmethod
    def _packet(self, packet: Packet) -> list[Sample]:
        """Return what a packet gives rise to; raise `PacketError` for one that is no such."""

    @abstractmethod
    def _spoilt(self, uuid: str) -> None:
        """Take in that nonsense came from a characteristic."""


async def follow(plan: ConnectionSpec, reader: LinkReader, clock: Clock) -> SampleStream:
    """Yield what a reader makes of a link, for ever.

    Parameters
    ----------
    plan
        What to connect to.
    reader
        What makes samples of it.
    clock
        The session's.

    Yields
    ------
    Sample
        In order of time.

    Raises
    ------
    SensorNotFound
        When the device does not appear in time.
    SensorUnavailable
        Where the radio cannot be used, or the user has to mend something; before the first
        packet only.
    """
    tap = current_tap()
    async with aclosing(maintain(plan, clock)) as events:
        async for event in events:
            if tap and isinstance(event, LinkChange):
                tap.changed(event.state, event.reason)
            for sample in reader.take(event):
                yield sample


class BandReader(LinkReader):
    """What all bands have in common: frames on timelines, contact and a battery.

    Parameters
    ----------
    source
        The band's name until it tells its own.
    decoders
        The codec of each characteristic, by its full UUID.
    timelines
        Makes one timeline a signal, for a source of the given name.
    profile
        Of what its packets are decoded with: name and digest; empty where that is code.
    """

    def __init__(
        self,
        source: str,
        decoders: Mapping[str, Decoder],
        timelines: Callable[[str], Sequence[SampleTimeline]],
        profile: str = "",
    ) -> None:
        super().__init__(StatusReporter(source, _NO_CONTACT, "charge it soon.", profile))
        self._decoders, self._make_timelines = decoders, timelines
        self._timelines = timelines(source)
        self._has_data = False
        self._intervals = IntervalCheck()
        self._bpm: float | None = None  #: that the device told last
        self._rates_told = 0  #: of signals that come at another rate than was promised

    def _packet(self, packet: Packet) -> list[Sample]:
        if packet.uuid == BATTERY:
            return [*self._teller.say_battery(packet.time_s, battery_percent(packet.data))]
        if packet.uuid not in self._decoders:
            return []  # what a device answers on a characteristic of its own
        return self._frames(packet.time_s, self._decoders[packet.uuid].decode(packet.data))

    def _spoilt(self, uuid: str) -> None:
        if uuid in self._decoders:
            for timeline in self._timelines:
                timeline.interrupt("bad_data")

    def _change(self, change: LinkChange) -> list[Sample]:
        if change.device and not self._has_data and change.device != self._teller.source:
            self._teller.rename(change.device)
            self._timelines = self._make_timelines(change.device)
        if change.state == "lost":
            self._intervals.restart()
            for decoder in self._decoders.values():
                decoder.reset()
            for timeline in self._timelines:
                timeline.interrupt(change.reason or "link")
        return [*self._teller.link(change.time_s, change.state, change.detail)]

    def _frames(self, time_s: float, frames: list[SampleFrame]) -> list[Sample]:
        if not frames:
            return []
        self._has_data = True
        for frame in frames:
            for kind, times in frame.bad:
                self._teller.count_bad(kind, f"{frame.signal} frame", times)
        known = [frame.worn for frame in frames if frame.worn is not None]
        contact = all(known) if known else self._teller.status.contact
        drifts = [t.drift.ppm for t in self._timelines if t.drift.ppm is not None]
        self._check_intervals(time_s, frames)
        placed = [s for timeline in self._timelines for s in timeline.feed(time_s, frames)]
        self._doubt()
        return [
            *self._teller.say(time_s, contact=contact, drift_ppm=drifts[0] if drifts else None),
            *placed,
        ]

    def _check_intervals(self, time_s: float, frames: Sequence[SampleFrame]) -> None:
        """Hold intervals against the time that passes, and the heart rate beside them."""
        beats = [frame for frame in frames if frame.signal is Signal.RR]
        rates = [v for one in frames if one.signal is Signal.HR for v in one.values if v > 0.0]
        self._bpm = rates[-1] if rates else self._bpm
        low, high = _POSSIBLE_S
        if beats:
            rr_s = [v for one in beats for v in one.values if low < v < high]
            self._intervals.feed(time_s, rr_s, self._bpm)
            if self._intervals.doubt:
                self._teller.count_bad("contradictory", self._intervals.doubt.sentence)

    def _doubt(self) -> None:
        """Tell which signals come at another rate than was promised, and count it once each."""
        doubts: list[tuple[Signal, Doubt | None]] = [
            (t.signal, rate_doubt(t.meter.declared_hz, t.meter.rate_hz, t.signal))
            for t in self._timelines
            if t.meter and t.meter.is_off
        ]
        words = sentences(doubt for _, doubt in doubts)
        while self._rates_told < len(doubts):
            self._rates_told += 1
            self._teller.count_bad("wrong rate", words)
        if self._intervals.doubt:
            doubts.append((Signal.RR, self._intervals.doubt))
            words = sentences(doubt for _, doubt in doubts)
        self._teller.trust, self._teller.trouble = trusts(doubts), words
