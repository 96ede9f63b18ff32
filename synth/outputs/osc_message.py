"""A message of Open Sound Control 1.0 as bytes: an address, type tags, arguments."""

from __future__ import annotations

import struct
from collections.abc import Sequence

__all__ = ["Argument", "encode"]

Argument = int | float | str


def encode(address: str, arguments: Sequence[Argument] = ()) -> bytes:
    """Return the datagram: whole numbers as `i`, others as `f`, text as `s`."""
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
