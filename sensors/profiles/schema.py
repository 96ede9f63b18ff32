"""What a device profile says: how to recognise a device, start it, and read its packets.

A profile is data. `sensors.profiles.loader` reads it from TOML, `sensors.codecs.described` decodes
with it, `sensors.ble.described` connects with it. Where a number stands in a packet, and how it
becomes a value, is in `sensors.profiles.fields`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from sensors.profiles.fields import NumberRule, PacketField, PacketValues, TextColumn, ValueScale
from sensors.signals import Signal

__all__ = [
    "BinaryLayout",
    "ContactRule",
    "DeviceProfile",
    "DeviceTime",
    "DeviceWrite",
    "ProfileStream",
    "SequenceScope",
    "TextLayout",
    "ValidRange",
]

#: What a counter goes up by: with each packet of its stream, each sample, or each packet of the
#: characteristic, whatever its type.
SequenceScope = Literal["packets", "samples", "all"]


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
    sequence_counts: SequenceScope = "packets"  #: what it goes up by
    clock: DeviceTime | None = None  #: None without a clock
    contact: ContactRule | None = None  #: None where it does not tell

    @property
    def shortest(self) -> int:
        """Bytes of the shortest packet that holds all fields and one value, or all that count."""
        places: list[PacketField | TextColumn | None] = [self.sequence]
        places += [part.source for part in (self.clock, self.contact) if part]
        ends = [place.end for place in places if isinstance(place, PacketField)]
        return max([*ends, self.values.end(self.values.count or 1)])


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
class ValidRange:
    """Values are good between `above` and `below`, neither included.

    A value that is not above `contact_above` says that the electrodes do not touch the skin.
    """

    above: float = 0.0
    below: float = 100.0
    contact_above: float | None = None


_AS_IT_IS = ValueScale()


@dataclass(frozen=True, slots=True)
class ProfileStream:
    """One signal of a device: on which characteristic, in which of its packets, and how.

    `rate_hz` None: each value is an event at its arrival. `period_s` is the usual time between
    packets.
    """

    signal: Signal  #: what is measured
    characteristic: str  #: full UUID of what notifies
    layout: BinaryLayout | TextLayout  #: of its packets
    period_s: float
    rate_hz: float | None = None  #: as the device's maker says; it is measured as well
    scale: ValueScale = _AS_IT_IS  #: from raw numbers to the signal's unit
    valid: ValidRange = ValidRange()  #: what lies outside is a bad sample
    when: NumberRule | None = None  #: which packets are of this stream; None for all

    @property
    def clock_wraps_s(self) -> float | None:
        """Seconds after which the device's clock starts again from 0; None if it never does."""
        clock = self.layout.clock
        if clock is None or not isinstance(clock.source, PacketField) or not clock.source.wraps_at:
            return None
        return clock.source.wraps_at * clock.tick_s

    @property
    def tells_losses(self) -> bool:
        """Return whether a clock, or a counter of its own, tells what was lost."""
        layout = self.layout
        if isinstance(layout, BinaryLayout) and layout.sequence_counts == "all":
            return bool(layout.clock)
        return bool(layout.sequence or layout.clock)


@dataclass(frozen=True, slots=True)
class DeviceWrite:
    """Bytes to write to a device; `{unix_time}` stands for u32 seconds since 1970.

    With `response`, the device acknowledges them. With an `answer`, what follows waits until
    `answer_on` notifies something that begins so; None in it stands for any byte.
    """

    characteristic: str  #: its full UUID
    parts: tuple[bytes | Literal["{unix_time}"], ...]  #: one after another
    response: bool = True
    answer: tuple[int | None, ...] = ()  #: how the awaited notification begins; empty for none
    answer_on: str = ""  #: full UUID of what notifies it
    every_s: float | None = None  #: None for once

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

    def is_answer(self, packet: bytes) -> bool:
        """Return whether a notification is the one that is awaited.

        Parameters
        ----------
        packet
            Of `answer_on`.

        Returns
        -------
        bool
            By how it begins.
        """
        if len(packet) < len(self.answer):
            return False
        return all(want in (None, byte) for want, byte in zip(self.answer, packet, strict=False))


@dataclass(frozen=True, slots=True)
class DeviceProfile:
    """Everything we need to know about a device. `name_pattern` has `*` and `?` as wildcards."""

    name: str  #: that of its file
    title: str  #: for messages
    support: str  #: how well it is known to work, in words
    streams: tuple[ProfileStream, ...]  #: what it measures
    name_pattern: str = ""
    service: str = ""  #: full UUID that it advertises; empty for any
    setup: tuple[DeviceWrite, ...] = ()  #: after connecting, in order
    repeated: tuple[DeviceWrite, ...] = ()  #: while it is connected
    goodbye: tuple[DeviceWrite, ...] = ()  #: before disconnecting, in order
    digest: str = field(default="", compare=False)  #: of all that its file says, but for remarks

    @property
    def characteristics(self) -> tuple[str, ...]:
        """Return the full UUIDs of what notifies data, each once."""
        return tuple(dict.fromkeys(stream.characteristic for stream in self.streams))

    @property
    def signals(self) -> tuple[Signal, ...]:
        """Return what it measures, each signal once."""
        return tuple(dict.fromkeys(stream.signal for stream in self.streams))

    def of(self, characteristic: str) -> tuple[ProfileStream, ...]:
        """Return what comes on a characteristic.

        Parameters
        ----------
        characteristic
            Its full UUID.

        Returns
        -------
        tuple[ProfileStream, ...]
            In the order of the file.
        """
        return tuple(stream for stream in self.streams if stream.characteristic == characteristic)

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
