"""Frames of the BITalino (r)evolution: a counter, digital inputs and up to four 10-bit channels.

Layout, checksum and commands after PLUX's MCU block data sheet; transfer functions after its EDA
and ECG sensor data sheets. Not tried on the hardware.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Literal

from sensors.codecs.frame import SampleFrame, SequenceCounter
from sensors.error_counter import BadKind
from sensors.errors import PacketError
from sensors.signals import Signal

__all__ = [
    "RATES_HZ",
    "STOP",
    "BitalinoDecoder",
    "BitalinoSignal",
    "crc4",
    "ecg_mv",
    "eda_us",
    "rate_command",
    "start_command",
]

BitalinoSignal = Literal[Signal.EDA, Signal.ECG]

RATES_HZ = (1, 10, 100, 1000)
STOP = b"\x00"
_SUPPLY_V = 3.3
_LARGEST = 1023  #: of 10 bits
_EDA_V_PER_US = 0.132
_ECG_GAIN = 1100


def rate_command(rate_hz: int) -> bytes:
    """Return the command that sets the sampling rate, one of `RATES_HZ`.

    Parameters
    ----------
    rate_hz
        One of `RATES_HZ`.

    Returns
    -------
    bytes
        One byte.

    Raises
    ------
    ValueError
        For any other rate.
    """
    return bytes([RATES_HZ.index(rate_hz) << 6 | 0x03])


def start_command(channels: tuple[int, ...]) -> bytes:
    """Return the command that starts live mode with the analogue channels 1 to 4 given.

    Parameters
    ----------
    channels
        Numbers as printed on the board, 1 to 4.

    Returns
    -------
    bytes
        One byte.
    """
    return bytes([0x01 | sum(1 << (channel + 1) for channel in set(channels))])


def crc4(data: bytes) -> int:
    """Return the checksum of a frame whose last four bits, its own checksum, are taken as 0.

    The polynomial is x^4 + x + 1, from 0, highest bit first, without final inversion.

    Parameters
    ----------
    data
        The whole frame, one byte at least.

    Returns
    -------
    int
        0 to 15.

    Notes
    -----
    PLUX's MCU block data sheet.
    """
    crc = 0
    for byte in (*data[:-1], data[-1] & 0xF0):
        for bit in range(7, -1, -1):
            crc = crc << 1 | byte >> bit & 1
            if crc & 0x10:
                crc ^= 0x13
    return crc


def eda_us(raw: int) -> float:
    """Return uS: the share of 3.3 V over 0.132 V per uS, 0 to 25 uS.

    Parameters
    ----------
    raw
        10 bits, 0 to 1023.

    Returns
    -------
    float
        In uS.

    Notes
    -----
    PLUX's EDA sensor data sheet.
    """
    return raw / (_LARGEST + 1) * _SUPPLY_V / _EDA_V_PER_US


def ecg_mv(raw: int) -> float:
    """Return mV: the distance from half of 3.3 V, over a gain of 1100; -1.5 to 1.5 mV.

    Parameters
    ----------
    raw
        10 bits, 0 to 1023.

    Returns
    -------
    float
        In mV.

    Notes
    -----
    PLUX's ECG sensor data sheet.
    """
    return (raw / (_LARGEST + 1) - 0.5) * _SUPPLY_V / _ECG_GAIN * 1000.0


class BitalinoDecoder:
    """Turns notifications of whole frames into samples of the signals on its channels.

    Parameters
    ----------
    channels
        Which signal is on which analogue channel, 1 to 4; all are sent, in order of their
        numbers.
    """

    def __init__(self, channels: Mapping[int, BitalinoSignal]) -> None:
        self._signals = [channels[number] for number in sorted(channels)]
        self._size = math.ceil((12 + 10 * len(channels)) / 8)
        self._counter = SequenceCounter(16)

    def reset(self) -> None:
        """Forget the counter of a lost connection."""
        self._counter.reset()

    def decode(self, packet: bytes) -> list[SampleFrame]:
        """Return the samples; a frame with a wrong checksum is left out, as if never sent.

        Parameters
        ----------
        packet
            Whole frames.

        Returns
        -------
        list[SampleFrame]
            One for each signal and each unbroken stretch.

        Raises
        ------
        PacketError
            Unless there are whole frames, of which one is right.
        """
        if not packet or len(packet) % self._size:
            raise PacketError(f"{len(packet)} bytes are no frames of {self._size}")
        pieces = [packet[i : i + self._size] for i in range(0, len(packet), self._size)]
        rows: list[tuple[int, list[int]]] = []
        for piece in pieces:
            if crc4(piece) == piece[-1] & 0x0F:
                rows.append((self._counter.step(piece[-1] >> 4), _channels(piece)))
        if not rows:
            raise PacketError("frames with wrong checksums", "wrong checksum")
        starts = [i for i, (lost, _) in enumerate(rows) if lost or not i]
        frames: list[SampleFrame] = []
        for start, end in pairwise([*starts, len(rows)]):
            for i, signal in enumerate(self._signals):
                raw = [numbers[i] for _, numbers in rows[start:end]]
                frames.append(_frame(signal, raw, rows[start][0]))
        return [replace(frames[0], bad=_bad(rows, pieces)), *frames[1:]]


def _bad(rows: list[tuple[int, list[int]]], pieces: list[bytes]) -> tuple[tuple[BadKind, int], ...]:
    """Return how many frames of a notification were wrong, and how many never came."""
    wrong = len(pieces) - len(rows)
    missing = max(0, sum(lost for lost, _ in rows) - wrong)
    found: list[tuple[BadKind, int]] = [("wrong checksum", wrong), ("lost packets", missing)]
    return tuple((kind, times) for kind, times in found if times)


def _channels(piece: bytes) -> list[int]:
    """Return the 10-bit numbers of a frame, which are packed downwards from its end."""
    bits = int.from_bytes(piece[:-1], "little") << 4  # 40 bits of numbers below 4 of digital inputs
    top = 8 * len(piece) - 8
    count = (top - 4) // 10
    return [bits >> (top - 10 * (i + 1)) & _LARGEST for i in range(count)]


def _frame(signal: BitalinoSignal, raw: list[int], lost: int) -> SampleFrame:
    if signal is Signal.ECG:
        values = [math.nan if number in (0, _LARGEST) else ecg_mv(number) for number in raw]
        return SampleFrame(signal, tuple(values), lost)
    values = [math.nan if number == _LARGEST else eda_us(number) for number in raw]
    return SampleFrame(signal, tuple(values), lost, worn=min(raw) > 0)
