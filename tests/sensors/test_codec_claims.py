"""Ends of ranges, damage and clocks of the codecs, each worked out by hand."""

import math
import struct
from pathlib import Path

import numpy as np
import pytest

from sensors.codecs import polar_pmd
from sensors.codecs.bitalino import BitalinoDecoder, crc4
from sensors.codecs.described import DescribedDecoder
from sensors.codecs.device_information import device_text
from sensors.codecs.frame import SampleFrame
from sensors.codecs.heart_rate import HeartRateMeasurement, battery_percent, body_location
from sensors.codecs.polar_frames import PmdFrame
from sensors.codecs.polar_pmd import PmdReply, PmdSetting
from sensors.codecs.shimmer import ShimmerDecoder, conductance_us
from sensors.errors import PacketError
from sensors.profiles.loader import load
from sensors.signals import Signal


def kind_of(call: object, *arguments: object) -> str:
    with pytest.raises(PacketError) as caught:
        call(*arguments)  # type: ignore[operator]
    assert str(caught.value) != caught.value.kind
    return caught.value.kind


# -- heart rate and battery


def test_a_battery_may_be_full_and_no_fuller() -> None:
    assert battery_percent(b"\x64") == 100
    assert battery_percent(b"\x00") == 0
    for packet in (b"\x65", b"", b"\x10\x10"):
        assert kind_of(battery_percent, packet) == "out of range"


def test_a_place_on_the_body_is_one_of_seven() -> None:
    assert [body_location(bytes([k])) for k in (0, 6)] == ["other", "foot"]
    for packet in (b"\x07", b"", b"\x01\x01"):
        assert kind_of(body_location, packet) == "out of range"


def test_a_notification_is_as_long_as_an_attribute_may_be() -> None:
    """512 bytes: flags, heart rate, 255 intervals of two bytes; with a wide rate one fewer."""
    most = HeartRateMeasurement(60, (800,) * 255)
    assert len(most.encode()) == 512
    assert HeartRateMeasurement.decode(most.encode()) == most
    with pytest.raises(PacketError, match="256 intervals do not fit"):
        HeartRateMeasurement(60, (800,) * 256).encode()


# -- device information


def test_a_device_text_ends_at_its_first_zero() -> None:
    assert device_text(b"Polar\0\0rest") == "Polar"
    assert device_text("Böhm".encode()) == "Böhm"
    assert device_text(b"12\xff34") == "1234"  # a byte that is no text
    assert device_text(b"x" * 100) == "x" * 63 + "…"


@pytest.mark.parametrize(("packet", "shown"), [(b"", "no bytes"), (b"\0a", "0061"),
                                               (b"\0" * 20, "00" * 8)])  # fmt: skip
def test_a_device_text_without_text_is_refused(packet: bytes, shown: str) -> None:
    with pytest.raises(PacketError, match=f"a device text of {shown}$"):
        device_text(packet)


# -- BITalino


def one_channel(sequence: int, raw: int) -> bytes:
    """A frame of three bytes: the number in the upper ten of sixteen bits but four, the counter."""
    body = (raw << 2).to_bytes(2, "little") + bytes([sequence << 4])
    return body[:-1] + bytes([body[-1] | crc4(body)])


def wrong(frame: bytes) -> bytes:
    return frame[:-1] + bytes([frame[-1] ^ 1])


def test_frames_that_never_came_are_counted_apart_from_damaged_ones() -> None:
    decoder = BitalinoDecoder({1: Signal.ECG})
    (first,) = decoder.decode(one_channel(0, 512))
    assert (first.lost, first.bad) == (0, ())
    # 1 is damaged, 2 and 3 never came
    (frame,) = decoder.decode(wrong(one_channel(1, 512)) + one_channel(4, 512))
    assert frame.lost == 3
    assert frame.bad == (("wrong checksum", 1), ("lost packets", 2))
    (alone,) = decoder.decode(wrong(one_channel(5, 512)) + one_channel(6, 512))
    assert (alone.lost, alone.bad) == (1, (("wrong checksum", 1),))


