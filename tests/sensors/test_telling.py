"""What a sensor says about itself: a drift once it is sure, and words when the wearer must act."""

from random import Random

import pytest

from sensors.base import SensorStatus
from sensors.ble.band import BandReader
from sensors.ble.link import LinkChange, Packet
from sensors.codecs.bitalino import BitalinoDecoder, crc4
from sensors.codecs.frame import SampleFrame
from sensors.errors import PacketError
from sensors.signals import Signal
from sensors.status_reporter import StatusReporter
from sensors.timing.sample_timeline import SampleTimeline

DATA, BATTERY = "data", "00002a19-0000-1000-8000-00805f9b34fb"


class Clocked:
    """Two samples a packet, with the device's time of the first in microseconds."""

    def decode(self, packet: bytes) -> list[SampleFrame]:
        if len(packet) != 8:
            raise PacketError("not eight bytes")
        worn = packet[:1] != b"\xff"
        return [
            SampleFrame(Signal.EDA, (1.0, 2.0), 0, int.from_bytes(packet[1:], "big") / 1e6, worn)
        ]

    def reset(self) -> None: ...


def band() -> BandReader:
    reader = BandReader(
        "band", {"data": Clocked()}, lambda source: [SampleTimeline(Signal.EDA, source, 4.0)]
    )
    reader.take(LinkChange(0.0, "streaming", "Band"))
    return reader


def packet(device_s: float) -> bytes:
    return b"\0" + round(device_s * 1e6).to_bytes(7, "big")


@pytest.mark.parametrize("ppm", [-60.0, 60.0])
def test_a_band_tells_how_fast_its_clock_runs(ppm: float) -> None:
    reader, rng, told = band(), Random(1), []
    for i in range(1200):
        device_s, late_s = i * 0.5 * (1 + ppm * 1e-6), abs(rng.gauss(0.0, 0.02))
        samples = reader.take(Packet(i * 0.5 + 0.25 + late_s, DATA, packet(device_s)))
        told += [s for s in samples if isinstance(s, SensorStatus) and s.drift_ppm is not None]
    assert told[-1].drift_ppm == pytest.approx(ppm, abs=10.0)
    assert ("fast" if ppm > 0 else "slow") in told[-1].detail


def test_a_loose_band_and_a_low_battery_are_said_in_words() -> None:
    reader = band()
    (low,) = reader.take(Packet(1.0, BATTERY, b"\x0f"))
    assert isinstance(low, SensorStatus)
    assert low.detail == "The battery is at 15 %: charge it soon."
    (loose,) = reader.take(Packet(1.5, DATA, b"\xff" + bytes(7)))
    assert isinstance(loose, SensorStatus)
    assert "tighten the band" in loose.detail


def test_a_frame_that_is_wrong_is_counted_and_so_are_those_that_never_came() -> None:
    def frame(number: int) -> bytes:
        data = bytes([0, 0, number << 4])
        return data[:-1] + bytes([data[-1] | crc4(data)])

    decoder = BitalinoDecoder({3: Signal.EDA})
    decoder.decode(frame(0))
    (after,) = decoder.decode(frame(3))
    assert after.bad == (("lost packets", 2),)
    wrong = frame(4)[:-1] + bytes([frame(4)[-1] ^ 1])
    (mixed,) = decoder.decode(wrong + frame(5))
    assert mixed.bad == (("wrong checksum", 1),)


def test_what_is_new_is_told_and_nothing_else() -> None:
    teller = StatusReporter("x", "no contact", "charge it")
    assert len(teller.link(0.0, "streaming", "")) == 1
    assert teller.say(1.0, contact=None, drift_ppm=None) == []
    (status,) = teller.say(2.0, contact=True, drift_ppm=12.34)
    assert (status.contact, status.drift_ppm) == (True, 12.3)
    assert teller.say(3.0, contact=True, drift_ppm=15.0) == []
    teller.count_bad("odd flags", "this")
    (status,) = teller.say_bad(4.0)
    assert status.bad == {"odd flags": 1}
    assert teller.say_bad(5.0) == []


def test_a_device_is_introduced_once_also_when_its_battery_is_low() -> None:
    teller = StatusReporter("x", "no contact", "charge it")
    teller.link(0.0, "streaming", "")
    teller.portrait = "Maker, model."
    assert teller.say_bad(0.5) == []  # the next reading tells more
    teller.portrait = "Maker, model, serial number 7."
    said = teller.say_battery(1.0, 9)
    assert [status.detail for status in said] == [
        "Maker, model, serial number 7.",
        "The battery is at 9 %: charge it",
    ]
    assert teller.say(2.0, contact=None, battery_percent=9) == []
