"""The measurements of Polar's sensors: ECG, pulse wave, pulse intervals and acceleration.

Polar sends them only on request, and goes on until it is told to stop or its battery is empty:
`PmdDialogue` starts and always stops them, `PmdReader` makes samples of their frames.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from sensors.ble.gatt import Dialogue, Gatt, Packet
from sensors.codecs import polar_pmd as pmd
from sensors.codecs.polar_pmd import Frame, Measurement, Reply, Setting
from sensors.device_clock import DeviceClock
from sensors.errors import PacketError, SensorUnavailable
from sensors.signals import Chunk, Gap, GapReason, Signal
from sensors.timeline import BeatTimeline
from sensors.wave_timeline import WaveTimeline

__all__ = [
    "PMD_CONTROL",
    "PMD_DATA",
    "STREAMS",
    "PmdDialogue",
    "PmdReader",
    "Running",
    "names_of",
]

PMD_CONTROL = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
PMD_DATA = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"

_HEART_RATE = "00002a37-0000-1000-8000-00805f9b34fb"
#: While a sensor looks for pulse intervals, its heart rate may come this seldom.
_SLOW_HEART_RATE_S = 6.0

#: What can be asked for, by its name.
STREAMS = {
    "ecg": Measurement.ECG,
    "acc": Measurement.ACC,
    "ppg": Measurement.PPG,
    "ppi": Measurement.PPI,
}
_WORDS = {
    Measurement.ECG: "ECG",
    Measurement.ACC: "acceleration",
    Measurement.PPG: "pulse wave",
    Measurement.PPI: "pulse intervals",
}
_SIGNALS = {
    Measurement.ECG: Signal.ECG,
    Measurement.ACC: Signal.ACC,
    Measurement.PPG: Signal.PPG,
}
#: What is preferred where there is a choice; the nearest is taken. Movement needs no more than
#: 50 Hz, and a higher rate costs battery.
_PREFERRED: dict[Measurement, dict[Setting, int]] = {
    Measurement.ECG: {Setting.RATE_HZ: 130},
    Measurement.ACC: {Setting.RATE_HZ: 50, Setting.RANGE: 8},
    Measurement.PPG: {Setting.RATE_HZ: 55},
}
#: The longest usual time between frames. Pulse intervals come in batches, the first after 25 s.
_PERIOD_S = {
    Measurement.ECG: 1.0,
    Measurement.ACC: 2.0,
    Measurement.PPG: 2.0,
    Measurement.PPI: 8.0,
}
_RUNS_ALREADY, _ON_CHARGER = 6, 13
_INTERVAL_ERROR = 0.1  #: of an interval; our own guess at what spoils variability
_NS = 1e-9

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Running:
    """A measurement that was started: its rate as promised, and the factor of its samples."""

    rate_hz: float
    factor: float


class PmdDialogue(Dialogue):
    """Starts the wanted measurements, starts them again when they stop, stops them at the end.

    Without any wanted, an optical sensor is asked for its pulse intervals, since its heart rate
    service has none, and other sensors for nothing. `running` is what the device sends.
    """

    def __init__(self, wanted: frozenset[Measurement]) -> None:
        self.running: dict[Measurement, Running] = {}
        self._wanted = wanted
        self._heard_s: dict[Measurement, float] = {}
        self._asked: set[Measurement] = set()

    async def begin(self, gatt: Gatt) -> None:
        """Ask for what is wanted; raise `SensorUnavailable` where the device does not have it."""
        self.running.clear()
        self._heard_s.clear()
        self._asked.clear()
        streams = await self._choose(gatt)
        if not streams:
            return
        if Measurement.PPI in streams:
            gatt.expect_every(_HEART_RATE, _SLOW_HEART_RATE_S)
        await gatt.listen(PMD_CONTROL)
        await gatt.listen(PMD_DATA, min(_PERIOD_S[kind] for kind in streams))
        for kind in streams:
            await self._start(gatt, kind)

    async def hear(self, gatt: Gatt, packet: Packet) -> None:
        """Start again what the device stopped by itself, or what fell silent alone."""
        if packet.uuid == PMD_CONTROL:
            for kind in pmd.stopped_by_device(packet.data) & self.running.keys():
                _log.info("the sensor stopped %s; starting it again", kind.name)
                await self._start(gatt, kind)
        elif packet.uuid == PMD_DATA and packet.data:
            for kind in self.running:
                if packet.data[0] & 0x3F == kind:
                    self._heard_s[kind] = packet.time_s
        for kind in tuple(self.running):
            since_s = self._heard_s.setdefault(kind, packet.time_s)
            if packet.time_s - since_s > 5.0 * _PERIOD_S[kind]:
                self._heard_s[kind] = packet.time_s
                await self._start(gatt, kind)

    async def end(self, gatt: Gatt) -> None:
        """Stop whatever may run."""
        problem: Exception | None = None
        for kind in sorted(self._asked):
            try:
                await gatt.write(PMD_CONTROL, pmd.stop(kind))
            except Exception as error:  # the next one must be stopped as well
                problem = error
        if problem:
            raise problem

    async def _choose(self, gatt: Gatt) -> list[Measurement]:
        offered: frozenset[Measurement] = frozenset()
        if gatt.has(PMD_CONTROL):
            try:
                offered = pmd.features(await gatt.read(PMD_CONTROL))
            except Exception as error:  # its heart rate may come all the same
                if self._wanted:
                    raise
                _log.debug("no measurements: %r", error)
        if missing := self._wanted - offered:
            raise SensorUnavailable(
                f"{gatt.label} cannot send {_names(missing)}; it can send {_names(offered)}",
                hint="Leave that out of the sensor's address, after the question mark.",
            )
        if self._wanted:
            return sorted(self._wanted)
        optical = Measurement.PPI in offered and Measurement.ECG not in offered
        return [Measurement.PPI] if optical else []

    async def _start(self, gatt: Gatt, kind: Measurement) -> None:
        settings: dict[Setting, int] = {}
        if kind is not Measurement.PPI:  # it has none
            choices = await _request(gatt, pmd.ask_settings(kind))
            _check(gatt, kind, choices)
            settings = _settle(choices.settings, _PREFERRED[kind])
        self._asked.add(kind)
        reply = await _request(gatt, pmd.start(kind, settings))
        if reply.error == _RUNS_ALREADY:  # a program that was killed left it so
            await _request(gatt, pmd.stop(kind))
            reply = await _request(gatt, pmd.start(kind, settings))
        _check(gatt, kind, reply)
        self.running[kind] = Running(float(settings.get(Setting.RATE_HZ, 1)), reply.factor)


async def _request(gatt: Gatt, request: bytes) -> Reply:
    def answers(packet: bytes) -> bool:
        return packet[:1] == b"\xf0" and packet[1:3] == request[:2]

    return Reply.decode(await gatt.ask(PMD_CONTROL, request, answers))


def _check(gatt: Gatt, kind: Measurement, reply: Reply) -> None:
    if reply.error == _ON_CHARGER:
        raise SensorUnavailable(
            f"{gatt.label} does not measure while it is charged",
            hint="Take it off its charger and wear it.",
        )
    if reply.error:
        raise SensorUnavailable(
            f"{gatt.label} refuses to send {_names({kind})}: {reply}",
            hint="Switch it off and on again, and close other apps that use it.",
        )


def _settle(
    choices: Mapping[Setting, tuple[int, ...]], preferred: Mapping[Setting, int]
) -> dict[Setting, int]:
    """Return of each setting the value nearest to the preferred one, else the largest."""
    settled: dict[Setting, int] = {}
    for setting, values in choices.items():
        if values and setting in preferred:
            settled[setting] = min(values, key=lambda value: abs(value - preferred[setting]))
        elif values:
            settled[setting] = max(values)
    return settled


def names_of(kinds: frozenset[Measurement]) -> list[str]:
    """Return in words what of it we can make use of."""
    return [words for kind, words in _WORDS.items() if kind in kinds]


def _names(kinds: frozenset[Measurement] | set[Measurement]) -> str:
    names = [name for name, kind in STREAMS.items() if kind in kinds]
    return ", ".join(names) or "nothing of its own"


@dataclass(slots=True)
class PmdReader:
    """Turns frames into samples.

    `running` is the dialogue's, for rates and factors. The device's clock is followed across
    connections.
    """

    source: str
    running: Mapping[Measurement, Running]
    clock: DeviceClock = field(default_factory=DeviceClock)
    _waves: dict[Measurement, WaveTimeline] = field(default_factory=dict)
    _beats: BeatTimeline | None = None

    @property
    def drift_ppm(self) -> float | None:
        """Return how fast the device's clock runs; None where it is not known yet."""
        if self.clock.drift.ppm is None and self._beats:
            return self._beats.drift.ppm
        return self.clock.drift.ppm

    def take(self, packet: Packet) -> list[Chunk | Gap]:
        """Return the samples of a frame; raise `PacketError` for one that does not decode."""
        if packet.uuid == PMD_CONTROL:
            for stopped in pmd.stopped_by_device(packet.data):
                self._break(stopped, "stall")
            return []
        try:
            frame = Frame.decode(packet.data)
        except PacketError:
            if packet.data:
                self._break(packet.data[0] & 0x3F, "bad_data")
            raise
        running = self.running.get(frame.kind)
        if running is None:  # sent before it was stopped
            return []
        if frame.kind is Measurement.PPI:
            return self._intervals(packet.time_s, frame)
        if frame.kind not in self._waves:
            signal = _SIGNALS[frame.kind]
            wave = WaveTimeline(signal, self.source, running.rate_hz, self.clock)
            self._waves[frame.kind] = wave
        values = frame.values(running.factor)
        return self._waves[frame.kind].feed(packet.time_s, frame.device_ns * _NS, values)

    def interrupt(self, reason: GapReason) -> None:
        """Break off all signals: the link was lost."""
        for kind in Measurement:
            self._break(kind, reason)

    def _break(self, kind: int, reason: GapReason) -> None:
        for known, wave in self._waves.items():
            if known == kind:
                wave.interrupt(reason)
        if kind == Measurement.PPI and self._beats:
            self._beats.interrupt(reason)

    def _intervals(self, arrival_s: float, frame: Frame) -> list[Chunk | Gap]:
        """Return the beats of a batch, in runs between those that cannot be trusted."""
        beats = self._beats = self._beats or BeatTimeline(self.source, ticks_per_s=1000)
        samples: list[Chunk | Gap] = []
        run: list[int] = []
        left_ms = sum(interval.interval_ms for interval in frame.intervals)
        for interval in frame.intervals:
            left_ms -= interval.interval_ms
            reason: GapReason | None = None
            if interval.contact is False:
                reason = "no_contact"
            elif interval.moved or interval.error_ms > _INTERVAL_ERROR * interval.interval_ms:
                reason = "bad_data"
            if reason is None:
                run.append(interval.interval_ms)
                continue
            if run:
                ended_s = arrival_s - (left_ms + interval.interval_ms) / 1000.0
                samples += beats.feed(ended_s, run)
            run = []
            beats.interrupt(reason)
        return [*samples, *(beats.feed(arrival_s, run) if run else [])]
