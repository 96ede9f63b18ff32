"""What a device profile says: how to recognise a device, start it, and read its packets.

A profile is data. `sensors.profiles.loader` reads it from TOML, `sensors.codecs.described` decodes
with it, `sensors.ble.described` connects with it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from sensors.signals import Signal

__all__ = [
    "BinaryLayout",
    "ContactRule",
    "DeviceProfile",
    "DeviceTime",
    "FieldType",
    "Formula",
    "PacketField",
    "PacketValues",
    "SetupWrite",
    "TextColumn",
    "TextLayout",
    "ValidRange",
    "ValueScale",
]

FieldType = Literal["u8", "i8", "u16", "i16", "u24", "i24", "u32", "i32", "f32"]
Formula = Literal["linear", "reciprocal", "resistance"]


@dataclass(frozen=True, slots=True)
class PacketField:
    """One number in a packet, `at` bytes from its start."""

    at: int
    type: FieldType  #: its size and sign
    big_endian: bool = False  #: the order of its bytes

    @property
    def size(self) -> int:
        """Bytes that the number takes."""
        return int(self.type[1:]) // 8

    @property
    def wraps_at(self) -> int | None:
        """The count at which an unsigned number starts again from zero; None for others."""
        return 1 << 8 * self.size if self.type[0] == "u" else None

    def read(self, packet: bytes, shift: int = 0) -> float:
        """Return the number, `shift` bytes further on; the packet must be long enough.

        Parameters
        ----------
        packet
            Long enough to hold it.
        shift
            In bytes.

        Returns
        -------
        float
            A whole number, but for "f32".
        """
        start = self.at + shift
        raw = packet[start : start + self.size]
        if self.type == "f32":
            return float(struct.unpack(">f" if self.big_endian else "<f", raw)[0])
        order: Literal["big", "little"] = "big" if self.big_endian else "little"
        return int.from_bytes(raw, order, signed=self.type[0] == "i")


@dataclass(frozen=True, slots=True)
class PacketValues:
    """A row of numbers, `every` bytes apart; `count` None means up to the packet's end."""

    first: PacketField  #: the place of the first
    every: int
    count: int | None = None


@dataclass(frozen=True, slots=True)
class TextColumn:
    """One cell of a line, counted from 0."""

    column: int  #: its number


@dataclass(frozen=True, slots=True)
class DeviceTime:
    """Where the device's own time stands, of the packet's first sample or its last."""

    source: PacketField | TextColumn  #: where it stands
    tick_s: float  #: length of one count
    of: Literal["first", "last"] = "first"  #: the sample that it is the time of


@dataclass(frozen=True, slots=True)
class ContactRule:
    """Where the device says whether it touches skin: it does while number & `mask` == `worn`."""

    source: PacketField | TextColumn  #: where the number stands
    worn: int
    mask: int = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class BinaryLayout:
    """A packet of numbers at fixed places; `sequence` counts packets or samples."""

    values: PacketValues  #: the samples
    sequence: PacketField | None = None
    sequence_counts: Literal["packets", "samples"] = "packets"  #: what it goes up by
    clock: DeviceTime | None = None  #: None without a clock
    contact: ContactRule | None = None  #: None where it does not tell

    @property
    def shortest(self) -> int:
        """Bytes of the shortest packet that holds all fields and one value, or all that count."""
        places: list[PacketField | TextColumn | None] = [self.sequence]
        places += [part.source for part in (self.clock, self.contact) if part]
        row = (self.values.count or 1) - 1
        ends = [place.at + place.size for place in places if isinstance(place, PacketField)]
        return max([*ends, self.values.first.at + row * self.values.every + self.values.first.size])


