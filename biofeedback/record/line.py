"""What every line of the log has: its time and number, and how its bytes can be trusted.

Derived lines need no checksum: they are regenerated. A line that came from outside is sealed with
the CRC-32 of its other bytes, as its last field, so that verify names a line that was changed.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

__all__ = [
    "Beat",
    "Count",
    "DerivedLine",
    "LogLine",
    "Number",
    "Time",
    "checksums",
    "encode",
    "fine",
    "intact",
    "sealed",
    "short",
    "shortened",
]

#: What a field may hold; a line that holds more is damaged, and no reader sees it.
Number = Annotated[float, Meta(ge=-1e15, le=1e15)]
#: Session time in s; ten years.
Time = Annotated[float, Meta(ge=-1e6, le=3.2e8)]
#: In beats of the session.
Beat = Annotated[float, Meta(ge=-1e4, le=1e8)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]

_ENCODER = msgspec.json.Encoder()
_FIELD = b',"crc":"'
_LENGTH = len(_FIELD) + 8 + len(b'"}')


_Value = TypeVar("_Value", float, float | None)


class LogLine(msgspec.Struct, frozen=True, tag_field="kind", kw_only=True):
    """A line of any kind: session time `t` in s at which it came to be, and its place `seq`."""

    t: Annotated[float, Meta(ge=0.0, le=3.2e8)]
    seq: Count


class DerivedLine(LogLine, frozen=True):
    """A line that follows from inputs."""


def encode(line: LogLine) -> bytes:
    """Return a line as JSON, without its line break; one that is not derived is sealed.

    Parameters
    ----------
    line
        Any kind of line.

    Returns
    -------
    bytes
        JSON; the checksum is its last field.
    """
    data = _ENCODER.encode(line)
    return data if isinstance(line, DerivedLine) else sealed(data)


def sealed(line: bytes) -> bytes:
    """Return a line, a JSON object, with its checksum as the last field.

    Parameters
    ----------
    line
        A line of the log, a JSON object without its line break.

    Returns
    -------
    bytes
        The line and a field `crc`, the CRC-32 of its other bytes in hexadecimal.
    """
    return b'%s%s%08x"}' % (line[:-1], _FIELD, zlib.crc32(line))


def checksums(line: bytes) -> tuple[str, str]:
    """Return the checksum that a line carries ("" when it has none), and the one it should.

    Parameters
    ----------
    line
        A line of the log, a JSON object without its line break.

    Returns
    -------
    tuple[str, str]
        Eight hexadecimal digits each.
    """
    found = line[-_LENGTH:]
    if not found.startswith(_FIELD):
        return "", f"{zlib.crc32(line):08x}"
    own = line[:-_LENGTH] + b"}"
    return found[len(_FIELD) : -2].decode("ascii", "replace"), f"{zlib.crc32(own):08x}"


def intact(line: bytes) -> bool:
    """Whether a line carries the checksum that it should.

    Parameters
    ----------
    line
        A line of the log, a JSON object without its line break.

    Returns
    -------
    bool
        False for a line without one.
    """
    own = zlib.crc32(b"}", zlib.crc32(line[:-_LENGTH]))
    return line[-_LENGTH:] == b'%s%08x"}' % (_FIELD, own)


def short(value: _Value) -> _Value:
    """Return a fraction with six significant digits, as derived lines hold it.

    That is finer than anything measured or heard, and a third of the bytes of all digits.

    Parameters
    ----------
    value
        None where it is not known.

    Returns
    -------
    _Value
        None, and whole numbers, as they are.
    """
    if value.__class__ is not float or value.is_integer():
        return value
    return float(f"{value:.6g}")


def fine(value: float) -> float:
    """Return a time or a beat with nine decimals, as lines of music hold it.

    Parameters
    ----------
    value
        In s, beats or beats a minute.

    Returns
    -------
    float
        Less than a nanosecond or a nanobeat from it.
    """
    return round(value, 9)


def shortened(values: Mapping[str, _Value]) -> dict[str, _Value]:
    """Return values by name, each of them short.

    Parameters
    ----------
    values
        None where one is not known.

    Returns
    -------
    dict[str, _Value]
        In the same order.
    """
    return {name: short(value) for name, value in values.items()}
