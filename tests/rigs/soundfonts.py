"""The smallest soundfont there is: one sine, which every program plays."""

from __future__ import annotations

import math
import struct
from pathlib import Path

__all__ = ["write_sine"]

_RATE_HZ, _PERIOD, _PERIODS = 44_100, 100, 200  # 441 Hz, near A4
_ROOT_KEY = 69
_INSTRUMENT, _SAMPLE_MODES, _SAMPLE_ID = 41, 54, 53  # generators, by the SoundFont 2.01 standard
_LOOP = 1


def write_sine(path: Path) -> None:
    """Write it to `path`: a preset 0 of bank 0 with a looped sine of half the full scale."""
    wave = [round(16_000 * math.sin(2 * math.pi * k / _PERIOD)) for k in range(_PERIOD * _PERIODS)]
    samples = struct.pack(f"<{len(wave)}h", *wave) + bytes(2 * 46)  # zeros that the format wants
    end = len(wave)
    header = struct.pack(
        "<20s5IBbHH", b"sine", 0, end, _PERIOD, end - _PERIOD, _RATE_HZ, _ROOT_KEY, 0, 0, 1
    )
    preset = struct.pack("<20sHHHIII", b"sine", 0, 0, 0, 0, 0, 0)
    last_preset = struct.pack("<20sHHHIII", b"EOP", 0, 0, 1, 0, 0, 0)
    tables = _list(
        b"pdta",
        _chunk(b"phdr", preset + last_preset),
        _chunk(b"pbag", struct.pack("<4H", 0, 0, 1, 0)),
        _chunk(b"pmod", bytes(10)),
        _chunk(b"pgen", struct.pack("<4H", _INSTRUMENT, 0, 0, 0)),
        _chunk(b"inst", struct.pack("<20sH20sH", b"sine", 0, b"EOI", 1)),
        _chunk(b"ibag", struct.pack("<4H", 0, 0, 2, 0)),
        _chunk(b"imod", bytes(10)),
        _chunk(b"igen", struct.pack("<6H", _SAMPLE_MODES, _LOOP, _SAMPLE_ID, 0, 0, 0)),
        _chunk(b"shdr", header + struct.pack("<46s", b"EOS")),
    )
    about = _list(
        b"INFO",
        _chunk(b"ifil", struct.pack("<HH", 2, 1)),
        _chunk(b"isng", b"EMU8000\0"),
        _chunk(b"INAM", b"one sine"),
    )
    body = b"sfbk" + about + _list(b"sdta", _chunk(b"smpl", samples)) + tables
    path.write_bytes(_chunk(b"RIFF", body))


def _list(kind: bytes, *chunks: bytes) -> bytes:
    return _chunk(b"LIST", kind + b"".join(chunks))


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)
