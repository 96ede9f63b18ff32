"""What a strap's packets become, without a radio."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.base import SensorStatus
from sensors.ble.link import LinkChange, Packet
from sensors.ble.probe import ask_all
from sensors.ble.radio import Advertisement
from sensors.ble.strap import StrapReader, StrapSettings
from sensors.codecs.heart_rate import HeartRateMeasurement
from sensors.errors import SettingsError
from sensors.signals import Chunk, Gap, Signal

MEASUREMENT = "00002a37-0000-1000-8000-00805f9b34fb"
BATTERY = "00002a19-0000-1000-8000-00805f9b34fb"


def beat(time_s: float, rr: Sequence[int] = (1024,), **fields: bool) -> Packet:
    return Packet(time_s, MEASUREMENT, HeartRateMeasurement(60, tuple(rr), **fields).encode())


def connected() -> StrapReader:
    reader = StrapReader("strap")
    reader.take(LinkChange(0.0, "streaming", "H10"))
    return reader


def test_a_packet_becomes_a_heart_rate_and_its_intervals() -> None:
    heart_rate, rr = connected().take(beat(1.0))
    assert heart_rate == Chunk.events(Signal.HR, "H10", [1.0], [60.0])
    assert rr == Chunk.events(Signal.RR, "H10", [1.0], [1.0])


def test_a_status_comes_only_when_something_changed() -> None:
    reader = connected()
    first = reader.take(beat(1.0, contact=True))
    second = reader.take(beat(2.0, contact=True))
    assert isinstance(first[0], SensorStatus)
    assert first[0].contact is True
    assert not any(isinstance(sample, SensorStatus) for sample in second)


def test_without_contact_nothing_counts_and_the_wearer_is_told() -> None:
    reader = connected()
    reader.take(beat(1.0, contact=True))
    (status,) = reader.take(beat(2.0, contact=False))
    assert isinstance(status, SensorStatus)
    assert "wet the electrodes" in status.detail
    again = reader.take(beat(9.0, contact=True))
    assert [s.reason for s in again if isinstance(s, Gap)] == ["no_contact", "no_contact"]


def test_a_strap_that_cannot_tell_contact_shows_it_by_a_heart_rate_of_zero() -> None:
    reader = connected()
    (status,) = reader.take(Packet(1.0, MEASUREMENT, b"\x00\x00"))
    assert isinstance(status, SensorStatus)
    assert status.contact is False


def test_cut_intervals_keep_the_heart_rate_and_break_the_run() -> None:
    reader = connected()
    reader.take(beat(1.0))
    heart_rate, status = reader.take(Packet(2.0, MEASUREMENT, bytes.fromhex("10 3c 00 04 80")))
    assert heart_rate == Chunk.events(Signal.HR, "H10", [2.0], [60.0])
    assert isinstance(status, SensorStatus)
    assert status.bad == {"wrong length": 1}
    gap = reader.take(beat(3.0))[1]
    assert gap == Gap(Signal.RR, "H10", 1.0, 2.0, "bad_data")


@pytest.mark.parametrize(
    ("packet", "kind"),
    [
        ("10", "wrong length"),
        ("0146", "wrong length"),
        ("1046", "odd flags"),
        ("e046", "odd flags"),
        ("1046ffff", "out of range"),
        ("010a00", "out of range"),
    ],
)
def test_bad_input_is_counted_by_its_kind(packet: str, kind: str) -> None:
    samples = connected().take(Packet(1.0, MEASUREMENT, bytes.fromhex(packet)))
    told = [sample.bad for sample in samples if isinstance(sample, SensorStatus)]
    assert told[-1] == {kind: 1}


def test_much_bad_input_is_summed_up_every_ten_seconds() -> None:
    reader = connected()
    told = [s for i in range(1000) for s in reader.take(Packet(i / 10, MEASUREMENT, b"\x10"))]
    assert [s.bad for s in told if isinstance(s, SensorStatus)][:2] == [
        {"wrong length": 1},
        {"wrong length": 2},
    ]
    assert len(told) == 16 + 9


def test_a_low_battery_is_advice_until_contact_is_more_urgent() -> None:
    reader = connected()
    (low,) = reader.take(Packet(1.0, BATTERY, b"\x0c"))
    assert isinstance(low, SensorStatus)
    assert low.detail == "The battery is at 12 %: change it soon."
    (dry,) = reader.take(beat(2.0, contact=False))
    assert isinstance(dry, SensorStatus)
    assert "electrodes" in dry.detail
    assert dry.battery_percent == 12


@pytest.mark.slow
@given(st.lists(st.tuples(st.sampled_from([MEASUREMENT, BATTERY]), st.binary(max_size=30))))
def test_no_bytes_ever_raise_and_times_never_turn_back(packets: list[tuple[str, bytes]]) -> None:
    reader = connected()
    latest = dict.fromkeys(Signal, 0.0)
    for time_s, (uuid, data) in enumerate(packets, 1):
        for sample in reader.take(Packet(float(time_s), uuid, data)):
            if isinstance(sample, Chunk):
                assert sample.times_s[0] >= latest[sample.signal]
                latest[sample.signal] = float(sample.times_s[-1])
            elif isinstance(sample, Gap):
                assert sample.end_s >= sample.start_s >= 0.0


POLAR = Advertisement("Polar H10 1", "AA:01", -60, "heart rate strap", None)  # type: ignore[arg-type]
BAND = replace(POLAR, name="Band", kind="other")


def test_a_device_that_is_in_use_or_unknown_is_not_asked_for_its_battery() -> None:
    in_use = replace(POLAR, rssi_dbm=None)
    assert asyncio.run(ask_all([in_use, BAND])) == [in_use, BAND]


@pytest.mark.parametrize("wait_s", [0.0, -1.0, float("nan"), 1e9])
def test_an_impossible_wait_is_refused(wait_s: float) -> None:
    with pytest.raises(SettingsError):
        StrapSettings(wait_s=wait_s)


def statuses(reader: StrapReader, packets: Sequence[Packet]) -> list[SensorStatus]:
    taken = [sample for packet in packets for sample in reader.take(packet)]
    return [sample for sample in taken if isinstance(sample, SensorStatus)]


def unworn(time_s: float, bpm: int, *rr: int) -> Packet:
    measured = HeartRateMeasurement(bpm, rr, contact=False)
    return Packet(time_s, MEASUREMENT, measured.encode())


def test_a_contact_bit_that_never_says_yes_is_overruled_by_a_steady_heartbeat() -> None:
    reader = connected()
    packets = [unworn(float(k), 72, 820 + 13 * (k % 5)) for k in range(1, 13)]
    told = statuses(reader, packets)
    assert "wet the electrodes" in told[0].detail
    assert "touch the skin" in told[-1].detail
    assert (told[-1].contact, told[-1].trust) == (None, {"hr": 0.8, "rr": 0.8})
    assert told[-1].bad == {"contradictory": 5}
    kinds = [type(sample) for sample in reader.take(unworn(13.0, 72, 850))]
    assert kinds.count(Chunk) == 2


def test_a_contact_bit_that_never_says_yes_is_overruled_by_a_heart_rate_that_moves() -> None:
    packets = [unworn(float(k), 66 + k // 7) for k in range(1, 30)]
    assert statuses(connected(), packets)[-1].trust == {"hr": 0.8, "rr": 0.8}


def test_a_contact_bit_is_believed_beside_a_heart_rate_that_stands_still() -> None:
    told = statuses(connected(), [unworn(float(k), 72) for k in range(1, 60)])
    assert told[-1].contact is False


def test_a_contact_bit_is_believed_beside_intervals_that_jump() -> None:
    packets = [unworn(float(k), 72, 500 if k % 2 else 1100) for k in range(1, 60)]
    assert statuses(connected(), packets)[-1].contact is False


def test_a_contact_bit_that_works_is_believed_for_longer() -> None:
    reader = connected()
    reader.take(beat(1.0, contact=True))
    packets = [unworn(1.0 + k, 72, 820 + 13 * (k % 5)) for k in range(1, 30)]
    assert statuses(reader, packets)[-1].contact is False


def test_a_heart_rate_of_zero_is_overruled_by_steady_intervals() -> None:
    reader = connected()
    packets = [
        Packet(float(k), MEASUREMENT, HeartRateMeasurement(0, (820 + 13 * (k % 5),)).encode())
        for k in range(1, 13)
    ]
    assert statuses(reader, packets)[-1].trust == {"hr": 0.8, "rr": 0.8}
    (rr,) = [s for s in reader.take(packets[0]) if isinstance(s, Chunk)]
    assert rr.signal is Signal.RR


def test_zeros_behind_the_intervals_only_fill_the_packet() -> None:
    reader = connected()
    (status, _, rr) = reader.take(beat(1.0, (1000, 0, 0)))
    assert isinstance(rr, Chunk)
    assert rr.values[:, 0].tolist() == [1000 / 1024]
    assert isinstance(status, SensorStatus)
    assert status.bad == {"padding": 1}


def test_intervals_sent_twice_are_doubted_and_counted_and_the_heart_rate_is_kept() -> None:
    reader = connected()
    packets = [beat(float(k), (930 + 17 * (k % 5),) * 2) for k in range(1, 40)]
    told = statuses(reader, packets)
    assert told[-1].trust == {"rr": 0.0}
    assert "impossible" in told[-1].detail
    assert told[-1].bad["contradictory"] > 20
