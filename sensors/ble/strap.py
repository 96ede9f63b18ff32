"""Any strap with the standard Heart Rate Service, as a sensor of RR intervals.

Those of Polar send more on the same connection, when they are asked to.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from sensors.base import Clock, Sample, SampleStream
from sensors.ble.band import BATTERY, LinkReader, follow
from sensors.ble.device_query import DeviceQuery, legible
from sensors.ble.link import ConnectionSpec, LinkChange, Packet
from sensors.ble.polar import PMD_CONTROL, PMD_DATA, STREAMS, PmdReader
from sensors.ble.polar_dialogue import PmdDialogue
from sensors.checks.contact import ContactCheck
from sensors.checks.doubt import Doubt, sentences, trusts
from sensors.checks.intervals import IntervalCheck
from sensors.codecs.device_information import device_text
from sensors.codecs.heart_rate import HeartRateMeasurement, battery_percent, body_location
from sensors.codecs.polar_pmd import PmdMeasurement
from sensors.errors import PacketError, SettingsError
from sensors.signals import Chunk, Gap, GapReason, Signal
from sensors.status_reporter import StatusReporter
from sensors.timing.beat_timeline import BeatTimeline, is_plausible

__all__ = ["READ_VALUES", "StrapReader", "StrapSettings", "stream"]

_MEASUREMENT = "00002a37-0000-1000-8000-00805f9b34fb"
_LOCATION = "00002a38-0000-1000-8000-00805f9b34fb"
#: What a device says about itself, in the order of a sentence about it.
_ABOUT = {
    "00002a29-0000-1000-8000-00805f9b34fb": "",
    "00002a24-0000-1000-8000-00805f9b34fb": "",
    "00002a25-0000-1000-8000-00805f9b34fb": "serial number ",
    "00002a26-0000-1000-8000-00805f9b34fb": "firmware ",
}
#: What is read of a strap once, and followed where that is offered.
READ_VALUES = (_LOCATION, *_ABOUT, BATTERY)
_PERIOD_S = 1.0
_PPI_FRAME = bytes([PmdMeasurement.PPI])  #: how a frame of pulse intervals begins
_NO_CONTACT = "No contact with the skin: wet the electrodes and tighten the strap."
_PLAUSIBLE_BPM = range(20, 301)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StrapSettings:
    """Which strap, and what it shall send besides heart rate and RR intervals.

    It is named by its address, its name or the start of it, or by its `serial` number; with both
    empty it is the only one there. `label` is what it is called in messages until it has been
    seen. `streams` are names in `STREAMS`. `wait_s` is how long it may
    take to appear at the start.
    """

    name_or_address: str = ""  #: or the start of a name
    serial: str = ""
    label: str = ""
    streams: frozenset[str] = field(default_factory=frozenset)
    wait_s: float = 30.0
    seed: int = 1  #: of the pauses between attempts

    def __post_init__(self) -> None:
        legible(self.name_or_address)
        legible(self.serial)
        if not 0.0 < self.wait_s <= 3600.0:
            raise SettingsError(f"a wait of {self.wait_s:g} s", hint="Give 1 to 3600 s.")
        if unknown := sorted(self.streams - STREAMS.keys()):
            raise SettingsError(
                f"no strap sends {', '.join(unknown)}", hint=f"Choose of {', '.join(STREAMS)}."
            )


def stream(settings: StrapSettings, clock: Clock) -> SampleStream:
    """Return RR intervals, heart rates, gaps and statuses of one strap, for ever.

    With `settings.streams` a Polar sensor sends those as well.

    Parameters
    ----------
    settings
        Which device, and what it is to send.
    clock
        The session's.

    Returns
    -------
    SampleStream
        In order of time.

    Raises
    ------
    SensorNotFound
        When it does not appear in time; before the first packet only.
    SensorUnavailable
        Where the radio cannot be used, or the user has to mend something; before the first
        packet only.
    """
    dialogue = PmdDialogue(frozenset(STREAMS[name] for name in settings.streams))
    plan = ConnectionSpec(
        wanted=DeviceQuery(
            text=settings.name_or_address,
            serial=settings.serial,
            label=settings.label,
        ),
        wait_s=settings.wait_s,
        data={_MEASUREMENT: _PERIOD_S},
        extras=READ_VALUES,
        dialogue=dialogue,
        seed=settings.seed,
    )
    wanted = plan.wanted
    source = wanted.label or wanted.text or wanted.serial or wanted.what
    reader = StrapReader(source, PmdReader(source, dialogue.running), lambda: dialogue.trouble)
    return follow(plan, reader, clock)


class StrapReader(LinkReader):
    """Heart rate and intervals of a strap, and what a Polar sensor sends besides.

    Parameters
    ----------
    source
        The strap's name until it tells its own.
    pmd
        Takes what Polar's sensors send besides; None for none.
    trouble
        Says why some of that does not come; an empty text while all does.
    """

    def __init__(
        self,
        source: str,
        pmd: PmdReader | None = None,
        trouble: Callable[[], str] = str,
    ) -> None:
        super().__init__(StatusReporter(source, _NO_CONTACT, "change it soon."))
        self._pmd = pmd or PmdReader(source, {})
        self._trouble = trouble
        self._about: dict[str, str] = {}
        self._timeline = BeatTimeline(source)
        self._intervals, self._contact = IntervalCheck(), ContactCheck()
        self._rates_told = 0  #: of signals that come at another rate than was promised
        self._heart_rate_s: float | None = None
        self._broken_by: GapReason | None = None

    def _packet(self, packet: Packet) -> list[Sample]:
        if packet.uuid == _MEASUREMENT:
            return self._measurement(packet.time_s, HeartRateMeasurement.decode(packet.data))
        if packet.uuid in (PMD_DATA, PMD_CONTROL):
            samples: list[Sample] = [*self._pmd.take(packet)]
            if self._pmd.interval_doubt and packet.data[:1] == _PPI_FRAME:
                self._teller.count_bad("contradictory", self._pmd.interval_doubt.sentence)
            while self._rates_told < len(self._pmd.doubts):
                self._rates_told += 1
                self._teller.count_bad("wrong rate", sentences(d for _, d in self._pmd.doubts))
            return samples
        if packet.uuid in _ABOUT:
            self._about[packet.uuid] = device_text(packet.data)
            self._teller.portrait = self._portrait()
        elif packet.uuid == BATTERY:
            return [*self._teller.say_battery(packet.time_s, battery_percent(packet.data))]
        elif packet.uuid == _LOCATION:
            _log.debug("worn at: %s", body_location(packet.data))
        return []

    def _spoilt(self, uuid: str) -> None:
        if uuid == _MEASUREMENT:
            self._interrupt("bad_data")

    def _change(self, change: LinkChange) -> list[Sample]:
        if change.device and self._heart_rate_s is None:
            self._teller.rename(change.device)
            self._timeline = BeatTimeline(change.device)
            self._pmd.source = change.device
        if change.state == "lost":
            self._interrupt(change.reason or "link")
            self._intervals.restart()
            self._pmd.interrupt(change.reason or "link")
        return [*self._teller.link(change.time_s, change.state, change.detail)]

    def _measurement(self, time_s: float, measured: HeartRateMeasurement) -> list[Sample]:
        if measured.heart_rate_bpm and measured.heart_rate_bpm not in _PLAUSIBLE_BPM:
            raise PacketError(f"a heart rate of {measured.heart_rate_bpm} bpm", "out of range")
        # A strap that cannot tell its contact still shows that it finds no heart.
        worn = measured.contact is not False and measured.heart_rate_bpm > 0
        rr = self._without_padding(measured.rr_1024)
        sound = is_plausible(rr)
        rr_s = tuple(one / 1024 for one in rr) if sound else ()
        self._contact.feed(time_s, worn, measured.heart_rate_bpm, rr_s)
        beating = worn or self._contact.doubt is not None
        contact = measured.contact if worn else None if beating else False
        if measured.odd_flags:
            self._teller.count_bad("odd flags", "bits that mean nothing here, or no intervals")
        if beating:
            self._intervals.feed(time_s, rr_s, measured.heart_rate_bpm or None)
        self._doubt(bool(rr))
        samples: list[Sample] = [
            *self._teller.say(time_s, contact=contact, drift_ppm=self._drift_ppm)
        ]
        if not beating:
            self._interrupt("no_contact")
            return samples
        if measured.heart_rate_bpm:
            samples += self._heart_rate(time_s, measured.heart_rate_bpm)
        if measured.rr_damaged:
            self._teller.count_bad("wrong length", "intervals that were cut")
            self._timeline.interrupt("bad_data")
        if PmdMeasurement.PPI in self._pmd.running:
            return samples  # those come with an error estimate, and must not count twice
        if not sound:
            self._teller.count_bad("out of range", "an interval that no heart makes")
        return [*samples, *self._timeline.feed(time_s, rr)]

    def _without_padding(self, rr_1024: tuple[int, ...]) -> tuple[int, ...]:
        """Return the intervals without what only fills the packet behind them."""
        count = len(rr_1024)
        while count and not rr_1024[count - 1]:
            count -= 1
        if count < len(rr_1024):
            self._teller.count_bad("padding", "zeros behind the intervals")
        return rr_1024[:count]

    def _doubt(self, has_intervals: bool) -> None:
        """Tell what does not fit together, and count the packets that it is about."""
        contact, intervals = self._contact.doubt, self._intervals.doubt
        pulses = self._pmd.interval_doubt
        if contact or (intervals and has_intervals):
            self._teller.count_bad("contradictory", sentences((contact, intervals)))
        self._teller.trust = trusts(
            (
                *((Signal.RR, intervals), (Signal.RR, pulses), (Signal.RR, contact)),
                *((Signal.HR, contact), *self._pmd.doubts),
            )
        )
        stream = Doubt(self._trouble(), 1.0) if self._trouble() else None
        self._teller.trouble = sentences(
            (contact, intervals, pulses, *(doubt for _, doubt in self._pmd.doubts), stream)
        )

    @property
    def _drift_ppm(self) -> float | None:
        of_frames = self._pmd.drift_ppm
        return self._timeline.drift.ppm if of_frames is None else of_frames

    def _heart_rate(self, time_s: float, bpm: int) -> list[Sample]:
        source, reason, since_s = self._teller.source, self._broken_by, self._heart_rate_s
        self._heart_rate_s, self._broken_by = time_s, None
        samples: list[Sample] = []
        if reason and since_s is not None:
            samples.append(Gap(Signal.HR, source, since_s, time_s, reason))
        return [*samples, Chunk.events(Signal.HR, source, [time_s], [bpm])]

    def _interrupt(self, reason: GapReason) -> None:
        self._broken_by = self._broken_by or reason
        self._timeline.interrupt(reason)

    def _portrait(self) -> str:
        """Return what is known of the device, as a sentence."""
        parts = [label + self._about[uuid] for uuid, label in _ABOUT.items() if uuid in self._about]
        words = ", ".join(parts)
        return f"{words[:1].upper()}{words[1:]}."
