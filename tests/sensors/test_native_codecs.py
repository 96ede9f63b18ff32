"""BITalino and Shimmer: bytes worked out by hand from their data sheets, and damage."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.codecs import bitalino, shimmer
from sensors.codecs.bitalino import BitalinoDecoder, crc4
from sensors.codecs.frame import SampleFrame
from sensors.codecs.shimmer import ShimmerDecoder, conductance_us
from sensors.errors import PacketError
from sensors.signals import Signal


def bitalino_frame(sequence: int, *raw: int) -> bytes:
    """Pack a frame with digital inputs at 0, as the data sheet draws it."""
    size = math.ceil((12 + 10 * len(raw)) / 8)
    bits = 0
    for i, number in enumerate(raw):
        bits |= number << (8 * size - 12 - 10 * (i + 1))
    body = bits.to_bytes(size - 1, "little") + bytes([sequence << 4])
    return body[:-1] + bytes([body[-1] | crc4(body)])


def test_the_checksum_is_the_remainder_of_a_division() -> None:
    # 0001 0000 (x^4) leaves x + 1; 0x13 is the divisor itself and leaves nothing
    assert crc4(b"\x10") == 0x3
    assert crc4(bytes([0x01, 0x30])) == 0x0


def test_a_frame_of_one_channel_worked_out_by_hand() -> None:
    # 512 = 0b1000000000: nibble 1000 in byte 1, 000000 in the top of byte 0; counter 5.
    body = bytes([0b00000000, 0b00001000, 0x50])
    packet = body[:-1] + bytes([0x50 | crc4(body)])
    (frame,) = BitalinoDecoder({3: Signal.EDA}).decode(packet)
    # 512 / 1024 * 3.3 V / 0.132 V per uS = 12.5 uS
    assert frame.values == pytest.approx((12.5,))
    assert frame == SampleFrame(Signal.EDA, frame.values, 0, None, True)
    assert packet == bitalino_frame(5, 512)


def test_four_channels_lie_where_the_data_sheet_puts_them() -> None:
    # A1 0x155, A2 0x2aa, A3 0x0f0, A4 0x30f: 0101 | 010101 10 | 10101010 | 00111100 | 00 110000 |
    # 1111 0000, from the byte before the last one down
    packet = bytes([0b11110000, 0b00110000, 0b00111100, 0b10101010, 0b01010110, 0b0101, 0x00])
    packet = packet[:-1] + bytes([crc4(packet)])
    signals = {2: Signal.ECG, 3: Signal.EDA}
    assert packet == bitalino_frame(0, 0x155, 0x2AA, 0x0F0, 0x30F)
    frames = BitalinoDecoder({1: Signal.ECG, **signals, 4: Signal.EDA}).decode(packet)
    values = [frame.values[0] for frame in frames]
    expected = [bitalino.ecg_mv(0x155), bitalino.ecg_mv(0x2AA), 240 / 40.96, 783 / 40.96]
    assert values == pytest.approx(expected)


def test_the_transfer_functions_span_what_the_data_sheets_say() -> None:
    assert bitalino.eda_us(0) == 0.0
    assert bitalino.eda_us(1024) == pytest.approx(25.0)
    assert bitalino.ecg_mv(512) == 0.0
    assert (bitalino.ecg_mv(0), bitalino.ecg_mv(1024)) == pytest.approx((-1.5, 1.5))


def test_a_missing_or_damaged_frame_is_counted_modulo_sixteen() -> None:
    decoder = BitalinoDecoder({3: Signal.EDA})
    damaged = bytearray(bitalino_frame(15, 300))
    damaged[0] ^= 0x40
    packet = bitalino_frame(14, 300) + bytes(damaged) + bitalino_frame(0, 310)
    frames = decoder.decode(packet)
    assert [(frame.lost, len(frame.values)) for frame in frames] == [(0, 1), (1, 1)]
    together = decoder.decode(bitalino_frame(1, 300) + bitalino_frame(2, 0))
    assert [(frame.lost, len(frame.values), frame.worn) for frame in together] == [(0, 2, False)]


def test_saturation_is_no_value() -> None:
    frames = BitalinoDecoder({1: Signal.ECG, 2: Signal.EDA}).decode(bitalino_frame(0, 0, 1023))
    assert all(math.isnan(frame.values[0]) for frame in frames)


@pytest.mark.parametrize("packet", [b"", b"\x00", bytes(4), b"\x00\x08\x5f"])
def test_what_is_no_frame_is_refused(packet: bytes) -> None:
    with pytest.raises(PacketError):
        BitalinoDecoder({3: Signal.EDA}).decode(packet)


def test_commands_are_those_of_the_data_sheet() -> None:
    assert [bitalino.rate_command(rate)[0] for rate in bitalino.RATES_HZ] == [
        0b00000011,
        0b01000011,
        0b10000011,
        0b11000011,
    ]
    assert bitalino.start_command((3,)) == bytes([0b00010001])
    assert bitalino.start_command((1, 4)) == bytes([0b00100101])


def test_shimmer_resistances_follow_the_range() -> None:
    # 1365 of 4095 is 1 V: 1 / 0.5 - 1 = 1, so the skin's resistance is the feedback resistor
    for index, kilo_ohm in enumerate((40.2, 287.0, 1000.0, 3300.0)):
        assert conductance_us(index << 14 | 1365) == pytest.approx(1000.0 / kilo_ohm)
    # 2730 is 2 V: a third of the resistor, three times the conductance
    assert conductance_us(1 << 14 | 2730) == pytest.approx(3000.0 / 287.0)
    assert math.isnan(conductance_us(0))
    assert math.isnan(conductance_us(4095))


SAMPLE = bytes.fromhex("00 008000 5545")  #: 32768 ticks are 1 s; 0x4555 is range 1 at 1365


def test_a_shimmer_packet_is_a_clock_and_a_range() -> None:
    (frame,) = ShimmerDecoder().decode(SAMPLE)
    assert frame.clock_s == 1.0
    assert frame.values == pytest.approx((1000.0 / 287.0,))
    assert frame.worn


def test_acknowledgements_and_status_are_passed_over_however_they_are_cut() -> None:
    stream = b"\xff\x8a\x71\x03" + SAMPLE + b"\xff" + SAMPLE * 3
    for size in range(1, len(stream)):
        decoder = ShimmerDecoder()
        pieces = [stream[i : i + size] for i in range(0, len(stream), size)]
        frames = [frame for piece in pieces for frame in decoder.decode(piece)]
        assert [frame.clock_s for frame in frames] == [1.0] * 4


def test_decoding_goes_on_after_damage() -> None:
    decoder = ShimmerDecoder()
    with pytest.raises(PacketError):
        decoder.decode(b"\x33\x44")
    assert len(decoder.decode(SAMPLE[2:] + SAMPLE * 4)) >= 3
    frames = ShimmerDecoder().decode(b"\x00\x11" + SAMPLE * 3)
    assert [frame.clock_s for frame in frames] == [1.0] * 3


def test_an_open_circuit_is_no_contact() -> None:
    (frame,) = ShimmerDecoder().decode(bytes.fromhex("00 000000 abc2"))
    assert frame.worn is False


def test_shimmer_commands() -> None:
    assert shimmer.rate_command(16.0) == bytes.fromhex("05 0008")
    assert shimmer.CLOCK_WRAPS_S == 512.0


@given(st.lists(st.binary(max_size=40), max_size=10))
def test_whatever_arrives_gives_plausible_values_or_a_packet_error(packets: list[bytes]) -> None:
    decoders = (ShimmerDecoder(), BitalinoDecoder({1: Signal.ECG, 3: Signal.EDA}))
    for decoder in decoders:
        for packet in packets:
            try:
                frames = decoder.decode(packet)
            except PacketError:
                continue
            for frame in frames:
                assert all(math.isnan(v) or -1.5 <= v < 125.0 for v in frame.values)