def test_a_loss_within_a_notification_begins_another_frame() -> None:
    decoder = BitalinoDecoder({1: Signal.EDA})
    packet = b"".join(one_channel(k, 512) for k in (0, 1, 3, 4))
    before, after = decoder.decode(packet)
    half = (pytest.approx(12.5), pytest.approx(12.5))
    assert before == SampleFrame(Signal.EDA, half, 0, None, True, (("lost packets", 1),))
    assert after == SampleFrame(Signal.EDA, half, 1, None, True)


def test_an_end_of_the_converter_is_no_ecg() -> None:
    decoder = BitalinoDecoder({1: Signal.ECG})
    packet = b"".join(one_channel(k, raw) for k, raw in enumerate((0, 1, 512, 1022, 1023)))
    (frame,) = decoder.decode(packet)
    assert [math.isnan(value) for value in frame.values] == [True, False, False, False, True]
    assert frame.worn is None


# -- Shimmer


def gsr(raw: int, ticks: int = 0) -> bytes:
    return b"\x00" + ticks.to_bytes(3, "little") + raw.to_bytes(2, "little")


def test_a_shimmer_packet_has_its_clock_and_nothing_is_counted_lost() -> None:
    # 2730 / 4095 * 3 V = 2 V: ratio 3 over 40.2 kOhm
    (frame,) = ShimmerDecoder().decode(gsr(2730, 32768))
    assert frame == SampleFrame(Signal.EDA, (pytest.approx(3000.0 / 40.2),), 0, 1.0, True)


def test_the_ends_of_the_voltage_are_no_conductance() -> None:
    # 0.5 V is 682.5 of 4095
    assert math.isnan(conductance_us(682))
    assert conductance_us(683) == pytest.approx(1000.0 * (683 * 3 / 4095 / 0.5 - 1.0) / 40.2)
    assert conductance_us(4094) > 0.0
    assert math.isnan(conductance_us(4095))
    assert conductance_us(2730 | 3 << 14) == pytest.approx(3000.0 / 3300.0)


def test_bytes_that_are_part_of_no_packet_are_counted_with_the_first_sample() -> None:
    decoder = ShimmerDecoder()
    first, second = decoder.decode(b"\x55\x56" + gsr(2730) + b"\x57" + gsr(2730))
    assert first.bad == (("unknown type", 3),)
    assert second.bad == ()
    assert kind_of(ShimmerDecoder().decode, b"\x55\x56") == "unknown type"
    with pytest.raises(PacketError, match="2 bytes that are part of no packet"):
        ShimmerDecoder().decode(b"\x55\x56")


@pytest.mark.parametrize("after", [b"\xff", b"\x8a\x71\x01", b"\x00"])
def test_a_packet_is_one_where_another_message_may_follow(after: bytes) -> None:
    assert len(ShimmerDecoder().decode(gsr(2730) + after)) == 1


def test_what_is_followed_by_no_message_is_no_packet() -> None:
    assert kind_of(ShimmerDecoder().decode, gsr(2730, 0x010101) + b"\x71") == "unknown type"


# -- Polar


def pmd(kind: int, type_byte: int, data: bytes, device_ns: int = 7) -> bytes:
    return struct.pack("<BQB", kind, device_ns, type_byte) + data


def test_a_frame_needs_something_after_its_head() -> None:
    assert PmdFrame.decode(pmd(3, 0, bytes.fromhex("46 2003 0A00 06"))).device_ns == 7
    with pytest.raises(PacketError, match="a PMD frame of 10 bytes"):
        PmdFrame.decode(pmd(0, 0, b""))
    frame = PmdFrame.decode(pmd(2, 0, bytes([1, 2, 253])))
    assert frame.samples.tolist() == [[1, 2, -3]]
    assert frame.samples.dtype == np.int32
    assert kind_of(PmdFrame.decode, pmd(2, 0, b"\x01")) == "wrong length"
    with pytest.raises(PacketError, match="inside a sample"):
        PmdFrame.decode(pmd(2, 0, b"\x01"))  # eleven bytes are a frame, if a short one


