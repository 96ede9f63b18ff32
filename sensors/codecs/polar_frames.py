"""Polar Measurement Data: the frames that come of a measurement once it was started.

Frames carry the time of their last sample on the device's own clock. Samples are plain or "delta
compressed": one sample in full, then blocks of differences with as few bits as they need.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sensors.codecs.polar_pmd import PmdMeasurement
from sensors.errors import PacketError

__all__ = ["PmdFrame", "PulseInterval"]


@dataclass(frozen=True, slots=True)
class PulseInterval:
    """One beat-to-beat interval of an optical sensor; `contact` is None where it cannot tell.

    `error_ms` is how far the interval may be off; `moved` says that movement spoiled it.
    """

    heart_rate_bpm: int  #: as the sensor computed it
    interval_ms: int  #: between two pulses
    error_ms: int
    moved: bool
    contact: bool | None


@dataclass(frozen=True, slots=True, eq=False)
class PmdFrame:
    """One notification of the data characteristic.

    `device_ns` is when its last sample was taken, in ns since 2000-01-01 on the device's clock; 0
    where it does not say. `samples` has shape (n, channels), as they were sent: ECG in uV, ACC in
    mg (in units of the factor where compressed), PPG in its own unit: three channels of green light
    and the ambient light (type 0), eight of green, six of red and six of infrared light (type 10),
    two of green light (type 13). `intervals` are the content of PPI frames.
    """

    kind: PmdMeasurement  #: what was measured
    device_ns: int
    frame_type: int  #: the layout of its samples
    compressed: bool  #: whether they were sent as differences
    samples: NDArray[np.int32]
    intervals: tuple[PulseInterval, ...] = ()

    @classmethod
    def decode(cls, packet: bytes) -> Self:
        """Parse a notification; raise `PacketError` for a frame that is cut, empty or unknown.

        Parameters
        ----------
        packet
            The bytes of one notification.

        Returns
        -------
        Self
            Samples as they were sent, without gaps.

        Raises
        ------
        PacketError
            For a frame that is cut, empty or unknown.
        """
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
        kind, channels, width, kept = layout
        if kind is PmdMeasurement.PPI:
            return cls(kind, device_ns, frame_type, compressed, _NOTHING, _intervals(data))
        take = _deltas if compressed else _plain
        samples = take(data, channels, width)[:, :kept]
        return cls(kind, device_ns, frame_type, compressed, samples)

    def values(self, factor: float = 1.0) -> NDArray[np.float64]:
        """Return the samples, shape (n, channels), in mV for ECG, g for ACC, as sent for PPG.

        Parameters
        ----------
        factor
            What the reply to the start said; only compressed ACC needs it.

        Returns
        -------
        NDArray[np.float64]
            Shape (n, channels); (0, 0) for pulse intervals.
        """
        values = self.samples.astype(np.float64)
        if self.kind is PmdMeasurement.ECG or (
            self.kind is PmdMeasurement.ACC and not self.compressed
        ):
            return values / 1000.0
        if self.kind is PmdMeasurement.ACC:
            return values * (factor if self.frame_type == 0 else factor / 1000.0)
        return values


#: (kind, frame type, compressed) -> kind, channels, bytes of a whole sample of one channel, and how
#: many channels are samples: behind them, PPG of types 10 and 13 has bits of status. Those two are
#: laid out so in the parsers of Polar's own BLE SDK, and are what a Polar 360 and watches send.
_LAYOUTS: dict[tuple[int, int, bool], tuple[PmdMeasurement, int, int, int]] = {
    (PmdMeasurement.ECG, 0, False): (PmdMeasurement.ECG, 1, 3, 1),
    (PmdMeasurement.PPG, 0, False): (PmdMeasurement.PPG, 4, 3, 4),
    (PmdMeasurement.PPG, 0, True): (PmdMeasurement.PPG, 4, 3, 4),
    (PmdMeasurement.PPG, 10, True): (PmdMeasurement.PPG, 21, 3, 20),
    (PmdMeasurement.PPG, 13, True): (PmdMeasurement.PPG, 3, 3, 2),
    (PmdMeasurement.ACC, 0, False): (PmdMeasurement.ACC, 3, 1, 3),
    (PmdMeasurement.ACC, 1, False): (PmdMeasurement.ACC, 3, 2, 3),
    (PmdMeasurement.ACC, 2, False): (PmdMeasurement.ACC, 3, 3, 3),
    (PmdMeasurement.ACC, 0, True): (PmdMeasurement.ACC, 3, 2, 3),
    (PmdMeasurement.ACC, 1, True): (PmdMeasurement.ACC, 3, 2, 3),
    (PmdMeasurement.PPI, 0, False): (PmdMeasurement.PPI, 0, 6, 0),
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
