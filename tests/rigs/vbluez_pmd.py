"""Bytes of Polar Measurement Data as a device would make them, written with plain integers."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Sequence


def frame(kind: int, device_ns: int, type_byte: int, data: bytes) -> bytes:
    return struct.pack("<BQB", kind, device_ns, type_byte) + data


def plain(rows: Sequence[Sequence[int]], width: int) -> bytes:
    """Return samples of `width` bytes a channel."""
    return b"".join(v.to_bytes(width, "little", signed=True) for row in rows for v in row)


def deltas(rows: Sequence[Sequence[int]], width: int, per_block: int = 10) -> bytes:
    """Return a whole sample and blocks of differences, each with as few bits as it needs."""
    data = plain(rows[:1], width)
    steps = [
        [b - a for a, b in zip(before, after, strict=True)]
        for before, after in itertools.pairwise(rows)
    ]
    for at in range(0, len(steps), per_block):
        block = steps[at : at + per_block]
        bits = max(max(v, ~v).bit_length() + 1 for row in block for v in row)
        packed = 0
        for place, value in enumerate(v for row in block for v in row):
            packed |= (value & ((1 << bits) - 1)) << (place * bits)
        size = (bits * len(block) * len(rows[0]) + 7) // 8
        data += bytes([bits, len(block)]) + packed.to_bytes(size, "little")
    return data


def interval(
    heart_rate_bpm: int,
    interval_ms: int,
    error_ms: int = 5,
    *,
    moved: bool = False,
    contact: bool | None = True,
) -> bytes:
    """Return one entry of a PPI frame."""
    flags = int(moved) | (0 if contact is None else 4 | 2 * contact)
    return struct.pack("<BHHB", heart_rate_bpm, interval_ms, error_ms, flags)