@pytest.mark.parametrize(
    ("flags", "contact", "moved"),
    [(0, None, False), (1, None, True), (2, None, False), (4, False, False), (6, True, False),
     (7, True, True), (5, False, True)],
)  # fmt: skip
def test_contact_is_known_where_the_device_says_that_it_can_tell(
    flags: int, contact: bool | None, moved: bool
) -> None:
    (interval,) = PmdFrame.decode(pmd(3, 0, struct.pack("<BHHB", 70, 800, 10, flags))).intervals
    assert (interval.contact, interval.moved) == (contact, moved)
    assert (interval.heart_rate_bpm, interval.interval_ms, interval.error_ms) == (70, 800, 10)


def compressed(*blocks: bytes) -> bytes:
    return pmd(2, 0x80, struct.pack("<hhh", 1, 2, 3) + b"".join(blocks))


def test_differences_of_32_bits_are_the_widest() -> None:
    block = bytes([32, 1]) + struct.pack("<iii", 5, -6, 70000)
    assert PmdFrame.decode(compressed(block)).samples.tolist() == [[1, 2, 3], [6, -4, 70003]]
    with pytest.raises(PacketError, match="impossible block"):
        PmdFrame.decode(compressed(bytes([33, 1]) + bytes(13)))


def test_a_compressed_frame_holds_4096_samples_and_no_more() -> None:
    """The first one and blocks of no bits: 16 of 255, one of 15."""
    full = [bytes([0, 255])] * 16
    frame = PmdFrame.decode(compressed(*full, bytes([0, 15])))
    assert frame.samples.shape == (4096, 3)
    assert (frame.samples == [1, 2, 3]).all()
    assert frame.samples.dtype == np.int32
    with pytest.raises(PacketError, match="impossible block"):
        PmdFrame.decode(compressed(*full, bytes([0, 16])))


def test_a_reply_keeps_what_it_answers_whatever_else_it_says() -> None:
    refused = PmdReply.decode(bytes.fromhex("F0 02 01 05"))
    assert refused == PmdReply(2, 1, 5)
    assert PmdReply.decode(bytes.fromhex("F0 03 02 00")) == PmdReply(3, 2)
    assert PmdReply.decode(bytes.fromhex("F0 03 02 00 01 AA")) == PmdReply(3, 2, 0, True)
    assert PmdReply.decode(bytes.fromhex("F0 01 02 00 01")) == PmdReply(1, 2, 0, True)
    asked = polar_pmd.start(polar_pmd.PmdMeasurement.ACC, {PmdSetting.RANGE: 8})
    assert PmdReply.decode(bytes.fromhex("F0 02 02 00")).answers(asked)
    assert not PmdReply.decode(bytes.fromhex("F0 02 01 00")).answers(asked)
    assert not PmdReply.decode(bytes.fromhex("F0 01 02 00")).answers(asked)


def test_a_setting_with_nothing_to_choose_is_still_told() -> None:
    assert PmdReply.decode(bytes.fromhex("F0 01 02 00 00 02 00")).settings == {PmdSetting.RANGE: ()}
    # a byte too few for a setting's head is no setting
    assert PmdReply.decode(bytes.fromhex("F0 01 02 00 00 02")).settings == {}


# -- devices described in a file

HEAD = """
title = "A band"
support = "none"
[match]
name = "Band*"
[data]
characteristic = "2a58"
rate_hz = 4
"""


def decoder(tmp_path: Path, layout: str) -> DescribedDecoder:
    path = tmp_path / "band.toml"
    path.write_text(HEAD + layout)
    return DescribedDecoder(load(path).streams)


def test_the_clock_of_the_last_sample_is_told_for_the_first(tmp_path: Path) -> None:
    """Three samples at 4 Hz: the first was taken half a second before the last."""
    layout = '[binary]\nclock = {{ at = 0, type = "u16", tick_s = 0.001{of} }}\n'
    layout += 'values = {{ at = 2, type = "u8", count = 3 }}\n'
    packet = (10000).to_bytes(2, "little") + b"\x01\x02\x03"
    (last,) = decoder(tmp_path, layout.format(of=', of = "last"')).decode(packet)
    (first,) = decoder(tmp_path, layout.format(of="")).decode(packet)
    assert (last.clock_s, first.clock_s) == (9.5, 10.0)
    assert last.values == (1.0, 2.0, 3.0)


