"""The bytes of Open Sound Control, as messages; no socket here.

After the specification of OSC 1.0 (opensoundcontrol.stanford.edu/spec-1_0.html), with the usual
additional types. Whoever reaches the port may send anything: a datagram is read to its end within
bounds, or refused as a whole; docs/decisions/osc.md says why no library reads it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from sensors.errors import PacketError

__all__ = ["Argument", "Message", "decode"]

Argument = float | str  #: whole numbers come as int, truth values as 1 and 0
#: An address and its arguments; None for blobs and the like, which are of no use here.
Message = tuple[str, list[Argument | None]]

_DEEPEST = 8  #: bundles within bundles
_NUMBERS = {"i": ">i", "f": ">f", "h": ">q", "d": ">d"}
_SKIPPED = {"t": 8, "r": 4, "m": 4, "c": 4}
_WORDS = {"T": 1, "F": 0, "N": None, "I": None, "[": None, "]": None}


def decode(packet: bytes) -> list[Message]:
    """Return the messages of a datagram in order, also those within bundles.

    Parameters
    ----------
    packet
        A datagram.

    Returns
    -------
    list[Message]
        (address, arguments); None for an argument that is neither number nor text.

    Raises
    ------
    PacketError
        When it does not follow the format.
    """
    messages: list[Message] = []
    _decode(packet, messages.append, _DEEPEST)
    return messages


def _decode(packet: bytes, found: Callable[[Message], None], deepest: int) -> None:
    if packet.startswith(b"/"):
        found(_message(packet))
    elif packet.startswith(b"#bundle\x00") and len(packet) >= 16 and deepest:
        place = 16  # behind the time tag: samples stand at their arrival
        while place < len(packet):
            size = _size(packet, place)
            place += 4
            if not 0 < size <= len(packet) - place:
                raise PacketError("a bundle that was cut")
            _decode(packet[place : place + size], found, deepest - 1)
            place += size
    else:
        raise PacketError("neither message nor bundle", "unknown type")


def _message(packet: bytes) -> Message:
    address, place = _text(packet, 0)
    if place == len(packet):
        return address, []  # old senders leave the types out when there is nothing to tell
    types, place = _text(packet, place)
    if not types.startswith(","):
        raise PacketError("a message without types", "unknown type")
    arguments: list[Argument | None] = []
    for kind in types[1:]:
        if kind in _NUMBERS:
            arguments.append(_unpack(_NUMBERS[kind], packet, place))
            place += struct.calcsize(_NUMBERS[kind])
        elif kind in "sS":
            text, place = _text(packet, place)
            arguments.append(text)
        elif kind == "b":
            size = _size(packet, place)
            place += 4 + size + -size % 4
            arguments.append(None)
        elif kind in _SKIPPED:
            place += _SKIPPED[kind]
            arguments.append(None)
        elif kind in _WORDS:
            arguments.append(_WORDS[kind])
        else:
            raise PacketError(f"an unknown type {kind!r}", "unknown type")
    if place > len(packet):
        raise PacketError("a message that was cut")
    return address, arguments


def _size(packet: bytes, place: int) -> int:
    size = int(_unpack(">i", packet, place))
    if size < 0:
        raise PacketError("a negative size", "out of range")
    return size


def _unpack(form: str, packet: bytes, place: int) -> float | int:
    try:
        number: float | int = struct.unpack_from(form, packet, place)[0]
    except struct.error:
        raise PacketError("a message that was cut") from None
    return number


def _text(packet: bytes, place: int) -> tuple[str, int]:
    """Return a text and where it ends, padded to four bytes."""
    end = packet.find(b"\x00", place)
    if end < 0:
        raise PacketError("a text without an end", "unreadable text")
    try:
        return packet[place:end].decode(), end + 4 - (end - place) % 4
    except UnicodeDecodeError:
        raise PacketError("a text that is not UTF-8", "unreadable text") from None
