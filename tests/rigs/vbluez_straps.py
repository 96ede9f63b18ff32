"""Virtual heart rate straps: the standard service, and Polar's own."""

from __future__ import annotations

import asyncio
import itertools
import math
import struct
from types import MappingProxyType

from vbluez_body import Heart
from vbluez_names import (
    BSL,
    HRCP,
    HRM,
    HRS,
    PMD,
    PMD_CP,
    PMD_DATA,
    att_error,
    now,
    u16,
)
from vbluez_peripheral import Char, Peripheral


class HrStrap(Peripheral):
    adv_uuids = (HRS,)

    def setup(self) -> None:
        h = self.h = {
            "interval": 1.0,
            "jitter": 0.02,
            "contact": True,
            "rr": True,
            "hr16": False,
            "energy_every": 0,
            "rr_unit": 1024,
            "location": 1,
            "max_rr": 9,
            **self.cfg.get("hrs", {}),
        }
        self.heart = Heart(self.cfg.get("heart", {}), self.rng, self.rig.t0, self.log)
        self.contact, self.energy, self.carry, self.pending_rr, self.artefacts = (
            True,
            0,
            0.0,
            [],
            [],
        )
        self.hrm = Char(HRM, ["notify"])
        chars = [self.hrm, Char(BSL, ["read"], bytes([h["location"]]))]
        if h["energy_every"]:
            chars.append(Char(HRCP, ["write"]))
        self.services.insert(0, (HRS, chars))

    def on_write(self, c: Char, data: bytes) -> None:
        if c.uuid == HRCP:
            if data != b"\x01":
                raise att_error(0x80)
            self.energy = 0

    def do_more(self, kind: str, s: dict) -> bool:
        if kind == "contact":
            self.contact = bool(s.get("on", True))
        elif kind == "hr":
            t = now() - self.rig.t0
            self.heart.profile = [(0.0, float(s["bpm"])), (t, float(s["bpm"]))]
        elif kind == "artefact":
            self.artefacts += [s.get("kind", "missed")] * s.get("n", 1)
        else:
            return False
        return True

    def report(self, beats: list) -> None:
        """Turn beats into the RR values the strap would report, with scripted artefacts."""
        for i, _, rr in beats:
            kind = (
                self.artefacts.pop(0)
                if self.artefacts and (not self.carry or self.artefacts[0] == "missed")
                else None
            )
            if kind == "missed":
                self.carry += rr  # beat not detected: the next RR is the sum
                continue
            rr, self.carry = rr + self.carry, 0.0
            parts = {"extra": [rr * 0.4, rr * 0.6], "long": [rr * 1.9], "zero": [0.0]}.get(
                kind, [rr]
            )
            self.pending_rr += [(i, p) for p in parts]

    def tick(self, k: int) -> None:
        h, beats = self.h, self.heart.until(now())
        if self.contact:
            self.report(beats)
        hr = round(self.heart.rate()) if self.contact else 0
        wide = hr > 255 or h["hr16"] is True or (h["hr16"] == "alternate" and k % 2 == 1)
        flags = 0x01 if wide else 0
        if h["contact"]:
            flags |= 0x04 | (0x02 if self.contact else 0)
        body = struct.pack("<H" if wide else "<B", hr)
        if h["energy_every"] and k % h["energy_every"] == 0:
            self.energy = min(0xFFFF, self.energy + 1)
            flags |= 0x08
            body += struct.pack("<H", self.energy)
        room = h["max_rr"] - (1 if flags & 0x09 else 0) - (1 if flags & 0x09 == 0x09 else 0)
        take, self.pending_rr = (
            (self.pending_rr[:room], self.pending_rr[room:]) if h["rr"] else ([], [])
        )
        if take:
            flags |= 0x10
            body += b"".join(
                struct.pack("<H", min(0xFFFF, round(rr * h["rr_unit"]))) for _, rr in take
            )
        if not self.hrm.notifying:
            self.pending_rr = []
            return
        ok = self.notify(self.hrm, bytes([flags]) + body)
        self.log(
            "hrm",
            hr=hr,
            ok=ok,
            no=self.no,
            contact=self.contact,
            rr_ms=[round(rr * 1000, 3) for _, rr in take],
            beats=[i for i, _ in take],
        )

    async def run(self) -> None:
        start, h = now(), self.h
        self.heart.until(start)
        self.pending_rr = []
        for k in itertools.count(1):
            due = start + k * h["interval"] + abs(self.rng.gauss(0, h["jitter"]))
            await asyncio.sleep(max(0, due - now()))
            self.tick(k)