def test_a_counter_may_count_samples(tmp_path: Path) -> None:
    layout = '[binary]\nsequence = { at = 0, type = "u8", counts = "samples" }\n'
    layout += 'values = { at = 1, type = "u8", count = 2 }\n'
    found = decoder(tmp_path, layout)
    frames = [found.decode(bytes([number, 1, 2]))[0] for number in (0, 2, 7, 9)]
    # before 7 the samples 4, 5 and 6 are missing, of which packets hold two each
    assert [frame.lost for frame in frames] == [0, 0, 3, 0]
    assert frames[2].bad == (("lost packets", 2),)


def test_a_counter_of_packets_says_how_many_samples_are_missing(tmp_path: Path) -> None:
    layout = '[binary]\nsequence = { at = 0, type = "u8" }\n'
    layout += 'values = { at = 1, type = "u8", count = 2 }\n'
    found = decoder(tmp_path, layout)
    frames = [found.decode(bytes([number, 1, 2]))[0] for number in (254, 255, 2)]
    assert [(frame.lost, frame.bad) for frame in frames] == [
        (0, ()), (0, ()), (4, (("lost packets", 2),)),
    ]  # fmt: skip


def test_lines_may_be_counted_too(tmp_path: Path) -> None:
    found = decoder(tmp_path, "[text]\nsequence = { column = 0, wraps_at = 10 }\nvalue = 1\n")
    frames = found.decode(b"\n8,1.5\n9,2.5\n2,3.5\n")
    assert [(frame.values, frame.lost) for frame in frames] == [
        ((1.5,), 0), ((2.5,), 0), ((3.5,), 2),
    ]  # fmt: skip
    assert frames[2].bad == (("lost packets", 2),)


def test_a_line_that_cannot_be_read_is_counted_as_such(tmp_path: Path) -> None:
    (frame,) = decoder(tmp_path, "[text]\nvalue = 1\n").decode(b"\nEDA,none\n")
    assert frame.bad == (("unreadable text", 1),)
    assert math.isnan(frame.values[0])


def test_the_ends_of_what_is_valid_are_not_valid(tmp_path: Path) -> None:
    layout = '[binary]\nvalues = { at = 0, type = "u8" }\n[valid]\nabove = 1\nbelow = 5\n'
    (frame,) = decoder(tmp_path, layout).decode(bytes([1, 2, 4, 5]))
    assert [math.isnan(value) for value in frame.values] == [True, False, False, True]
    assert frame.bad == (("out of range", 2),)


def test_what_is_sent_while_it_is_not_worn_is_not_counted_as_bad(tmp_path: Path) -> None:
    layout = '[binary]\nvalues = { at = 0, type = "u8" }\n[valid]\nabove = 1\ncontact_above = 1\n'
    (frame,) = decoder(tmp_path, layout).decode(b"\x01")
    assert (frame.worn, frame.bad) == (False, ())
    (frame,) = decoder(tmp_path, layout).decode(b"\x02")
    assert (frame.worn, frame.bad, frame.values) == (True, (), (2.0,))


def test_a_line_of_256_bytes_is_the_longest(tmp_path: Path) -> None:
    found = decoder(tmp_path, "[text]\nvalue = 0\n")
    longest = b"1." + b"0" * 254
    assert [frame.values for frame in found.decode(b"\n" + longest + b"\n")] == [(1.0,)]
    assert found.decode(longest[:200]) == []
    assert [frame.values for frame in found.decode(longest[200:] + b"\n")] == [(1.0,)]
    assert found.decode(longest[:200]) == []
    assert found.decode(longest[200:] + b"0\n") == []  # one byte more: no line, and no error
    assert kind_of(found.decode, b"0" * 257) == "unreadable text"


def test_after_a_loss_the_rest_of_a_line_is_not_taken_for_one(tmp_path: Path) -> None:
    found = decoder(tmp_path, "[text]\nvalue = 0\n")
    assert found.decode(b"5\n") == []  # it may have begun before we listened
    assert [frame.values for frame in found.decode(b"6\n")] == [(6.0,)]
    found.decode(b"12")
    found.reset()
    assert found.decode(b"34\n") == []
    assert [frame.values for frame in found.decode(b"7\n")] == [(7.0,)]
