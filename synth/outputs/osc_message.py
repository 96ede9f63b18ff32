"""A message of Open Sound Control 1.0 as bytes: an address, type tags, arguments."""

from __future__ import annotations

import struct
from collections.abc import Sequence

__all__ = ["Argument", "decode", "encode"]

Argument = int | float | str
_NUMBERS = {"i": ">i", "f": ">f", "h": ">q", "d": ">d"}
_WORDS = {"T": 1, "F": 0}
_DEEPEST = 8  # bundles within bundles


def encode(address: str, arguments: Sequence[Argument] = ()) -> bytes:
    """Return the datagram: whole numbers as `i`, others as `f`, text as `s`.

    Parameters
    ----------
    address
        Begins with a slash.
    arguments
        Whole numbers of 32 bits, others as 32-bit floats.

    Returns
    -------
    bytes
        A multiple of four bytes.
    """
    tags, data = ",", b""
    for argument in arguments:
        match argument:
            case int():
                tags, data = tags + "i", data + struct.pack(">i", argument)
            case float():
                tags, data = tags + "f", data + struct.pack(">f", argument)
            case str():
                tags, data = tags + "s", data + _text(argument)
    return _text(address) + _text(tags) + data


def _text(text: str) -> bytes:
    """Return text with at least one zero, filled up to a multiple of four."""
    raw = text.encode()
    return raw + b"\0" * (4 - len(raw) % 4)


def decode(packet: bytes) -> list[tuple[str, list[Argument]]]:
    """Return the messages of a datagram in order, also those within bundles.

    Parameters
    ----------
    packet
        The bytes of a datagram.

    Returns
    -------
    list[tuple[str, list[Argument]]]
        (address, arguments); truth values as 1 and 0.

    Raises
    ------
    ValueError
        For other types of argument and other bytes.
    """
    return _decoded(packet, _DEEPEST)


def _decoded(packet: bytes, deepest: int) -> list[tuple[str, list[Argument]]]:
    if packet.startswith(b"/"):
        return [_message(packet)]
    if not packet.startswith(b"#bundle\0") or len(packet) < 16 or not deepest:
        raise ValueError("neither message nor bundle")
    found, place = [], 16
    while place < len(packet):
        size = int(_unpacked(">i", packet, place)[0])
        place += 4
        if not 0 < size <= len(packet) - place:
            raise ValueError("a bundle that was cut")
        found += _decoded(packet[place : place + size], deepest - 1)
        place += size
    return found


def _message(packet: bytes) -> tuple[str, list[Argument]]:
    address, place = _read_text(packet, 0)
    if place == len(packet):
        return address, []
    tags, place = _read_text(packet, place)
    if not tags.startswith(","):
        raise ValueError("a message without types")
    arguments: list[Argument] = []
    for tag in tags[1:]:
        if tag in _NUMBERS:
            (number,) = _unpacked(_NUMBERS[tag], packet, place)
            arguments.append(number)
            place += struct.calcsize(_NUMBERS[tag])
        elif tag in _WORDS:
            arguments.append(_WORDS[tag])
        elif tag in "sS":
            text, place = _read_text(packet, place)
            arguments.append(text)
        else:
            raise ValueError(f"an argument of type {tag!r}")
    return address, arguments


def _unpacked(form: str, packet: bytes, place: int) -> tuple[int | float]:
    try:
        number: tuple[int | float] = struct.unpack_from(form, packet, place)
    except struct.error:
        raise ValueError("a message that was cut") from None
    return number


def _read_text(packet: bytes, place: int) -> tuple[str, int]:
    """Return the text at `place`, and where the next thing begins."""
    end = packet.find(b"\0", place)
    if end < 0:
        raise ValueError("a text without an end")
    return packet[place:end].decode(), place + 4 * ((end - place) // 4 + 1)
