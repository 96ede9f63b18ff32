"""The characteristics of the Heart Rate Service 1.0, and of its neighbour the Battery Service."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal, Self, get_args

from sensors.errors import PacketError

__all__ = ["BodyLocation", "HeartRateMeasurement", "battery_percent", "body_location"]

BodyLocation = Literal["other", "chest", "wrist", "finger", "hand", "ear lobe", "foot"]

_WIDE, _CONTACT, _CONTACT_SUPPORTED, _ENERGY, _RR = 0x01, 0x02, 0x04, 0x08, 0x10
_RESERVED = 0xE0
_U16 = 0xFFFF
_LONGEST_BYTES = 512  #: of any attribute value (Bluetooth Core, Vol 3 Part F 3.2.9)


@dataclass(frozen=True, slots=True)
class HeartRateMeasurement:
    """One notification of characteristic 0x2A37.

    `rr_1024` are the intervals since the last notification, oldest first, in 1/1024 s: integers,
    so that beats can be added up without rounding. `contact` is None where the strap cannot tell.
    `rr_damaged` says that the intervals were cut inside a number and were all dropped; `odd_flags`
    that the flags promise intervals and none came, or have bits that mean nothing.
    """

    heart_rate_bpm: int  #: as the strap computed it; 0 where it shows none
    rr_1024: tuple[int, ...] = ()
    contact: bool | None = None
    energy_kj: int | None = None  #: expended since a reset; None where it does not tell
    rr_damaged: bool = False
    odd_flags: bool = False

    @property
    def rr_s(self) -> tuple[float, ...]:
        """Return the intervals in seconds, exactly."""
        return tuple(rr / 1024 for rr in self.rr_1024)

    @classmethod
    def decode(cls, packet: bytes) -> Self:
        """Parse a notification; raise `PacketError` when it is shorter than its flags promise.

        Parameters
        ----------
        packet
            The bytes of one notification.

        Returns
        -------
        Self
            With odd flags and damaged intervals marked.

        Raises
        ------
        PacketError
            When it is shorter than its flags promise.

        Notes
        -----
        Bluetooth Heart Rate Service 1.0.
        """
        if len(packet) < 2:
            raise PacketError(f"a heart rate packet of {len(packet)} bytes")
        flags = packet[0]
        heart_rate_bpm, rest = _take(packet[1:], "<H" if flags & _WIDE else "<B")
        energy_kj: int | None = None
        if flags & _ENERGY:
            energy_kj, rest = _take(rest, "<H")
        damaged = bool(flags & _RR) and len(rest) % 2 == 1
        rr: tuple[int, ...] = ()
        if flags & _RR and not damaged:
            rr = struct.unpack(f"<{len(rest) // 2}H", rest)
        contact = bool(flags & _CONTACT) if flags & _CONTACT_SUPPORTED else None
        odd = bool(flags & _RESERVED) or bool(flags & _RR and not rest)
        return cls(heart_rate_bpm, rr, contact, energy_kj, damaged, odd)

    def encode(self) -> bytes:
        """Return the notification; raise `PacketError` where a value does not fit its field.

        Returns
        -------
        bytes
            Of 512 bytes at most.

        Raises
        ------
        PacketError
            Where a value does not fit its field, or the intervals do not fit one packet.
        """
        wide = self.heart_rate_bpm > 0xFF
        flags = _WIDE if wide else 0
        if self.contact is not None:
            flags |= _CONTACT_SUPPORTED | (_CONTACT if self.contact else 0)
        numbers = [self.heart_rate_bpm, *self.rr_1024]
        if self.energy_kj is not None:
            flags |= _ENERGY
            numbers.append(self.energy_kj)
        if any(not 0 <= number <= _U16 for number in numbers):
            raise PacketError(f"a value outside 0..{_U16} in {self}")
        packet = struct.pack("<BH" if wide else "<BB", 0, self.heart_rate_bpm)
        if self.energy_kj is not None:
            packet += struct.pack("<H", self.energy_kj)
        if self.rr_1024:
            flags |= _RR
            packet += struct.pack(f"<{len(self.rr_1024)}H", *self.rr_1024)
        if self.rr_damaged:
            raise PacketError("a damaged measurement cannot be sent again")
        if len(packet) > _LONGEST_BYTES:
            raise PacketError(f"{len(self.rr_1024)} intervals do not fit one packet")
        return bytes([flags]) + packet[1:]


def battery_percent(packet: bytes) -> int:
    """Parse characteristic 0x2A19; raise `PacketError` unless it is one byte of 0 to 100.

    Parameters
    ----------
    packet
        The value of the characteristic.

    Returns
    -------
    int
        0 to 100.

    Raises
    ------
    PacketError
        Unless it is one byte of 0 to 100.
    """
    if len(packet) != 1 or packet[0] > 100:
        raise PacketError(f"a battery level of {packet.hex() or 'no bytes'}", "out of range")
    return packet[0]


def body_location(packet: bytes) -> BodyLocation:
    """Parse characteristic 0x2A38; raise `PacketError` for a place that is not in the list.

    Parameters
    ----------
    packet
        The value of the characteristic.

    Returns
    -------
    BodyLocation
        Where the sensor is meant to be worn.

    Raises
    ------
    PacketError
        For a place that is not in the list.
    """
    places: tuple[BodyLocation, ...] = get_args(BodyLocation)
    if len(packet) != 1 or packet[0] >= len(places):
        raise PacketError(f"a body location of {packet.hex() or 'no bytes'}", "out of range")
    return places[packet[0]]


def _take(data: bytes, layout: str) -> tuple[int, bytes]:
    size = struct.calcsize(layout)
    if len(data) < size:
        raise PacketError("a heart rate packet that was cut")
    (value,) = struct.unpack_from(layout, data)
    return int(value), data[size:]
