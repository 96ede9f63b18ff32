"""The byte stream of a Shimmer3R GSR+: a clock and the skin's resistance, in four ranges.

Commands, packet layout and the conversion to a resistance after Shimmer's LogAndStream firmware
manual and GSR+ user guide. Not tried on the hardware.
"""

from __future__ import annotations

import math
from dataclasses import replace

from sensors.codecs.frame import SampleFrame
from sensors.errors import PacketError
from sensors.signals import Signal

__all__ = [
    "ACK",
    "CLOCK_WRAPS_S",
    "EXPANSION_POWER",
    "GSR_AUTO_RANGE",
    "GSR_ONLY",
    "START",
    "STOP",
    "ShimmerDecoder",
    "conductance_us",
    "rate_command",
]

ACK = 0xFF
START, STOP = b"\x07", b"\x20"
GSR_ONLY = b"\x08\x04\x00\x00"  #: of all channels, in a bit map of 24 bits
GSR_AUTO_RANGE = b"\x21\x04"
EXPANSION_POWER = b"\x5e\x01"
_TICKS_HZ = 32768
CLOCK_WRAPS_S = 2**24 / _TICKS_HZ
_DATA, _STATUS = 0x00, b"\x8a\x71"
_DATA_BYTES, _STATUS_BYTES = 6, 3  #: data: marker, u24 ticks, u16 GSR; status: its two and a byte
_FEEDBACK_KILO_OHM = (40.2, 287.0, 1000.0, 3300.0)
_REFERENCE_V, _SKIN_V = 3.0, 0.5
_LARGEST = 4095  #: of 12 bits
#: Below this in the widest range the amplifier's output stands at its rest: an open circuit.
_OPEN = 683


def rate_command(rate_hz: float) -> bytes:
    """Return the command that sets the sampling rate, as a divider of 32768 Hz.

    Parameters
    ----------
    rate_hz
        Above 0.5, up to 32768.

    Returns
    -------
    bytes
        Three bytes.

    Raises
    ------
    OverflowError
        For a rate whose divider does not fit 16 bits.
    """
    return b"\x05" + round(_TICKS_HZ / rate_hz).to_bytes(2, "little")


def conductance_us(raw: int) -> float:
    """Return uS from a GSR number: the range in its two highest bits, 12 bits of voltage.

    Skin and feedback resistor form an amplifier of 0.5 V: R = Rf / (V / 0.5 - 1).

    Parameters
    ----------
    raw
        16 bits: two of the range, two unused, 12 of voltage.

    Returns
    -------
    float
        In uS; NaN where the voltage is at an end of its span.

    Notes
    -----
    Shimmer's GSR+ user guide.
    """
    voltage_v = (raw & _LARGEST) * _REFERENCE_V / _LARGEST
    ratio = voltage_v / _SKIN_V - 1.0
    if ratio <= 0.0 or raw & _LARGEST == _LARGEST:
        return math.nan
    return 1000.0 * ratio / _FEEDBACK_KILO_OHM[raw >> 14]


class ShimmerDecoder:
    """Turns the notifications of one connection into samples; packets may be cut anywhere.

    Acknowledgements and status messages between them are passed over. After damage, decoding goes
    on where a packet is followed by the beginning of another.
    """

    def __init__(self) -> None:
        self._rest = b""

    def reset(self) -> None:
        """Forget a packet that a lost connection left open."""
        self._rest = b""

    def decode(self, packet: bytes) -> list[SampleFrame]:
        """Return the samples that a notification completes.

        Parameters
        ----------
        packet
            The bytes of one notification.

        Returns
        -------
        list[SampleFrame]
            One frame of one sample for each packet.

        Raises
        ------
        PacketError
            When there is nothing in it that could be a part of a packet.
        """
        data, at, strange = self._rest + packet, 0, 0
        frames: list[SampleFrame] = []
        while at < len(data):
            size = _size(data, at)
            if at + size > len(data):
                break
            if size == _DATA_BYTES:
                frames.append(_frame(data[at : at + size]))
            elif size == 1 and data[at] != ACK:
                strange += 1
            at += size
        self._rest = data[at:]
        if strange and not frames:
            raise PacketError(f"{strange} bytes that are part of no packet", "unknown type")
        if strange:
            frames[0] = replace(frames[0], bad=(("unknown type", strange),))
        return frames


def _size(data: bytes, at: int) -> int:
    """Return how many bytes the message at `at` takes; 1 for a byte that begins none."""
    if data[at] == _DATA and _may_begin(data, at + _DATA_BYTES):
        return _DATA_BYTES
    if data[at : at + 2] == _STATUS[: len(data) - at]:
        return _STATUS_BYTES
    return 1


def _may_begin(data: bytes, at: int) -> bool:
    return at >= len(data) or data[at] in (_DATA, _STATUS[0], ACK)


def _frame(data: bytes) -> SampleFrame:
    clock_s = int.from_bytes(data[1:4], "little") / _TICKS_HZ
    raw = int.from_bytes(data[4:6], "little")
    open_circuit = raw >> 14 == 3 and raw & _LARGEST <= _OPEN
    return SampleFrame(Signal.EDA, (conductance_us(raw),), 0, clock_s, not open_circuit)
