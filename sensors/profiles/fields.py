"""Numbers in a packet: where they stand, how they are written, and what they become."""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "TYPES",
    "Formula",
    "NumberRule",
    "PacketField",
    "PacketValues",
    "TextColumn",
    "ValueScale",
    "is_type",
    "meets",
]

Formula = Literal["linear", "reciprocal", "resistance"]

#: How types are written, for messages.
TYPES = "u1 to u32, i2 to i32, f32, sfloat, float, ascii"
_WHOLE = re.compile(r"[ui]([1-9]|[12][0-9]|3[0-2])")
_BLANKS = " \t\r\n\0"
_MASK = 0xFFFFFFFF
_SIZES = {"f32": 32, "float": 32, "sfloat": 16}
#: Mantissas of ISO/IEEE 11073-20601 that are no numbers: NaN, not at this resolution, reserved and
#: the infinities, by the bits of the mantissa.
_NO_NUMBERS = {bits: {(1 << bits - 1) + step for step in (-2, -1, 0, 1, 2)} for bits in (12, 24)}


def is_type(text: str) -> bool:
    """Return whether this is the name of a type.

    Parameters
    ----------
    text
        As in a file.

    Returns
    -------
    bool
        "i1" would have no value but its sign.
    """
    return text in (*_SIZES, "ascii") or (bool(_WHOLE.fullmatch(text)) and text != "i1")