@dataclass(frozen=True, slots=True)
class TextLayout:
    """Lines with one sample each; lines that do not begin with `starts_with` are not for us.

    A line of ours with another number of `columns` was damaged on the way.
    """

    value: TextColumn  #: the sample
    columns: int | None = None
    separator: str = ","  #: between columns
    starts_with: str = ""
    sequence: TextColumn | None = None  #: counts lines; None without
    sequence_wraps_at: int | None = None  #: where it starts again from 0
    clock: DeviceTime | None = None  #: None without a clock
    contact: ContactRule | None = None  #: None where it does not tell


@dataclass(frozen=True, slots=True)
class ValueScale:
    """How a raw number becomes a value in the signal's unit.

    linear: factor * raw + offset; reciprocal: factor / raw; resistance: 1000 / (factor * raw +
    offset), where the bracket is in kOhm and the value in uS.
    """

    formula: Formula = "linear"  #: one of the three
    factor: float = 1.0  #: of the raw number
    offset: float = 0.0  #: added to the product

    def apply(self, raw: float) -> float:
        """Return the value; infinite where a conductance would divide by zero.

        Parameters
        ----------
        raw
            As in the packet.

        Returns
        -------
        float
            In the signal's unit.
        """
        if self.formula == "linear":
            return self.factor * raw + self.offset
        if self.formula == "reciprocal":
            return self.factor / raw if raw else float("inf")
        kilo_ohm = self.factor * raw + self.offset
        return 1000.0 / kilo_ohm if kilo_ohm else float("inf")


@dataclass(frozen=True, slots=True)
class ValidRange:
    """Values are good between `above` and `below`, neither included.

    A value that is not above `contact_above` says that the electrodes do not touch the skin.
    """

    above: float = 0.0
    below: float = 100.0
    contact_above: float | None = None


@dataclass(frozen=True, slots=True)
class SetupWrite:
    """Bytes to write once after connecting; `{unix_time}` stands for u32 seconds since 1970.

    With `response`, the device acknowledges them.
    """

    characteristic: str  #: its full UUID
    parts: tuple[bytes | Literal["{unix_time}"], ...]  #: one after another
    response: bool = True

    def data(self, unix_time_s: float) -> bytes:
        """Return the bytes, with the time filled in.

        Parameters
        ----------
        unix_time_s
            Seconds since 1970.

        Returns
        -------
        bytes
            To be written to `characteristic`.
        """
        now = struct.pack("<I", int(unix_time_s) & 0xFFFFFFFF)
        return b"".join(part if isinstance(part, bytes) else now for part in self.parts)


@dataclass(frozen=True, slots=True)
class DeviceProfile:
    """Everything we need to know about a device that sends one signal on one characteristic.

    `rate_hz` None: each value is an event at its arrival. `period_s` is the usual time between
    packets. `name_pattern` has `*` and `?` as wildcards.
    """

    name: str  #: that of its file
    title: str  #: for messages
    support: str  #: how well it is known to work, in words
    signal: Signal  #: what is measured
    characteristic: str  #: full UUID of what notifies
    layout: BinaryLayout | TextLayout  #: of its packets
    period_s: float
    rate_hz: float | None = None
    scale: ValueScale = ValueScale()  #: from raw numbers to the signal's unit
    valid: ValidRange = ValidRange()  #: what lies outside is a bad sample
    name_pattern: str = ""
    service: str = ""  #: full UUID that it advertises; empty for any
    setup: tuple[SetupWrite, ...] = ()  #: in order

    def matches(self, name: str, services: tuple[str, ...] = ()) -> bool:
        """Return whether a device of this name, advertising these services, is meant.

        Every rule that the profile has must hold; case does not matter.

        Parameters
        ----------
        name
            The device's, as it advertises itself.
        services
            UUIDs of the services it advertises, in full.

        Returns
        -------
        bool
            False for a profile without any rule.
        """
        if not self.name_pattern and not self.service:
            return False
        named = fnmatchcase(name.casefold(), self.name_pattern.casefold() or "*")
        offered = not self.service or self.service in {uuid.lower() for uuid in services}
        return named and offered
