"""Heart Rate Service packets: by hand, and for any bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.codecs.heart_rate import HeartRateMeasurement, battery_percent, body_location
from sensors.errors import PacketError

u16 = st.integers(0, 0xFFFF)
measurements = st.builds(
    HeartRateMeasurement,
    heart_rate_bpm=u16,
    rr_1024=st.lists(u16, max_size=9).map(tuple),
    contact=st.none() | st.booleans(),
    energy_kj=st.none() | u16,
)


@given(measurements)
def test_what_is_encoded_decodes_to_itself(measurement: HeartRateMeasurement) -> None:
    assert HeartRateMeasurement.decode(measurement.encode()) == measurement


@given(st.binary(max_size=40))
def test_any_bytes_decode_or_raise_packet_error(packet: bytes) -> None:
    for decode in (HeartRateMeasurement.decode, battery_percent, body_location):
        try:
            decode(packet)
        except PacketError:
            continue


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        ("00 48", HeartRateMeasurement(72)),
        ("01 2c 01", HeartRateMeasurement(300)),
        ("04 48", HeartRateMeasurement(72, contact=False)),
        ("06 48", HeartRateMeasurement(72, contact=True)),
        ("02 48", HeartRateMeasurement(72, contact=None)),
        ("16 48 00 04 80 03", HeartRateMeasurement(72, (1024, 896), True)),
        ("18 48 ff ff 00 04", HeartRateMeasurement(72, (1024,), energy_kj=0xFFFF)),
        ("10 48", HeartRateMeasurement(72, odd_flags=True)),
        ("e0 48", HeartRateMeasurement(72, odd_flags=True)),
        ("10 48 00 04 80", HeartRateMeasurement(72, rr_damaged=True)),
        ("00 48 aa bb", HeartRateMeasurement(72)),
    ],
)
def test_packets_met_in_the_field(packet: str, expected: HeartRateMeasurement) -> None:
    assert HeartRateMeasurement.decode(bytes.fromhex(packet)) == expected


@pytest.mark.parametrize("packet", ["", "00", "01 48", "08 48 01", "09 48 00 01"])
def test_a_packet_shorter_than_its_flags_promise_is_an_error(packet: str) -> None:
    with pytest.raises(PacketError):
        HeartRateMeasurement.decode(bytes.fromhex(packet))


def test_intervals_in_seconds_are_exact() -> None:
    assert HeartRateMeasurement(72, (1024, 853)).rr_s == (1.0, 853 / 1024)


@pytest.mark.parametrize(
    "measurement",
    [
        HeartRateMeasurement(-1),
        HeartRateMeasurement(0x10000),
        HeartRateMeasurement(72, (0x10000,)),
        HeartRateMeasurement(72, energy_kj=-1),
        HeartRateMeasurement(72, (1024,) * 300),
        HeartRateMeasurement(72, rr_damaged=True),
    ],
)
def test_what_does_not_fit_is_not_encoded(measurement: HeartRateMeasurement) -> None:
    with pytest.raises(PacketError):
        measurement.encode()


def test_battery_and_body_location_by_hand() -> None:
    assert battery_percent(b"\x57") == 87
    assert body_location(b"\x01") == "chest"
    for packet in (b"", b"\x65", b"\x57\x00"):
        with pytest.raises(PacketError):
            battery_percent(packet)
    with pytest.raises(PacketError):
        body_location(b"\x07")
