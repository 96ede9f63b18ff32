"""A virtual wristband with skin conductance, in four formats."""

from __future__ import annotations

import asyncio
import itertools
import struct

from vbluez_body import Skin
from vbluez_names import (
    EDA_CHAR,
    EDA_SVC,
    NUS,
    NUS_RX,
    NUS_TX,
    att_error,
    now,
    u16,
)
from vbluez_peripheral import Char, Peripheral


class EdaBand(Peripheral):
    """Wristband with an EDA characteristic.
    packed : u8 seq, u32le device_ms of first sample, n x u16le in 0.001 uS      (vendor service)
    float32: n x float32le microsiemens, no header                               (vendor service)
    nus    : ASCII lines "EDA,<ms>,<uS>\\n" over Nordic UART TX, cut at 20 bytes
    e4     : as an Empatica E4: 6 x u24be resistance (uS = 1e6/raw) + u16 counter on 0x3EA8, 4 Hz,
             silent until <BI>(1, unix time) is written to 0x3E71"""

    adv_uuids: tuple[str, ...] = ()

    def setup(self) -> None:
        self.e = {"format": "packed", "rate": 4.0, "per_packet": 2, **self.cfg.get("eda", {})}
        self.skin = Skin(self.cfg.get("eda", {}), self.rng, self.rig.t0)
        self.eda = Char(NUS_TX if self.e["format"] == "nus" else EDA_CHAR, ["notify"])
        if self.e["format"] == "e4":
            self.e |= {"rate": 4.0, "per_packet": 6}
            self.eda, self.started = Char(u16(0x3EA8), ["notify"]), False
            self.services.append((u16(0x3E70), [Char(u16(0x3E71), ["write"])]))
            self.services.append((u16(0x3EA0), [self.eda]))
            self.adv_uuids, self.worn = (), True
            return
        svc, chars = (
            (NUS, [Char(NUS_RX, ["write", "write-without-response"]), self.eda])
            if self.e["format"] == "nus"
            else (EDA_SVC, [self.eda])
        )
        self.adv_uuids, self.worn = (svc,), True
        self.services.append((svc, chars))

    def on_write(self, c: Char, data: bytes) -> None:
        if c.uuid == u16(0x3E71):
            if len(data) != 5:
                raise att_error(0x0D)
            self.started = data[0] == 1

    def on_disconnect(self) -> None:
        self.started = False

    def do_more(self, kind: str, s: dict) -> bool:
        if kind == "scr":
            self.skin.onsets.append((now(), s.get("us", self.skin.amp)))
        elif kind == "contact":
            self.worn = bool(s.get("on", True))
        else:
            return False
        return True

    async def run(self) -> None:
        start, e = now(), self.e
        for seq in itertools.count():
            times = [
                start + (seq * e["per_packet"] + i + 1) / e["rate"] for i in range(e["per_packet"])
            ]
            await asyncio.sleep(max(0, times[-1] - now()))
            us = [self.skin.at(t) if self.worn else 0.0 for t in times]
            for t, v in zip(times, us, strict=True):
                self.log("eda", t=round(t, 6), us=round(v, 4))
            ms = int((times[0] - self.rig.t0) * 1000) & 0xFFFFFFFF
            if e["format"] == "packed":
                raw = [min(65535, round(v * 1000)) for v in us]
                self.notify(
                    self.eda,
                    struct.pack("<BI", seq & 0xFF, ms)
                    + b"".join(struct.pack("<H", v) for v in raw),
                )
                self.log("skin", us=[v / 1000 for v in raw], no=self.no)
            elif e["format"] == "e4":
                if self.started:
                    self.notify(
                        self.eda,
                        b"".join(
                            min(0xFFFFFF, round(1e6 / max(v, 0.0597))).to_bytes(3, "big")
                            for v in us
                        )
                        + struct.pack(">H", seq & 0xFFFF),
                    )
            elif e["format"] == "float32":
                self.notify(self.eda, b"".join(struct.pack("<f", v) for v in us))
                self.log("skin", us=us, no=self.no)
            else:
                text = "".join(
                    f"EDA,{int((t - self.rig.t0) * 1000)},{v:.4f}\n"
                    for t, v in zip(times, us, strict=True)
                ).encode()
                for i in range(0, len(text), 20):
                    self.notify(self.eda, text[i : i + 20])
