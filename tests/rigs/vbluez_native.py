"""Virtual boards with protocols of their own: a BITalino and a Shimmer3R GSR+."""

from __future__ import annotations

import asyncio
import itertools

from vbluez_body import Skin
from vbluez_names import now
from vbluez_peripheral import Char, Peripheral

BITALINO = "c566488a-0882-4e1b-a6d0-0b717e652234"
COMMANDS = "4051eb11-bf0a-4c74-8730-a48f4193fcea"
FRAMES = "40fdba6b-672e-47c4-808a-e529adff3633"
SHIMMER, SHIMMER_TX, SHIMMER_RX = (f"65333333-a115-11e2-9e9a-0800200ca10{i}" for i in range(3))


class _Board(Peripheral):
    """Silent until it is told to start; then a sample of the skin at each tick."""

    adv_uuids: tuple[str, ...] = ()
    rate = 10.0

    def setup(self) -> None:
        self.skin = Skin(self.cfg.get("eda", {}), self.rng, self.rig.t0)
        self.started = asyncio.Event()
        self.board()

    def board(self) -> None: ...
    def sample(self, i: int, us: float) -> None: ...

    def on_disconnect(self) -> None:
        self.started.clear()

    async def run(self) -> None:
        await self.started.wait()
        start = now()
        for i in itertools.count():
            await asyncio.sleep(max(0, start + (i + 1) / self.rate - now()))
            if not self.started.is_set():
                return
            self.sample(i, self.skin.at(now()))


class Bitalino(_Board):
    """A3 has the skin in 10 bits over 25 uS; the other channels stand at half of their span."""

    def board(self) -> None:
        self.frames, self.channels = Char(FRAMES, ["notify"]), 0
        self.services.append((BITALINO, [Char(COMMANDS, ["write"]), self.frames]))
        self.adv_uuids = (BITALINO,)

    def on_write(self, c: Char, data: bytes) -> None:
        command = data[0]
        if command & 0x3F == 3:
            self.rate = float(10 ** (command >> 6))
        elif command & 3 == 1:
            self.channels = command >> 2
            self.started.set()
        elif command == 0:
            self.started.clear()

    def sample(self, i: int, us: float) -> None:
        raw = round(us / 25 * 1024)
        numbers = [raw if n == 2 else 512 for n in range(4) if self.channels >> n & 1]
        size = -(-(12 + 10 * len(numbers)) // 8)
        bits = sum(n << (8 * size - 22 - 10 * k) for k, n in enumerate(numbers))
        body = [*bits.to_bytes(size - 1, "little"), (i & 15) << 4]
        crc = 0
        for nibble in (half for byte in body for half in (byte >> 4, byte & 15)):
            for bit in (8, 4, 2, 1):
                crc = crc << 1 | bool(nibble & bit)
                crc ^= 0x13 if crc & 16 else 0
        self.log("eda", t=round(now(), 6), us=round(raw / 1024 * 25, 6))
        self.notify(self.frames, bytes([*body[:-1], body[-1] | crc]))


class Shimmer(_Board):
    """A clock of 32768 Hz from an odd start, and the skin in the range of 287 kOhm."""

    def board(self) -> None:
        self.out = Char(SHIMMER_TX, ["notify"])
        self.services.append((SHIMMER, [Char(SHIMMER_RX, ["write"]), self.out]))

    def on_write(self, c: Char, data: bytes) -> None:
        if data[0] == 0x05:
            self.rate = 32768 / int.from_bytes(data[1:3], "little")
        (self.started.clear if data[0] == 0x20 else self.started.set)() if data[0] in (7, 32) else 0
        self.notify(self.out, b"\xff")

    def sample(self, i: int, us: float) -> None:
        adc = round((us * 0.287 + 1) * 0.5 / 3 * 4095)
        ticks = round(i * 32768 / self.rate) + 0xFFF000 & 0xFFFFFF
        self.log("eda", t=round(now(), 6), us=round((adc * 6 / 4095 - 1) / 0.287, 6))
        raw = 1 << 14 | adc
        self.notify(self.out, b"\0" + ticks.to_bytes(3, "little") + raw.to_bytes(2, "little"))