class PolarH10(HrStrap):
    """HRS strap without contact bits, as the real H10, plus ECG 130 Hz and ACC 25..200 Hz."""

    adv_uuids = (HRS, u16(0xFEEE))
    manufacturer = MappingProxyType({0x006B: bytes.fromhex("7200082f00")})
    EPOCH_NS = 599616000000000000  # 2019-01-01 in ns since 2000-01-01: the H10's power-on default
    SETTINGS = MappingProxyType(
        {0: {0: [130], 1: [14]}, 2: {0: [25, 50, 100, 200], 1: [16], 2: [2, 4, 8]}}
    )
    FEATURES = 0x05
    FACTORS = MappingProxyType({})  # of compressed samples, told when they start
    ERR = MappingProxyType(
        {
            "op": 1,
            "type": 2,
            "unsupported": 3,
            "length": 4,
            "param": 5,
            "state": 6,
            "resolution": 7,
            "rate": 8,
            "range": 9,
            "channels": 11,
            "charger": 13,
        }
    )

    def setup(self) -> None:
        self.cfg.setdefault("hrs", {}).setdefault("contact", None)
        super().setup()
        self.p = {
            "ecg_hz": 130.0,
            "clock_ppm": 0.0,
            "require_pairing": False,
            **self.cfg.get("pmd", {}),
        }
        self.cp = Char(
            PMD_CP, ["read", "write", "indicate"], bytes([0x0F, self.FEATURES]) + bytes(15)
        )
        self.data = Char(PMD_DATA, ["notify"])
        self.services.append((PMD, [self.cp, self.data]))
        self.pmd: dict[int, asyncio.Task] = {}

    def device_ns(self, t: float) -> int:
        return self.EPOCH_NS + int((t - self.rig.t0) * (1 + self.p["clock_ppm"] * 1e-6) * 1e9)

    def on_write(self, c: Char, data: bytes) -> None:
        if c is not self.cp:
            return super().on_write(c, data)
        if not self.cp.notifying:
            raise att_error(0xFD)  # CCCD improperly configured
        op, kind = (data[0] if data else 0), (data[1] if len(data) > 1 else 0xFF)
        err, params = self.command(op, kind, data[2:])
        reply = bytes([0xF0, op, kind, err]) + (b"\x00" + params if err == 0 else b"")
        self.log("cp", request=data.hex(), reply=reply.hex())
        asyncio.get_running_loop().call_later(0.03, self.notify, self.cp, reply)

    def command(self, op: int, kind: int, args: bytes) -> tuple[int, bytes]:
        errors = self.ERR
        if op not in (1, 2, 3):
            return errors["op"], b""
        if kind not in self.SETTINGS:
            return errors["type"], b""
        if op == 1:
            if not self.SETTINGS[kind]:
                return errors["unsupported"], b""
            return 0, b"".join(
                bytes([s, len(vs)]) + b"".join(v.to_bytes(1 if s == 4 else 2, "little") for v in vs)
                for s, vs in self.SETTINGS[kind].items()
            )
        if op == 3:
            task = self.pmd.pop(kind, None)
            return (0, b"") if task and task.cancel() is not None else (errors["state"], b"")
        if self.p.get("charging"):
            return errors["charger"], b""
        chosen, i = {}, 0
        while i < len(args):  # setting, count(=1), uint16; channels are a uint8
            size = 1 if args[i] == 4 else 2
            if i + 2 + size > len(args) or args[i + 1] != 1:
                return errors["length"], b""
            chosen[args[i]] = int.from_bytes(args[i + 2 : i + 2 + size], "little")
            i += 2 + size
        for s, allowed in self.SETTINGS[kind].items():
            if chosen.get(s) not in allowed:
                return (
                    errors["param"]
                    if s not in chosen
                    else errors[("rate", "resolution", "range", "", "channels")[s]]
                ), b""
        if kind in self.pmd:
            return errors["state"], b""
        self.pmd[kind] = self.rig.spawn(self.pmd_stream(kind, chosen))
        self.link_tasks.append(self.pmd[kind])
        factor = self.FACTORS.get(kind)
        return 0, b"" if factor is None else struct.pack("<BBf", 5, 1, factor)

    async def pmd_stream(self, kind: int, chosen: dict) -> None:
        rate = self.p["ecg_hz"] if kind == 0 else float(chosen[0])
        size, name = (3, "ecg") if kind == 0 else (6, "acc")
        per = (self.mtu - 3 - 10) // size
        t = now()
        while True:
            times = [t + i / rate for i in range(1, per + 1)]
            t = times[-1]
            await asyncio.sleep(max(0, t - now() + 0.02 + self.rng.random() * 0.02))
            self.heart_sync()
            if kind == 0:
                body = b"".join(
                    round(self.heart.ecg(x)).to_bytes(3, "little", signed=True) for x in times
                )
            else:
                body = b"".join(
                    struct.pack(
                        "<hhh",
                        round(30 * math.sin(2 * math.pi * 0.25 * x)),
                        12,
                        round(1000 + 10 * self.rng.gauss(0, 1)),
                    )
                    for x in times
                )
            ok = self.notify(
                self.data,
                struct.pack("<BQB", kind, self.device_ns(t), 0 if kind == 0 else 1) + body,
            )
            self.log(
                name,
                t0=round(times[0], 6),
                t1=round(t, 6),
                n=per,
                dev_ns=self.device_ns(t),
                ok=ok,
                no=self.no,
            )

    def heart_sync(
        self,
    ) -> None:  # ECG may be ahead of the 1 Hz HRS tick; keep beats for both consumers
        if self.contact:
            self.report(self.heart.until(now()))

    def on_disconnect(self) -> None:
        self.pmd.clear()

    def do_more(self, kind: str, s: dict) -> bool:
        if kind == "pmd_stop":
            for k, task in list(self.pmd.items()):
                task.cancel(), self.pmd.pop(k)
                self.notify(self.cp, bytes([0x01, k]))  # ONLINE_MEASUREMENT_STOPPED
            return True
        return super().do_more(kind, s)
