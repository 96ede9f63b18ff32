"""Captures: each plays as the live sensor did, also when its values were made coarse."""

import math
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rigs.captured import MEASUREMENT, UART, capture, dis

from sensors.base import SensorStatus
from sensors.ble.described import reader_of
from sensors.ble.inbox import Packet
from sensors.ble.link import LinkChange
from sensors.ble.polar import PMD_DATA
from sensors.captures.archive import packed, write_capture
from sensors.captures.capture import Capture, CaptureEvent
from sensors.captures.coarsen import coarse
from sensors.captures.playing import samples_of
from sensors.codecs.heart_rate import HeartRateMeasurement
from sensors.codecs.polar_frames import PmdFrame
from sensors.errors import SettingsError
from sensors.files import read
from sensors.profiles.loader import parse
from sensors.signals import Chunk, Signal


def beats(count: int = 60) -> list[tuple[float, bytes]]:
    """Return the packets of a heart, one a second, with their times."""
    rng, packets, owed = Random(3), [], 0.0
    for second in range(count):
        rr = []
        owed += 1.0
        while owed > 0.85:
            rr.append(round(1024 * rng.uniform(0.78, 0.92)))
            owed -= rr[-1] / 1024
        packets.append((float(second + 1), HeartRateMeasurement(70, tuple(rr), True, 77).encode()))
    return packets


def strap() -> Capture:
    said = tuple(CaptureEvent(t, "packet", MEASUREMENT, data) for t, data in beats())
    return replace(capture(), events=(CaptureEvent(0.1, "connected"), *said))


def values(found: Capture, signal: Signal) -> list[float]:
    chunks = [one for one in samples_of(found, "x") if isinstance(one, Chunk)]
    return [float(v) for one in chunks if one.signal is signal for v in one.values[:, 0]]


def test_a_capture_of_a_strap_plays_every_beat(tmp_path: Path) -> None:
    sent = [rr for _, data in beats() for rr in HeartRateMeasurement.decode(data).rr_s]
    assert values(strap(), Signal.RR) == sent
    write_capture(tmp_path / "a.zip", packed(strap(), ""))
    recording = read(tmp_path / "a.zip")
    (chunk,) = [one for one in recording.series if one.signal is Signal.RR]
    assert chunk.values[:, 0].tolist() == sent
    assert not recording.gaps


def test_a_lost_link_is_a_gap_when_it_is_played() -> None:
    found = strap()
    middle = [event for event in found.events if not 20.5 < event.time_s < 30.5]
    lost = CaptureEvent(20.6, "link", state="lost", reason="link")
    back = CaptureEvent(30.4, "connected")
    played = replace(
        found, events=tuple(sorted([*middle, lost, back], key=lambda event: event.time_s))
    )
    gaps = [one for one in samples_of(played, "x") if type(one).__name__ == "Gap"]
    assert {(gap.signal, gap.reason) for gap in gaps} == {(Signal.RR, "link"), (Signal.HR, "link")}


def test_a_described_band_brings_its_profile_along() -> None:
    text = (Path(__file__).parents[2] / "configs" / "devices" / "packed.toml").read_text()
    profile = parse(Path("packed.toml"), text)
    (uuid,) = profile.characteristics
    packets = [bytes([n]) + (n * 500).to_bytes(4, "little") + b"\xa0\x0f\x94\x11" for n in range(9)]
    said = tuple(CaptureEvent(1 + n / 2, "packet", uuid, data) for n, data in enumerate(packets))
    found = replace(capture(), driver="profile", profile=text,
                    events=(CaptureEvent(0.1, "connected"), *said))  # fmt: skip
    live = reader_of(replace(profile, digest=""), "x")  # it is the capture's own: none is compared
    samples = live.take(LinkChange(0.1, "streaming", "x"))
    for event in said:
        samples += live.take(Packet(event.time_s, uuid, event.data))
    assert list(samples_of(found, "x")) == samples
    assert len(values(found, Signal.EDA)) == 18
    rough = coarse(found)
    for before, after in zip(values(found, Signal.EDA), values(rough, Signal.EDA), strict=True):
        assert after == pytest.approx(before, rel=0.125)
    assert values(rough, Signal.EDA) != values(found, Signal.EDA)
    assert [e.data[:5] for e in rough.events] == [e.data[:5] for e in found.events]


def test_coarse_intervals_are_rounded_and_add_up_to_the_same_time() -> None:
    rough = coarse(strap())
    told = [HeartRateMeasurement.decode(e.data) for e in rough.of("packet")]
    true = [HeartRateMeasurement.decode(data) for _, data in beats()]
    assert [len(one.rr_1024) for one in told] == [len(one.rr_1024) for one in true]
    assert {rr % 32 for one in told for rr in one.rr_1024} == {0}
    assert {(one.heart_rate_bpm, one.energy_kj, one.contact) for one in told} == {(70, 0, True)}
    sums = [sum(rr for one in all_of for rr in one.rr_1024) for all_of in (told, true)]
    assert abs(sums[0] - sums[1]) <= 16
    assert coarse(rough).events == rough.events