@dataclass(frozen=True, slots=True)
class PacketField:
    """One number in a packet.

    `type` is u or i with its bits, "f32" (IEEE 754), "sfloat" or "float" (decimal, of 16 and 32
    bits, after IEEE 11073-20601), or "ascii" of `length` digits. Numbers that fill no whole bytes
    follow each other from the highest bit on when they are `big_endian`, else from the lowest.
    """

    at_bits: int  #: from the packet's start
    type: str  #: its size and sign
    big_endian: bool = False  #: the order of its bytes
    length: int = 0  #: of a text, in bytes

    @property
    def bits(self) -> int:
        """Bits that the number takes."""
        return (
            8 * self.length if self.type == "ascii" else _SIZES.get(self.type) or int(self.type[1:])
        )

    @property
    def end(self) -> int:
        """Bytes of the shortest packet that holds it."""
        return -(-(self.at_bits + self.bits) // 8)

    @property
    def wraps_at(self) -> int | None:
        """The count at which an unsigned number starts again from zero; None for others."""
        return 1 << self.bits if self.type[0] == "u" else None

    @property
    def all_bits(self) -> int:
        """The mask of a whole number's bits; of others, all that a mask may have."""
        return (1 << self.bits) - 1 if self.type[1:].isdecimal() and self.type != "f32" else _MASK

    def text(self, packet: bytes) -> str:
        """Return the letters of an "ascii" field, without blanks and zero bytes around them.

        Parameters
        ----------
        packet
            Long enough to hold them.

        Returns
        -------
        str
            What is no ASCII is a question mark.
        """
        raw = packet[self.at_bits // 8 : self.end]
        return raw.decode("ascii", errors="replace").replace("\ufffd", "?").strip(_BLANKS)

    def read(self, packet: bytes, shift_bits: int = 0) -> float:
        """Return the number, `shift_bits` further on; the packet must be long enough.

        Parameters
        ----------
        packet
            Long enough to hold it.
        shift_bits
            From its own place.

        Returns
        -------
        float
            NaN for what stands for no number.
        """
        start, bits = self.at_bits + shift_bits, self.bits
        raw = packet[start // 8 : -(-(start + bits) // 8)]
        if self.type == "ascii":
            return _number(raw)
        unsigned = int.from_bytes(raw, "big" if self.big_endian else "little")
        below = 8 * len(raw) - start % 8 - bits if self.big_endian else start % 8
        unsigned = unsigned >> below & (1 << bits) - 1
        match self.type:
            case "f32":
                return float(struct.unpack(">f", unsigned.to_bytes(4, "big"))[0])
            case "sfloat":
                return _decimal(unsigned, 12, 4)
            case "float":
                return _decimal(unsigned, 24, 8)
        return _signed(unsigned, bits) if self.type[0] == "i" else unsigned


@dataclass(frozen=True, slots=True)
class PacketValues:
    """A row of numbers, `every_bits` apart; `count` None means up to the packet's end.

    Of a signal with several axes, `axes` numbers in a row are one sample, and the next begins
    `sample_bits` after it: further on where a device sends more axes than are wanted.
    """

    first: PacketField  #: the place of the first
    every_bits: int
    count: int | None = None
    axes: int = 1
    sample_bits: int = 0  #: from one sample to the next; 0 where they follow each other

    def end(self, count: int) -> int:
        """Return the bytes of the shortest packet that holds so many.

        Parameters
        ----------
        count
            At least 1.

        Returns
        -------
        int
            From the packet's start.
        """
        return -(-(self.first.at_bits + self._shift(count - 1) + self.first.bits) // 8)

    def read(self, packet: bytes) -> list[float]:
        """Return the numbers; the packet must hold one, or all that count.

        Parameters
        ----------
        packet
            Long enough.

        Returns
        -------
        list[float]
            Whole samples; what is left over behind the last is not one.
        """
        return [self.first.read(packet, shift) for shift in self.shifts(packet)]

    def shifts(self, packet: bytes) -> list[int]:
        """Return how many bits each number stands from the place of the first.

        Parameters
        ----------
        packet
            Long enough.

        Returns
        -------
        list[int]
            Of whole samples.
        """
        room = 8 * len(packet) - self.first.at_bits - self._shift(self.axes - 1) - self.first.bits
        samples = room // self._shift(self.axes) + 1
        if self.count is not None:
            samples = self.count // self.axes
        return [self._shift(i) for i in range(samples * self.axes)]

    def _shift(self, number: int) -> int:
        """Return the bits from the first number to another."""
        sample, axis = divmod(number, self.axes)
        return sample * (self.sample_bits or self.axes * self.every_bits) + axis * self.every_bits


@dataclass(frozen=True, slots=True)
class TextColumn:
    """One cell of a line, counted from 0."""

    column: int  #: its number


@dataclass(frozen=True, slots=True)
class NumberRule:
    """Holds while number & `mask` == `equals`; of letters, while they are those of `equals`.

    Negative numbers are compared by the bits that they are sent as.
    """

    source: PacketField  #: where the number stands
    equals: int | str  #: what it must be
    mask: int = _MASK  #: the bits that count

    def holds(self, packet: bytes) -> bool:
        """Return whether a packet, which is long enough, is meant.

        Parameters
        ----------
        packet
            Long enough to hold the number.

        Returns
        -------
        bool
            False for what is no number.
        """
        if isinstance(self.equals, str):
            return self.source.text(packet) == self.equals
        return meets(self.source.read(packet), self.equals, self.mask)


def meets(number: float, equals: int, mask: int) -> bool:
    """Return whether number & mask == equals & mask; of negative ones by their bits.

    Parameters
    ----------
    number
        As it was read.
    equals
        What it must be.
    mask
        The bits that count.

    Returns
    -------
    bool
        False for NaN and the infinities.
    """
    return math.isfinite(number) and not (int(number) ^ equals) & mask


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


def _signed(unsigned: int, bits: int) -> int:
    return unsigned - (1 << bits) if unsigned >> bits - 1 else unsigned


def _decimal(unsigned: int, mantissa_bits: int, exponent_bits: int) -> float:
    """Return a number with a decimal exponent in its highest bits (IEEE 11073-20601, Annex F.8)."""
    mantissa = unsigned & (1 << mantissa_bits) - 1
    if mantissa in _NO_NUMBERS[mantissa_bits]:
        return math.nan
    value = _signed(mantissa, mantissa_bits)
    exponent = _signed(unsigned >> mantissa_bits, exponent_bits)
    # Dividing by a power of ten is exact to the last digit, multiplying by its inverse is not.
    return value * 10.0**exponent if exponent >= 0 else value / 10.0**-exponent


def _number(raw: bytes) -> float:
    """Return the number that a text is, with blanks or zero bytes around it; NaN for none."""
    try:
        text = raw.decode("ascii").strip(_BLANKS)
        return math.nan if "_" in text else float(text)  # digits are grouped so in Python alone
    except ValueError:
        return math.nan
