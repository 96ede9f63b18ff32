"""The measurements of Polar's sensors: ECG, pulse wave, pulse intervals and acceleration.

Polar sends them only on request (`polar_dialogue`); `PmdReader` makes samples of their frames.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field

from sensors.ble.inbox import Packet
from sensors.checks.doubt import Doubt, rate_doubt
from sensors.checks.intervals import IntervalCheck
from sensors.codecs import polar_pmd as pmd
from sensors.codecs.polar_frames import PmdFrame
from sensors.codecs.polar_pmd import PmdMeasurement
from sensors.errors import PacketError
from sensors.signals import Chunk, Gap, GapReason, Signal
from sensors.timing.beat_timeline import BeatTimeline
from sensors.timing.device_clock import DeviceClock
from sensors.timing.wave_timeline import WaveTimeline

__all__ = [
    "PMD_CONTROL",
    "PMD_DATA",
    "STREAMS",
    "PmdReader",
    "RunningStream",
    "names_of",
]

PMD_CONTROL = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
PMD_DATA = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"

#: What can be asked for, by its name.
STREAMS = {
    "ecg": PmdMeasurement.ECG,
    "acc": PmdMeasurement.ACC,
    "ppg": PmdMeasurement.PPG,
    "ppi": PmdMeasurement.PPI,
}
_WORDS = {
    PmdMeasurement.ECG: "ECG",
    PmdMeasurement.ACC: "acceleration",
    PmdMeasurement.PPG: "pulse wave",
    PmdMeasurement.PPI: "pulse intervals",
}
_SIGNALS = {
    PmdMeasurement.ECG: Signal.ECG,
    PmdMeasurement.ACC: Signal.ACC,
    PmdMeasurement.PPG: Signal.PPG,
}
_INTERVAL_ERROR = 0.1  #: of an interval; our own guess at what spoils variability
_POSSIBLE_MS = range(200, 3001)  #: what a heart's intervals can be
_NS = 1e-9


@dataclass(frozen=True, slots=True)
class RunningStream:
    """A measurement that was started: its rate as promised, and the factor of its samples."""

    rate_hz: float  #: as promised
    factor: float  #: what compressed samples are multiplied by


def names_of(kinds: frozenset[PmdMeasurement]) -> list[str]:
    """Return in words what of it we can make use of.

    Parameters
    ----------
    kinds
        What a sensor has.

    Returns
    -------
    list[str]
        Empty where nothing of it is of use.
    """
    return [words for kind, words in _WORDS.items() if kind in kinds]


@dataclass(slots=True)
class PmdReader:
    """Turns frames into samples.

    `running` is the dialogue's, for rates and factors. The device's clock is followed across
    connections.
    """

    source: str  #: the sensor's name
    running: Mapping[PmdMeasurement, RunningStream]
    clock: DeviceClock = field(default_factory=DeviceClock)  #: the device's own
    _waves: dict[PmdMeasurement, WaveTimeline] = field(default_factory=dict)
    _beats: BeatTimeline | None = None
    _intervals_check: IntervalCheck = field(default_factory=IntervalCheck)

    @property
    def interval_doubt(self) -> Doubt | None:
        """Return what does not fit about its pulse intervals; None while all does."""
        return self._intervals_check.doubt

    @property
    def drift_ppm(self) -> float | None:
        """Return how fast the device's clock runs; None where it is not known yet."""
        if self.clock.drift.ppm is None and self._beats:
            return self._beats.drift.ppm
        return self.clock.drift.ppm

    @property
    def doubts(self) -> list[tuple[Signal, Doubt | None]]:
        """Return which signals come at another rate than was promised."""
        meters = [(kind, wave.meter) for kind, wave in self._waves.items() if wave.meter.is_off]
        return [
            (_SIGNALS[kind], rate_doubt(meter.declared_hz, meter.rate_hz, _WORDS[kind]))
            for kind, meter in meters
        ]

    def take(self, packet: Packet) -> list[Chunk | Gap]:
        """Return the samples of a frame; raise `PacketError` for one that does not decode.

        Parameters
        ----------
        packet
            One of the data characteristic, or of the control point.

        Returns
        -------
        list[Chunk | Gap]
            In order of time; none of a measurement that is not wanted.

        Raises
        ------
        PacketError
            For one that does not decode.
        """
        if packet.uuid == PMD_CONTROL:
            for stopped in pmd.stopped_by_device(packet.data):
                self._break(stopped, "stall")
            return []
        try:
            frame = PmdFrame.decode(packet.data)
        except PacketError:
            if packet.data:
                self._break(packet.data[0] & 0x3F, "bad_data")
            raise
        running = self.running.get(frame.kind)
        if running is None:  # sent before it was stopped
            return []
        if frame.kind is PmdMeasurement.PPI:
            return self._intervals(packet.time_s, frame)
        if frame.kind not in self._waves:
            signal = _SIGNALS[frame.kind]
            wave = WaveTimeline(signal, self.source, running.rate_hz, self.clock)
            self._waves[frame.kind] = wave
        values = frame.values(running.factor)
        return self._waves[frame.kind].feed(packet.time_s, frame.device_ns * _NS, values)

    def interrupt(self, reason: GapReason) -> None:
        """Break off all signals: the link was lost.

        Parameters
        ----------
        reason
            Why something is missing.
        """
        for kind in PmdMeasurement:
            self._break(kind, reason)
        self._intervals_check.restart()

    def _break(self, kind: int, reason: GapReason) -> None:
        for known, wave in self._waves.items():
            if known == kind:
                wave.interrupt(reason)
        if kind == PmdMeasurement.PPI and self._beats:
            self._beats.interrupt(reason)

    def _intervals(self, arrival_s: float, frame: PmdFrame) -> list[Chunk | Gap]:
        """Return the beats of a batch, in runs between those that cannot be trusted."""
        beats = self._beats = self._beats or BeatTimeline(self.source, ticks_per_s=1000)
        samples: list[Chunk | Gap] = []
        run: list[int] = []
        # Those that cannot be trusted fill the time as well.
        all_ms = [interval.interval_ms for interval in frame.intervals]
        left_ms = sum(all_ms)
        rr_s = [one_ms / 1000.0 for one_ms in all_ms if one_ms in _POSSIBLE_MS]
        rates = [one.heart_rate_bpm for one in frame.intervals if one.heart_rate_bpm]
        self._intervals_check.feed(arrival_s, rr_s, statistics.fmean(rates) if rates else None)
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
