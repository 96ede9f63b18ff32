"""A profile with all that one can say, and packets of its device, for whoever throws them about."""

from __future__ import annotations

import struct
from pathlib import Path

from sensors.profiles.loader import parse

__all__ = ["MEDLEY", "PACKETS_OF_MEDLEY"]

_TEXT = """
title = "Medley"
support = "made up"
[match]
name = "Medley*"
[[stream]]
characteristic = "2a58"
rate_hz = 8
samples_per_packet = 4
when = { at = 0, type = "u8", is = 1, mask = 127 }
scale = { factor = 0.01 }
[stream.binary]
sequence = { at = 1, type = "u8", counts = "all" }
clock = { at = 2, type = "u16", endian = "big", tick_s = 0.01, of = "last" }
contact = { at = 0, type = "u8", mask = 128, worn = 0 }
values = { at = 4, type = "u12", endian = "big" }
[[stream]]
characteristic = "2a58"
signal = "temp"
period_s = 5
when = { at = 0, type = "u8", is = 2 }
[stream.binary]
values = { at = 1, type = "sfloat", count = 1 }
[[stream]]
characteristic = "2a58"
signal = "acc"
rate_hz = 25
samples_per_packet = 2
when = { at = 0, type = "u8", is = 3 }
scale = { factor = 0.001 }
[stream.binary]
sequence = { at = 1, type = "u8", counts = "samples" }
values = { at = 2, type = "i12", axes = 3 }
[[stream]]
characteristic = "2a58"
signal = "resp"
rate_hz = 10
when = { at = 0, type = "u8", is = 4 }
[stream.binary]
sequence = { at = 1, type = "u16" }
values = { at = 3, type = "float", endian = "big", every = 5 }
[[stream]]
characteristic = "2a58"
signal = "hr"
period_s = 1
when = { at = 0, type = "u8", is = 5 }
[stream.binary]
values = { at = 1.5, type = "u9", count = 1 }
[[stream]]
characteristic = "2a59"
signal = "ecg"
rate_hz = 100
samples_per_packet = 3
scale = { factor = 0.000001 }
[stream.binary]
values = { at = 0, type = "i24", endian = "big" }
[[stream]]
characteristic = "2a59"
signal = "ppg"
rate_hz = 2
[stream.binary]
values = { at = 1, type = "ascii", length = 5, every = 6 }
"""

MEDLEY = parse(Path("medley.toml"), _TEXT)
PACKETS_OF_MEDLEY = [
    bytes.fromhex("01 00 0064 190191192193"),
    bytes.fromhex("81 01 0096 190191192193"),
    b"\x02" + struct.pack("<H", 0xF14E),
    bytes.fromhex("03 02 e803 00 18fc 00"),
    bytes.fromhex("04 0000 ff000014 00 ff000015"),
    bytes.fromhex("05 00 48 00"),
    bytes.fromhex("0003e8 fffc18 000000"),
    b"# 1.25, 1.30,",
]
