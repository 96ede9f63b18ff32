"""Where the numbers of a described band stand in a packet, as bits of one big-endian number."""

from __future__ import annotations

import math

from sensors.profiles.fields import PacketField
from sensors.profiles.schema import BinaryLayout, ProfileStream

__all__ = ["applies", "fixed_fields", "known_bits", "leading_bits", "mask", "with_bits"]


def applies(stream: ProfileStream, data: bytes) -> bool:
    """Return whether a packet is decoded as one of a stream.

    Parameters
    ----------
    stream
        With a binary layout.
    data
        The packet.

    Returns
    -------
    bool
        False for one that is too short, and for one of another type.
    """
    assert isinstance(stream.layout, BinaryLayout)
    return len(data) >= stream.layout.shortest and (
        stream.when is None or (len(data) >= stream.when.source.end and stream.when.holds(data))
    )


def fixed_fields(stream: ProfileStream, data: bytes) -> list[PacketField]:
    """Return what is decoded of a packet besides its samples: type, counter, clock, contact.

    Parameters
    ----------
    stream
        With a binary layout.
    data
        The packet; of one of another type, the type and a counter of all packets are read.

    Returns
    -------
    list[PacketField]
        Only those that the packet is long enough for.
    """
    layout, when = stream.layout, stream.when
    assert isinstance(layout, BinaryLayout)
    fields = [when.source] if when else []
    if layout.sequence and (layout.sequence_counts == "all" or applies(stream, data)):
        fields.append(layout.sequence)
    if applies(stream, data):
        places = [part.source for part in (layout.clock, layout.contact) if part]
        fields += [place for place in places if isinstance(place, PacketField)]
    return [field for field in fields if field.end <= len(data)]


def known_bits(stream: ProfileStream, data: bytes) -> int:
    """Return the bits of a packet that a stream decodes.

    Parameters
    ----------
    stream
        With a binary layout.
    data
        The packet.

    Returns
    -------
    int
        The others say nothing to anybody here.
    """
    known = 0
    for field in fixed_fields(stream, data):
        known |= mask(field, 0, len(data))
    if applies(stream, data):
        assert isinstance(stream.layout, BinaryLayout)
        for shift in stream.layout.values.shifts(data):
            known |= mask(stream.layout.values.first, shift, len(data))
    return known


def mask(field: PacketField, shift: int, size: int) -> int:
    """Return the bits of a field.

    Parameters
    ----------
    field
        Within the packet.
    shift
        Bits from its own place.
    size
        Bytes of the packet.

    Returns
    -------
    int
        As a part of the packet's number.
    """
    return sum(1 << place for place in _places(field, shift, size))


def leading_bits(field: PacketField, shift: int, data: bytes, count: int) -> int:
    """Return the bits to keep of a number: sign, exponent, and the first `count` that matter.

    What stands for no number, such as the infinities of SFLOAT, is kept whole, and no number
    becomes one of those. Of digits, the first two that matter are kept, and the sign, the point
    and the exponent; the others are left as "0".

    Parameters
    ----------
    field
        The first of its row.
    shift
        Bits from its own place.
    data
        The packet.
    count
        Bits to keep from the highest that differs from the sign.

    Returns
    -------
    int
        As a part of the packet's number.
    """
    size = len(data)
    places = _places(field, shift, size)
    if not math.isfinite(field.read(data, shift)):
        return sum(1 << place for place in places)
    if field.type == "ascii":
        return _leading_digits(places, data)
    whole = int.from_bytes(data, "big")
    head = {"sfloat": 4, "float": 8, "f32": 9}.get(field.type, 0)  # the exponent
    kept, bits = places[:head], places[head:]
    first = 0
    if field.type != "f32":  # whose first bit of all is left out
        negative = field.type[0] != "u" and bool(whole >> bits[0] & 1)
        first = next(
            (i for i, p in enumerate(bits) if bool(whole >> p & 1) is not negative), len(bits)
        )
    else:
        count -= 1
    stop = min(first + count, len(bits))
    while True:  # with all its bits it is the number itself
        found = sum(1 << place for place in kept + bits[:stop])
        rounded = (whole & found).to_bytes(size, "big")
        if stop == len(bits) or math.isfinite(field.read(rounded, shift)):
            return found
        stop += 1


def with_bits(data: bytes, field: PacketField, bits: int) -> bytes:
    """Return a packet with other bits in a field.

    Parameters
    ----------
    data
        The packet.
    field
        Within it.
    bits
        As many as the field has.

    Returns
    -------
    bytes
        Of the same length.
    """
    whole = int.from_bytes(data, "big")
    for i, place in enumerate(reversed(_places(field, 0, len(data)))):
        whole = whole & ~(1 << place) | (bits >> i & 1) << place
    return whole.to_bytes(len(data), "big")


def _leading_digits(places: list[int], data: bytes) -> int:
    """Return the bits of a text's first digits; of the others those of "0", the upper half."""
    kept, seen, in_exponent = 0, 0, False
    size = len(data)
    for i in range(0, len(places), 8):
        letter = data[size - 1 - places[i] // 8 : size - places[i] // 8]
        in_exponent |= letter in b"eE"
        seen += letter.isdigit() and (seen > 0 or letter != b"0")
        rest = letter.isdigit() and seen > 2 and not in_exponent
        kept |= sum(1 << place for place in places[i : i + (4 if rest else 8)])
    return kept


def _places(field: PacketField, shift: int, size: int) -> list[int]:
    """Return where the bits of a field stand in that number, the highest of the field first."""
    start = field.at_bits + shift
    if field.big_endian or field.type == "ascii":
        return [8 * size - 1 - start - i for i in range(field.bits)]
    found = [8 * (size - 1 - place // 8) + place % 8 for place in range(start, start + field.bits)]
    return found[::-1]
