"""A virtual optical armband: Polar's Verity Sense, or the OH1 before it."""

from __future__ import annotations

import asyncio
import math
import struct
from types import MappingProxyType

import vbluez_pmd as pmd
from vbluez_names import now
from vbluez_straps import PolarH10


class PolarVerity(PolarH10):
    """Heart rate without intervals, pulse wave and acceleration in compressed frames, and pulse
    intervals in batches: the first `ppi_first` s after the start, then one each `ppi_every`."""

    FEATURES = 0x0E
    SETTINGS = MappingProxyType(
        {1: {0: [28, 55], 1: [22], 4: [4]}, 2: {0: [26, 52], 1: [16], 2: [8]}, 3: {}}
    )
    FACTORS = MappingProxyType({2: 0.25})  # mg
    EPOCH_NS = 788918400000000000  # 2025-01-01: it has been set by the vendor's app

    def setup(self) -> None:
        self.cfg["hrs"] = {"rr": False, "contact": True, "location": 2, **self.cfg.get("hrs", {})}
        self.cfg["pmd"] = {"ppi_first": 25.0, "ppi_every": 5.0, **self.cfg.get("pmd", {})}
        super().setup()

    def report(self, beats: list) -> None:
        self.waiting = [*getattr(self, "waiting", []), *beats][-40:]

    async def pmd_stream(self, kind: int, chosen: dict) -> None:
        if kind == 3:
            return await self.send_intervals()
        rate, per, t = float(chosen[0]), 20, now()
        while True:
            times = [t + i / rate for i in range(1, per + 1)]
            t = times[-1]
            await asyncio.sleep(max(0, t - now() + 0.02 + self.rng.random() * 0.02))
            self.heart_sync()
            rows = [self.light(x) if kind == 1 else self.swing(x) for x in times]
            packet = pmd.frame(
                kind,
                self.device_ns(t),
                0x80 if kind == 1 else 0x81,
                pmd.deltas(rows, 3 if kind == 1 else 2),
            )
            ok = self.notify(self.data, packet)
            self.log(
                "ppg" if kind == 1 else "acc",
                t0=round(times[0], 6),
                t1=round(t, 6),
                n=per,
                dev_ns=self.device_ns(t),
                ok=ok,
                first=rows[0],
                last=rows[-1],
            )

    async def send_intervals(self) -> None:
        await asyncio.sleep(self.p["ppi_first"])
        self.heart_sync()
        self.waiting = []
        while True:
            await asyncio.sleep(self.p["ppi_every"] + self.rng.random() * 0.03)
            self.heart_sync()
            batch, self.waiting = self.waiting, []
            moved = {batch[0][0]} if batch and self.p.get("moved") else set()
            data = b"".join(
                pmd.interval(round(60 / rr), round(rr * 1000), moved=i in moved)
                for i, _, rr in batch
            )
            ok = self.notify(self.data, struct.pack("<BQB", 3, 0, 0) + data)
            self.log(
                "ppi",
                ok=ok,
                rr_ms=[round(rr * 1000) for i, _, rr in batch if i not in moved],
                beats=[i for i, _, _ in batch],
            )

    def light(self, t: float) -> list[int]:
        pulse = 0.0
        for _, beat, _ in self.heart.beats:
            since = t - beat - 0.2
            if 0 <= since < 1.0:
                pulse += since / 0.1 * math.exp(1 - since / 0.1)
        return [round(500000 + 3000 * pulse + 400 * i) for i in range(3)] + [-1200]

    def swing(self, t: float) -> list[int]:
        return [round(120 * math.sin(2 * math.pi * 0.25 * t)), 48, 4000]
