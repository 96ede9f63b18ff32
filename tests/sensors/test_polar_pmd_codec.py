"""Polar's bytes: vectors by hand, round trips through the rig's own encoder, and any bytes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rigs import vbluez_pmd as device

from sensors.codecs import polar_pmd
from sensors.codecs.polar_frames import PmdFrame, PulseInterval
from sensors.codecs.polar_pmd import PmdMeasurement, PmdReply, PmdSetting
from sensors.errors import PacketError

ECG, ACC, PPG, PPI = PmdMeasurement.ECG, PmdMeasurement.ACC, PmdMeasurement.PPG, PmdMeasurement.PPI


def test_requests_are_those_of_the_sheet() -> None:
    ecg = {PmdSetting.RATE_HZ: 130, PmdSetting.RESOLUTION_BITS: 14}
    acc = {PmdSetting.RANGE: 8, PmdSetting.RATE_HZ: 200, PmdSetting.RESOLUTION_BITS: 16}
    assert polar_pmd.start(ECG, ecg) == bytes.fromhex("02 00 00 01 82 00 01 01 0E 00")
    assert polar_pmd.start(ACC, acc) == bytes.fromhex("02 02 00 01 C8 00 01 01 10 00 02 01 08 00")
    assert polar_pmd.start(PPI, {}) == bytes.fromhex("02 03")
    assert polar_pmd.start(PPG, {PmdSetting.CHANNELS: 4}) == bytes.fromhex("02 01 04 01 04")
    assert polar_pmd.ask_settings(ACC) == b"\x01\x02"
    assert polar_pmd.stop(ECG) == b"\x03\x00"


def test_a_setting_that_does_not_fit_its_field_is_refused() -> None:
    with pytest.raises(PacketError, match="RATE_HZ"):
        polar_pmd.start(ECG, {PmdSetting.RATE_HZ: 70000})


def test_features_are_the_bits_of_the_control_point() -> None:
    assert polar_pmd.features(bytes.fromhex("0f 05") + bytes(15)) == {ECG, ACC}
    assert polar_pmd.features(b"\x0f\x0e") == {PPG, ACC, PPI}


def test_a_settings_reply_lists_what_can_be_chosen() -> None:
    packet = bytes.fromhex(
        "F0 01 02 00 00  00 04 19 00 32 00 64 00 C8 00  01 01 10 00  02 03 02 00 04 00 08 00"
    )
    reply = PmdReply.decode(packet)
    assert reply.answers(polar_pmd.ask_settings(ACC))
    assert not reply.answers(polar_pmd.ask_settings(ECG))
    assert reply.settings == {
        PmdSetting.RATE_HZ: (25, 50, 100, 200),
        PmdSetting.RESOLUTION_BITS: (16,),
        PmdSetting.RANGE: (2, 4, 8),
    }


def test_a_start_reply_brings_the_factor_of_compressed_samples() -> None:
    reply = PmdReply.decode(bytes.fromhex("F0 02 02 00 00  05 01 00 00 80 39"))
    assert reply.factor == 2.0**-12
    assert PmdReply.decode(bytes.fromhex("F0 02 00 00 00")).factor == 1.0


def test_an_error_comes_in_words() -> None:
    reply = PmdReply.decode(bytes.fromhex("F0 02 00 0D"))
    assert reply.error == 13
    assert str(reply) == "it is on its charger"
    assert str(PmdReply.decode(bytes.fromhex("F0 02 00 63"))) == "its error is 99"


@pytest.mark.parametrize(
    ("packet", "stopped"),
    [("01 00", {ECG}), ("01 00 02", {ECG, ACC}), ("F0 02 00 00", set()), ("", set())],
)
def test_a_stop_by_the_device_names_what_it_stopped(packet: str, stopped: set) -> None:
    assert polar_pmd.stopped_by_device(bytes.fromhex(packet)) == stopped


@pytest.mark.parametrize(
    "packet",
    [
        "",
        "F0 02 00",
        "0F 05 00 00",
        "F0 01 02 00 00 00 04 19",
        "F0 01 02 00 00 07 01 00",
        "F0 02 02 00 00 05 01 00 00 C0 7F",
    ],
)
def test_a_damaged_reply_is_refused(packet: str) -> None:
    with pytest.raises(PacketError):
        PmdReply.decode(bytes.fromhex(packet))


def test_ecg_is_24_bits_of_microvolt() -> None:
    frame = PmdFrame.decode(
        bytes.fromhex("00 00 CA 9A 3B 00 00 00 00 00  01 00 00 FF FF FF 18 FC FF")
    )
    assert (frame.kind, frame.device_ns) == (ECG, 1_000_000_000)
    assert frame.samples.tolist() == [[1], [-1], [-1000]]
    assert frame.values().tolist() == [[0.001], [-0.001], [-1.0]]


def test_acceleration_is_16_bits_of_thousandths_of_g() -> None:
    frame = PmdFrame.decode(bytes.fromhex("02 01 00 00 00 00 00 00 00 01  E8 03 18 FC 00 00"))
    assert frame.values().tolist() == [[1.0, -1.0, 0.0]]


def test_a_compressed_frame_adds_up_its_differences() -> None:
    # a sample of 100, -100, 0, 1; two differences of 3 bits: (1, -1, 2, -4), then (3, 0, 0, -1)
    head = "01 00 00 00 00 00 00 00 00 80  64 00 00 9C FF FF 00 00 00 01 00 00"
    bits = sum(
        (value & 7) << (3 * place) for place, value in enumerate([1, -1, 2, -4, 3, 0, 0, -1])
    )
    frame = PmdFrame.decode(bytes.fromhex(head) + bytes([3, 2]) + bits.to_bytes(3, "little"))
    assert frame.samples.tolist() == [[100, -100, 0, 1], [101, -101, 2, -3], [104, -101, 2, -4]]


def test_compressed_acceleration_is_in_units_of_the_factor() -> None:
    data = device.deltas([[4096, 0, -4096]], 2)
    in_g = PmdFrame.decode(device.frame(2, 0, 0x80, data)).values(factor=2.0**-12)
    assert in_g.tolist() == [[1.0, 0.0, -1.0]]
    in_mg = PmdFrame.decode(device.frame(2, 0, 0x81, data)).values()
    assert in_mg.tolist() == [[4.096, 0.0, -4.096]]


@pytest.mark.parametrize(("frame_type", "channels"), [(10, 20), (13, 2)])
def test_the_pulse_wave_of_newer_sensors_leaves_the_bits_of_status_out(
    frame_type: int, channels: int
) -> None:
    samples = [[1000 * row + 7 * place - 50 for place in range(channels)] for row in range(5)]
    data = device.deltas([[*row, 0x400000 + row[0]] for row in samples], 3)
    frame = PmdFrame.decode(device.frame(1, 0, 0x80 | frame_type, data))
    assert frame.samples.tolist() == samples
    with pytest.raises(PacketError, match="kind 1"):
        PmdFrame.decode(device.frame(1, 0, frame_type, data))


def test_pulse_intervals_say_how_far_they_can_be_trusted() -> None:
    frame = PmdFrame.decode(
        bytes.fromhex("03 00 00 00 00 00 00 00 00 00  3C E8 03 0A 00 06 00 00 00 FF FF 01")
    )
    assert frame.intervals == (
        PulseInterval(60, 1000, 10, moved=False, contact=True),
        PulseInterval(0, 0, 0xFFFF, moved=True, contact=None),
    )
    assert len(frame.samples) == 0


@pytest.mark.parametrize(
    "packet",
    [
        "",
        "00 00 00 00 00 00 00 00 00 00",
        "00 00 00 00 00 00 00 00 00 00 01 02",
        "00 00 00 00 00 00 00 00 00 07 01 02 03",
        "3F 00 00 00 00 00 00 00 00 00 01 02 03",
        "03 00 00 00 00 00 00 00 00 00 01 02 03",
        "01 00 00 00 00 00 00 00 00 80 01 02 03",
        "01 00 00 00 00 00 00 00 00 80 00 00 00 00 00 00 00 00 00 00 00 00 08",
        "01 00 00 00 00 00 00 00 00 80 00 00 00 00 00 00 00 00 00 00 00 00 08 09 01",
        "01 00 00 00 00 00 00 00 00 80 00 00 00 00 00 00 00 00 00 00 00 00 FF 01 01",
    ],
)
def test_a_frame_that_is_cut_or_unknown_is_refused(packet: str) -> None:
    with pytest.raises(PacketError):
        PmdFrame.decode(bytes.fromhex(packet))


def test_differences_without_bits_cannot_claim_endless_samples() -> None:
    with pytest.raises(PacketError):
        PmdFrame.decode(device.frame(1, 0, 0x80, bytes(12) + bytes([0, 255]) * 500))


def samples(width: int, channels: int) -> st.SearchStrategy[list[list[int]]]:
    limit = 1 << (8 * width - 1)
    row = st.lists(st.integers(-limit, limit - 1), min_size=channels, max_size=channels)
    return st.lists(row, min_size=1, max_size=40)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "type_byte", "width", "channels"),
    [(0, 0, 3, 1), (1, 0, 3, 4), (1, 0x80, 3, 4), (2, 0, 1, 3), (2, 1, 2, 3), (2, 2, 3, 3),
     (2, 0x80, 2, 3), (2, 0x81, 2, 3)],
)  # fmt: skip
@given(data=st.data())
def test_what_a_device_encodes_is_what_is_decoded(
    kind: int, type_byte: int, width: int, channels: int, data: st.DataObject
) -> None:
    rows = data.draw(samples(width, channels))
    time_ns = data.draw(st.integers(0, 2**64 - 1))
    encode = device.deltas if type_byte >= 0x80 else device.plain
    frame = PmdFrame.decode(device.frame(kind, time_ns, type_byte, encode(rows, width)))
    assert frame.device_ns == time_ns
    assert np.array_equal(frame.samples, rows)


@given(
    st.sampled_from([0, 1, 2, 3, 5]),
    st.sampled_from([0, 1, 2, 0x80, 0x81, 0x90]),
    st.binary(max_size=120),
)
def test_no_frame_raises_anything_but_a_packet_error(kind: int, kind_of: int, data: bytes) -> None:
    try:
        values = PmdFrame.decode(device.frame(kind, 7, kind_of, data)).values(2.0**-12)
    except PacketError:
        return
    assert np.isfinite(values).all()


@given(st.binary(max_size=40), st.sampled_from([b"", b"\xf0\x01\x02\x00\x00", b"\xf0\x02\x00"]))
def test_no_answer_raises_anything_but_a_packet_error(data: bytes, head: bytes) -> None:
    for decode in (PmdReply.decode, polar_pmd.features):
        try:
            decode(head + data)
        except PacketError:
            continue
    polar_pmd.stopped_by_device(data)
