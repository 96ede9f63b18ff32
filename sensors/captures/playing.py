"""A capture as a sensor: the drivers make samples of its packets, as they did of the live ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sensors.base import Clock, Sample, SampleStream, SensorStatus, sleep_until
from sensors.ble import bitalino, shimmer
from sensors.ble.band import LinkReader
from sensors.ble.described import reader_of
from sensors.ble.inbox import Packet
from sensors.ble.link import LinkChange
from sensors.ble.polar import PMD_CONTROL, PmdReader, RunningStream
from sensors.ble.strap import READ_VALUES, StrapReader
from sensors.captures.capture import Capture, CaptureEvent
from sensors.codecs import polar_pmd
from sensors.codecs.polar_pmd import PmdMeasurement, PmdReply, PmdSetting
from sensors.errors import PacketError
from sensors.profiles.loader import parse
from sensors.signals import GapReason

__all__ = ["CapturePlayer", "play", "samples_of"]

_LOSSES: dict[str, GapReason] = {"link": "link", "stall": "stall"}


class CapturePlayer:
    """Gives the events of a capture to the driver that it is of.

    Parameters
    ----------
    capture
        What to play.
    source
        The name under which its samples travel.

    Raises
    ------
    SettingsError
        Where the profile in it has a mistake.
    """

    def __init__(self, capture: Capture, source: str) -> None:
        self._source = source
        self._running: dict[PmdMeasurement, RunningStream] = {}
        self._rates: dict[int, float] = {}
        self._reader = self._reader_of(capture, source)

    def take(self, event: CaptureEvent) -> list[Sample]:
        """Return the samples that an event gives rise to.

        Parameters
        ----------
        event
            The next of the capture.

        Returns
        -------
        list[Sample]
            As the live driver would have made them.
        """
        match event.kind:
            case "connected":
                self._running.clear()
                return self._reader.take(LinkChange(event.time_s, "streaming", self._source))
            case "link" if event.state == "lost":
                reason = _LOSSES.get(event.reason, "link")
                return self._reader.take(LinkChange(event.time_s, "lost", "", reason))
            case "read" if event.uuid in READ_VALUES:
                return self._reader.take(Packet(event.time_s, event.uuid, event.data))
            case "packet":
                return self._reader.take(Packet(event.time_s, event.uuid, event.data))
            case "write" | "answer" if event.uuid == PMD_CONTROL:
                self._follow(event)
        return []

    def _follow(self, event: CaptureEvent) -> None:
        """Take in what was asked of a Polar sensor, and what it answered."""
        try:
            if event.kind == "write":
                if asked := polar_pmd.started(event.data):
                    rates = asked[1].get(PmdSetting.RATE_HZ, (1,))
                    self._rates[asked[0]] = float(rates[0])
                elif event.data[:1] == polar_pmd.stop(PmdMeasurement.ECG)[:1]:
                    stopped = {kind for kind in self._running if kind in event.data[1:2]}
                    for kind in stopped:
                        del self._running[kind]
                return
            reply = PmdReply.decode(event.data)
        except PacketError:
            return  # what a driver did not understand either
        for kind in PmdMeasurement:
            begins = polar_pmd.start(kind, {})
            if reply.answers(begins) and not reply.error and kind in self._rates:
                self._running[kind] = RunningStream(self._rates[kind], reply.factor)

    def _reader_of(self, capture: Capture, source: str) -> LinkReader:
        if capture.driver == "profile":
            profile = parse(Path("profile.toml"), capture.profile)
            return reader_of(replace(profile, digest=""), source)  # the capture brings it along
        if capture.driver == "BITalino":
            eda, ecg, rate_hz = (capture.options.get(key, 0) for key in ("eda", "ecg", "rate_hz"))
            settings = bitalino.BitalinoSettings(eda=eda, ecg=ecg, rate_hz=rate_hz)
            return bitalino.reader_of(settings, source)
        if capture.driver == "Shimmer3R":
            return shimmer.reader_of(source)
        return StrapReader(source, PmdReader(source, self._running))


async def play(capture: Capture, source: str, clock: Clock) -> SampleStream:
    """Yield what a capture's sensor sent, when it sent it.

    Parameters
    ----------
    capture
        What to play.
    source
        The name under which its samples travel.
    clock
        The session's; its 0 is that of the capture.

    Yields
    ------
    Sample
        In order of time, and at the end a status that says so.
    """
    player = CapturePlayer(capture, source)
    yield SensorStatus(source, clock(), "streaming", detail=f"Playing a capture: {source}.")
    for event in capture.events:
        await sleep_until(event.time_s, clock)
        for sample in player.take(event):
            yield sample
    await sleep_until(capture.duration_s, clock)
    yield SensorStatus(source, clock(), "ended", detail="The capture is over.")


def samples_of(capture: Capture, source: str) -> Iterator[Sample]:
    """Yield all samples of a capture, as fast as they can be made.

    Parameters
    ----------
    capture
        What to read.
    source
        The name under which its samples travel.

    Yields
    ------
    Sample
        In order of time.
    """
    player = CapturePlayer(capture, source)
    for event in capture.events:
        yield from player.take(event)
