"""Polar Measurement Data: what is written to its control point, and the frames that come back.

Frames carry the time of their last sample on the device's own clock. Samples are plain or "delta
compressed": one sample in full, then blocks of differences with as few bits as they need.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sensors.errors import PacketError

__all__ = [
    "ERRORS",
    "FACTOR",
    "PmdFrame",
    "PmdMeasurement",
    "PmdReply",
    "PmdSetting",
    "PulseInterval",
    "ask_settings",
    "features",
    "start",
    "stop",
    "stopped_by_device",
]


class PmdMeasurement(IntEnum):
    """What a sensor can send."""

    ECG = 0
    PPG = 1
    ACC = 2
    PPI = 3
    GYRO = 5
    MAG = 6


class PmdSetting(IntEnum):
    """What can be chosen for a measurement."""

    RATE_HZ = 0
    RESOLUTION_BITS = 1
    RANGE = 2
    RANGE_MILLI = 3
    CHANNELS = 4


FACTOR = 5  #: the one parameter that is a float: what compressed samples are multiplied by

_WIDTHS = {
    PmdSetting.RATE_HZ: "H",
    PmdSetting.RESOLUTION_BITS: "H",
    PmdSetting.RANGE: "H",
    PmdSetting.RANGE_MILLI: "I",
    PmdSetting.CHANNELS: "B",
}
_GET, _START, _STOP = 1, 2, 3
_FEATURES, _STOPPED, _REPLY = 0x0F, 0x01, 0xF0

#: What the control point answers, in words.
ERRORS = {
    1: "it does not know the request",
    2: "it does not know the measurement",
    3: "it does not support the measurement",
    4: "the request has a wrong length",
    5: "a parameter of the request is wrong",
    6: "the measurement runs already",
    7: "it does not support the resolution",
    8: "it does not support the rate",
    9: "it does not support the range",
    10: "its packets are too small for it",
    11: "it does not support the number of channels",
    12: "it cannot do so in its present state",
    13: "it is on its charger",
    14: "its memory is full",
}


def features(packet: bytes) -> frozenset[PmdMeasurement]:
    """Parse what reading the control point returns: the measurements that the sensor has."""
    if len(packet) < 2 or packet[0] != _FEATURES:
        raise PacketError(f"PMD features of {packet[:4].hex() or 'no bytes'}", "unknown type")
    return frozenset(kind for kind in PmdMeasurement if packet[1] >> kind & 1)


def ask_settings(kind: PmdMeasurement) -> bytes:
    """Return the request for the settings that a measurement can have."""
    return bytes([_GET, kind])


def start(kind: PmdMeasurement, settings: Mapping[PmdSetting, int]) -> bytes:
    """Return the request to start; raise `PacketError` where a value does not fit its field."""
    request = bytes([_START, kind])
    for setting, value in sorted(settings.items()):
        try:
            request += struct.pack(f"<BB{_WIDTHS[setting]}", setting, 1, value)
        except struct.error:
            raise PacketError(f"{setting.name} of {value}") from None
    return request


def stop(kind: PmdMeasurement) -> bytes:
    """Return the request to stop."""
    return bytes([_STOP, kind])


def stopped_by_device(packet: bytes) -> frozenset[PmdMeasurement]:
    """Return the measurements that the sensor says it has stopped by itself; often none."""
    if len(packet) < 2 or packet[0] != _STOPPED:
        return frozenset()
    return frozenset(kind for kind in PmdMeasurement if kind in packet[1:])


@dataclass(frozen=True, slots=True)
class PmdReply:
    """An answer of the control point; `error` is 0 or one of `ERRORS`.

    `settings` are the values to choose from, `factor` is what compressed samples are to be
    multiplied by, 1 where it was not said. With `more`, the rest comes in another packet.
    """

    operation: int
    kind: int
    error: int = 0
    more: bool = False
    settings: Mapping[PmdSetting, tuple[int, ...]] = field(default_factory=dict)
    factor: float = 1.0

    @classmethod
    def decode(cls, packet: bytes) -> Self:
        """Parse an indication; raise `PacketError` when it is cut or has unknown parameters."""
        if len(packet) < 4 or packet[0] != _REPLY:
            raise PacketError(f"a PMD reply of {packet[:4].hex() or 'no bytes'}")
        operation, kind, error = packet[1], packet[2], packet[3]
        if error or len(packet) == 4:
            return cls(operation, kind, error)
        more, rest = packet[4] != 0, packet[5:]
        if operation not in (_GET, _START):
            return cls(operation, kind, error, more)
        settings, factor = _parameters(rest)
        return cls(operation, kind, error, more, settings, factor)

    def answers(self, request: bytes) -> bool:
        """Return whether this is the reply to a request."""
        return request[:2] == bytes([self.operation, self.kind])

    def __str__(self) -> str:
        return ERRORS.get(self.error, f"its error is {self.error}") if self.error else "done"


def _parameters(data: bytes) -> tuple[dict[PmdSetting, tuple[int, ...]], float]:
    settings: dict[PmdSetting, tuple[int, ...]] = {}
    factor, at = 1.0, 0
    while at + 2 <= len(data):
        kind, count = data[at], data[at + 1]
        width = "f" if kind == FACTOR else _WIDTHS.get(PmdSetting(kind)) if kind < FACTOR else None
        if width is None:
            raise PacketError(f"an unknown PMD setting {kind}", "unknown type")
        layout = f"<{count}{width}"
        at += 2
        if at + struct.calcsize(layout) > len(data):
            raise PacketError("PMD settings that were cut")
        values = struct.unpack_from(layout, data, at)
        at += struct.calcsize(layout)
        if kind != FACTOR:
            settings[PmdSetting(kind)] = values
        elif values:
            factor = values[-1]
    if not (math.isfinite(factor) and factor > 0.0):
        raise PacketError(f"a PMD factor of {factor:g}", "out of range")
    return settings, factor


@dataclass(frozen=True, slots=True)
class PulseInterval:
    """One beat-to-beat interval of an optical sensor; `contact` is None where it cannot tell.

    `error_ms` is how far the interval may be off; `moved` says that movement spoiled it.
    """

    heart_rate_bpm: int
    interval_ms: int
    error_ms: int
    moved: bool
    contact: bool | None


@dataclass(frozen=True, slots=True, eq=False)
class PmdFrame:
    """One notification of the data characteristic.

    `device_ns` is when its last sample was taken, in ns since 2000-01-01 on the device's clock; 0
    where it does not say. `samples` has shape (n, channels), as they were sent: ECG in uV, ACC in
    mg (in units of the factor where compressed), PPG in its own unit, the last channel of it the
    ambient light. `intervals` are the content of PPI frames.
    """

    kind: PmdMeasurement
    device_ns: int
    frame_type: int
    compressed: bool
    samples: NDArray[np.int32]
    intervals: tuple[PulseInterval, ...] = ()

    @classmethod
    def decode(cls, packet: bytes) -> Self:
        """Parse a notification; raise `PacketError` for a frame that is cut, empty or unknown."""
        if len(packet) < 11:
            raise PacketError(f"a PMD frame of {len(packet)} bytes")
        kind_byte, device_ns, type_byte = struct.unpack_from("<BQB", packet)
        frame_type, compressed, data = type_byte & 0x7F, type_byte >= 0x80, packet[10:]
        layout = _LAYOUTS.get((kind_byte & 0x3F, frame_type, compressed))
        if layout is None:
            raise PacketError(
                f"a PMD frame of kind {kind_byte & 0x3F}, type {frame_type}"
                f"{', compressed' if compressed else ''}",
                "unknown type",
            )
        kind, channels, width = layout
        if kind is PmdMeasurement.PPI:
            return cls(kind, device_ns, frame_type, compressed, _NOTHING, _intervals(data))
        take = _deltas if compressed else _plain
        return cls(kind, device_ns, frame_type, compressed, take(data, channels, width))

    def values(self, factor: float = 1.0) -> NDArray[np.float64]:
        """Return the samples, shape (n, channels), in mV for ECG, g for ACC, as sent for PPG."""
        values = self.samples.astype(np.float64)
        if self.kind is PmdMeasurement.ECG or (
            self.kind is PmdMeasurement.ACC and not self.compressed
        ):
            return values / 1000.0
        if self.kind is PmdMeasurement.ACC:
            return values * (factor if self.frame_type == 0 else factor / 1000.0)
        return values


#: (kind, frame type, compressed) -> kind, channels, bytes of a whole sample of one channel
_LAYOUTS: dict[tuple[int, int, bool], tuple[PmdMeasurement, int, int]] = {
    (PmdMeasurement.ECG, 0, False): (PmdMeasurement.ECG, 1, 3),
    (PmdMeasurement.PPG, 0, False): (PmdMeasurement.PPG, 4, 3),
    (PmdMeasurement.PPG, 0, True): (PmdMeasurement.PPG, 4, 3),
    (PmdMeasurement.ACC, 0, False): (PmdMeasurement.ACC, 3, 1),
    (PmdMeasurement.ACC, 1, False): (PmdMeasurement.ACC, 3, 2),
    (PmdMeasurement.ACC, 2, False): (PmdMeasurement.ACC, 3, 3),
    (PmdMeasurement.ACC, 0, True): (PmdMeasurement.ACC, 3, 2),
    (PmdMeasurement.ACC, 1, True): (PmdMeasurement.ACC, 3, 2),
    (PmdMeasurement.PPI, 0, False): (PmdMeasurement.PPI, 0, 6),
}
_NOTHING = np.zeros((0, 0), dtype=np.int32)
_MOST_SAMPLES = 4096  #: in one frame; differences of no bits could otherwise claim any number


def _plain(data: bytes, channels: int, width: int) -> NDArray[np.int32]:
    """Return signed little-endian integers of `width` bytes, one row a sample."""
    if len(data) % (channels * width):
        raise PacketError("a PMD frame that was cut inside a sample")
    # Shifted into the upper bytes, the sign comes right by itself when they move down again.
    wide = np.zeros((len(data) // width, 4), dtype=np.uint8)
    wide[:, 4 - width :] = np.frombuffer(data, dtype=np.uint8).reshape(-1, width)
    numbers: NDArray[np.int32] = wide.view("<i4").astype(np.int32, copy=False)
    return (numbers >> (8 * (4 - width))).reshape(-1, channels)


def _deltas(data: bytes, channels: int, width: int) -> NDArray[np.int32]:
    """Return the samples of a compressed frame: a whole one, then sums of differences."""
    at = channels * width
    if len(data) < at:
        raise PacketError("a compressed PMD frame without its first sample")
    rows = [_plain(data[:at], channels, width).astype(np.int64)]
    total = 1
    while at < len(data):
        if at + 2 > len(data):
            raise PacketError("a compressed PMD frame that ends inside a block's head")
        bits, count = data[at], data[at + 1]
        size = (bits * count * channels + 7) // 8
        at += 2
        total += count
        if bits > 32 or at + size > len(data) or total > _MOST_SAMPLES:
            raise PacketError("a compressed PMD frame with an impossible block")
        rows.append(_block(data[at : at + size], bits, count * channels).reshape(count, channels))
        at += size
    samples = np.cumsum(np.concatenate(rows), axis=0)
    if np.abs(samples).max() > np.iinfo(np.int32).max:
        raise PacketError("differences of a PMD frame that run out of range", "out of range")
    return samples.astype(np.int32)


def _block(data: bytes, bits: int, count: int) -> NDArray[np.int64]:
    """Return signed integers of `bits` bits each, packed from the lowest bit on."""
    if bits == 0:
        return np.zeros(count, dtype=np.int64)
    flags = np.unpackbits(np.frombuffer(data, dtype=np.uint8), bitorder="little")
    weights = np.int64(1) << np.arange(bits, dtype=np.int64)
    weights[-1] = -weights[-1]
    return flags[: count * bits].reshape(count, bits).astype(np.int64) @ weights


def _intervals(data: bytes) -> tuple[PulseInterval, ...]:
    if len(data) % 6:
        raise PacketError("a PMD frame that was cut inside an interval")
    return tuple(
        PulseInterval(heart_rate_bpm, interval_ms, error_ms, bool(flags & 1), _contact(flags))
        for heart_rate_bpm, interval_ms, error_ms, flags in struct.iter_unpack("<BHHB", data)
    )


def _contact(flags: int) -> bool | None:
    return bool(flags & 2) if flags & 4 else None