def test_coarse_frames_keep_their_times_and_their_number_of_samples() -> None:
    head = (5_000_000).to_bytes(8, "little")
    raw = b"\x00" + head + b"\x00" + bytes(range(30))
    packed_acc = b"\x02" + head + b"\x81" + bytes(range(6)) + bytes([5, 4]) + bytes(range(8))
    ppi = b"\x03" + head + b"\x00" + bytes([73]) + (812).to_bytes(2, "little") + b"\x0a\x00\x06"
    rough = coarse(capture(*(("packet", PMD_DATA, data) for data in (raw, packed_acc, ppi))))
    ecg, acc, pulse = (PmdFrame.decode(event.data) for event in rough.of("packet"))
    assert (ecg.device_ns, len(ecg.samples), len(acc.samples)) == (5_000_000, 10, 5)
    assert not ecg.samples.any()
    assert not acc.samples.any()
    (interval,) = pulse.intervals
    assert (interval.heart_rate_bpm, interval.interval_ms, interval.error_ms) == (75, 810, 10)
    assert interval.contact


def described(binary: str, more: str = "") -> str:
    return (
        'title = "A band"\nsupport = "none"\n[match]\nname = "B*"\n[[stream]]\nrate_hz = 1\n'
        f'characteristic = "{UART}"\nvalid = {{ above = -1e9, below = 1e9 }}\n{more}\n'
        f"[stream.binary]\n{binary}\n"
    )


@pytest.mark.parametrize(
    ("kind", "sent", "rough"),
    [
        ('type = "ascii", length = 6', b"4.1287", b"4.1000"),
        ('type = "ascii", length = 6', b" -757 ", b" -750 "),
        ('type = "ascii", length = 6', b"  1234", b"  1200"),
        ('type = "ascii", length = 6', b"12345\0", b"12000\0"),
        ('type = "ascii", length = 6', b"0.0123", b"0.0120"),
        ('type = "ascii", length = 7', b"1.234e5", b"1.200e5"),
        ('type = "ascii", length = 3', b"---", b"---"),
        *(('type = "sfloat", endian = "big"', bytes.fromhex(word), None)
          for word in ("07fe", "07ff", "0800", "0801", "0802", "f7ff")),
        ('type = "sfloat"', b"\x02\x08", None),
        ('type = "float"', b"\xff\xff\x7f\x00", None),
        ('type = "f32"', b"\x00\x00\x80\x7f", None),
        ('type = "f32"', b"\x01\x00\x80\x7f", None),
    ],
)  # fmt: skip
def test_coarse_numbers_keep_their_size_and_what_is_no_number_stays_so(
    kind: str, sent: bytes, rough: bytes | None
) -> None:
    text = described(f"values = {{ at = 0, {kind}, count = 1 }}")
    found = coarse(capture(("packet", UART, sent), driver="profile", profile=text))
    assert next(found.of("packet")).data == (rough or sent)


@pytest.mark.parametrize("kind", ["sfloat", "float", "f32", "i12", "u9", "i16"])
@pytest.mark.parametrize("order", ["big", "little"])
@given(sent=st.binary(min_size=4, max_size=4))
@settings(max_examples=60)
def test_a_coarse_number_is_near_the_one_that_was_sent(kind: str, order: str, sent: bytes) -> None:
    text = described(f'values = {{ at = 0, type = "{kind}", endian = "{order}", count = 1 }}')
    field = parse(Path("band.toml"), text).streams[0].layout.values.first  # type: ignore[union-attr]
    found = coarse(capture(("packet", UART, sent), driver="profile", profile=text))
    before, after = (field.read(data) for data in (sent, next(found.of("packet")).data))  # type: ignore[union-attr]
    if math.isfinite(before):
        assert after == pytest.approx(before, rel=0.126, abs=2.0 if kind[0] == "i" else 1e-38)
    else:
        assert repr(after) == repr(before)


def test_a_counter_of_all_packets_goes_on_in_a_coarse_capture() -> None:
    text = described(
        'sequence = { at = 1, type = "u8", counts = "all" }\nvalues = { at = 2, type = "u8" }',
        'when = { at = 0, type = "u8", is = 1 }',
    )
    said = [("packet", UART, bytes([1 + n % 2, n, 64])) for n in range(6)]
    found = coarse(capture(*said, driver="profile", profile=text))  # type: ignore[arg-type]
    assert [one.data[:2] for one in found.of("packet")] == [data[:2] for _, _, data in said]
    bad = [one.bad for one in samples_of(found, "x") if isinstance(one, SensorStatus)]
    assert not any(bad)


def test_a_battery_that_does_not_know_its_charge_stays_so() -> None:
    battery = [("read", dis("2a19"), bytes([level])) for level in (77, 100, 255)]
    rough = coarse(capture(*battery))  # type: ignore[arg-type]
    assert [event.data[0] for event in rough.of("read")] == [80, 100, 255]


def test_what_cannot_be_made_coarse_is_refused() -> None:
    text = (Path(__file__).parents[2] / "configs" / "devices" / "uart-text.toml").read_text()
    for found in (capture(driver="Shimmer3R"), capture(driver="profile", profile=text)):
        with pytest.raises(SettingsError, match="coarse"):
            coarse(found)


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_whatever_was_captured_is_made_coarse_and_played(packets: list[bytes]) -> None:
    said = [("packet", uuid, data) for data in packets for uuid in (MEASUREMENT, PMD_DATA, UART)]
    found = coarse(capture(*said))  # type: ignore[arg-type]
    assert [len(e.data) for e in found.of("packet")] == [len(data) for _, _, data in said]
    list(samples_of(found, "x"))
