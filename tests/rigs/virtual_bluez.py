#!/usr/bin/env python3
# A rig in its own compact style, which talks to its user through print and runs on real time.
# ruff: noqa: ASYNC220, ASYNC230, ASYNC240, B007, B904, B905, E501, N806, N817, RUF007, RUF012
# ruff: noqa: T201
"""virtual_bluez - a radio-free BlueZ, good enough to run the *real* bleak library against.

Starts a private dbus-daemon, owns the name ``org.bluez`` on it and serves the part of the BlueZ
D-Bus API that bleak uses (ObjectManager, Properties, Adapter1, Device1, GattService1,
GattCharacteristic1, GattDescriptor1, Battery1).  Behind it live N virtual peripherals described by
a YAML/JSON scenario.  Nothing in bleak is patched; the program under test only needs

    DBUS_SYSTEM_BUS_ADDRESS=<address printed by this program>

Usage
    virtual_bluez.py [scenario.yaml] [--truth out.jsonl] [--socket PATH] [--for SECONDS] [-v]
    virtual_bluez.py scenario.yaml --truth out.jsonl -- CMD ARG...   # run CMD inside, exit with its rc
Prints ``DBUS_SYSTEM_BUS_ADDRESS=...`` then ``READY`` on stdout once devices can be discovered.

Ground truth (--truth, JSON lines; ``t`` is CLOCK_MONOTONIC seconds, shared with other processes):
    device{address,name,type}  beat{i,t,rr_ms}  notify{uuid,hex,ok}  hrm{hr,rr_ms,beats}  ecg/acc{t0,n,dev_ns}  eda{t,us}
    connect{n} subscribe{uuid} disconnect{why} step{...} write{uuid,hex} cp{...}
The heart and the skin run on the wall clock whether or not anything is connected.

Scenario
    seed: 7
    bluez: {gatt_cache: always|no, temporary_timeout: 30, connect_timeout: 20, connect_latency: 0.15,
            resolve_latency: 0.3, adv_interval: 0.5, hide_battery: false, adapter: hci0, powered: true}
    devices:
      - id: strap                  # key used by truth log and control interface
        type: hr_strap             # hr_strap | polar_h10 | eda_band | generic
        name: "Virtual HRM"        # null = nameless device
        address: "C0:00:00:00:00:01"
        advertise: true            # advertising at start
        battery: 87                # null = no Battery Service
        mtu: 232
        heart: {hr: 62 | [[t,bpm],...], rsa_ms: 30, resp_hz: 0.1, noise_ms: 5, rr_ms: [explicit list]}
        hrs: {interval: 1.0, jitter: 0.02, contact: true|false|null, rr: true, hr16: false|true|"alternate",
              energy_every: 10|0, rr_unit: 1024|1000, location: 1, max_rr: 9}
        pmd: {ecg_hz: 130.0, clock_ppm: 0, require_pairing: false}           # polar_h10
        eda: {format: packed|float32|nus|e4, rate: 4, per_packet: 2, base_us: 4.0, scr_every: 12, scr_us: 0.6}
        services: [{uuid: "...", chars: [{uuid: "...", props: [read, notify], hex: "00",
                    stream: {every: 1.0, hex: ["0102", "0304"]}}]}]            # any type may add these
        timeline:                  # from: start (default) | connect | subscribe ; conn: nth connection
          - {at: 8, from: subscribe, conn: 1, do: drop, away: 3}
Steps (``do``):
    drop {away}            link loss; not advertising for `away` s      advertise {on}
    stall {for}            stay connected, lose notifications           delay {for}  hold then burst them
    contact {on}           skin contact                                 hr {bpm}     new target heart rate
    battery {value}        change + notify battery level                inject {char, hex}  raw notification
    artefact {kind: missed|extra|long|zero, n}                          scr {us}     one skin response now
    fault {op: connect|read|write|notify, char, times, error, text, hang}  next ops fail / hang
    lag {for, latency}     slow link: every notification arrives `latency` late
    pmd_stop {}            device stops its PMD streams                 adapter {powered}
    readdress {address, away}     same device, same name, other address
    bluez_restart {away, crash}   org.bluez leaves the bus and comes back (crash: without InterfacesRemoved)
Runtime control (for test harnesses), D-Bus path /org/virtualbluez, interface org.virtualbluez.Control:
    Do(s device_id, s step_json)    State() -> s json
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import ctypes
import itertools
import json
import math
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dbus_fast import Message, MessageType, RequestNameReply
from dbus_fast import Variant as V
from dbus_fast.aio import MessageBus

P = "org.bluez."
ADAPTER, DEVICE, SERVICE, CHAR, DESC, BATT = (
    P + x
    for x in (
        "Adapter1",
        "Device1",
        "GattService1",
        "GattCharacteristic1",
        "GattDescriptor1",
        "Battery1",
    )
)
OM, PROPS, INTRO = (
    "org.freedesktop.DBus." + x for x in ("ObjectManager", "Properties", "Introspectable")
)
CONTROL, CONTROL_PATH = "org.virtualbluez.Control", "/org/virtualbluez"
now = time.monotonic


def u16(x: int) -> str:
    return f"0000{x:04x}-0000-1000-8000-00805f9b34fb"


HRS, HRM, BSL, HRCP = u16(0x180D), u16(0x2A37), u16(0x2A38), u16(0x2A39)
BAS, BATTERY_LEVEL, DIS, CCCD = u16(0x180F), u16(0x2A19), u16(0x180A), u16(0x2902)
PMD, PMD_CP, PMD_DATA = (f"fb005c8{i}-02e7-f387-1cad-8acd2d8df0c8" for i in range(3))
NUS, NUS_RX, NUS_TX = (f"6e40000{i}-b5a3-f393-e0a9-e50e24dcca9e" for i in (1, 2, 3))
EDA_SVC, EDA_CHAR = "e0da0001-6c1f-4b0e-9d2a-5f1c0a7b9e00", "e0da0002-6c1f-4b0e-9d2a-5f1c0a7b9e00"
INFO_CHARS = {
    "system_id": 0x2A23,
    "model": 0x2A24,
    "serial": 0x2A25,
    "firmware": 0x2A26,
    "hardware": 0x2A27,
    "software": 0x2A28,
    "manufacturer": 0x2A29,
}


class BluezError(Exception):
    def __init__(self, name: str, text: str = ""):
        super().__init__(text)
        self.name, self.text = name if "." in name else P + "Error." + name, text


def att_error(code: int) -> BluezError:
    return BluezError("Failed", f"Operation failed with ATT error: 0x{code:02x}")


# --------------------------------------------------------------------------- physiology
class Heart:
    """Beats on the monotonic clock; independent of any connection."""

    def __init__(self, cfg: dict, rng: random.Random, t0: float, log):
        self.rng, self.t0, self.log = rng, t0, log
        hr = cfg.get("hr", 65)
        self.profile = (
            [(float(a), float(b)) for a, b in hr] if isinstance(hr, list) else [(0.0, float(hr))]
        )
        self.rsa, self.resp, self.noise = (
            cfg.get("rsa_ms", 30),
            cfg.get("resp_hz", 0.1),
            cfg.get("noise_ms", 5),
        )
        self.rr_list = itertools.cycle(cfg["rr_ms"]) if cfg.get("rr_ms") else None
        self.last, self.i, self.beats = t0, 0, collections.deque(maxlen=64)  # (index, t, rr_s)

    def bpm(self, t: float) -> float:
        x, pts = t - self.t0, self.profile
        for (a, ya), (b, yb) in zip(pts, pts[1:]):
            if x < b:
                return ya if x <= a else ya + (yb - ya) * (x - a) / (b - a)
        return pts[-1][1]

    def next_rr(self) -> float:
        if self.rr_list:
            return next(self.rr_list) / 1000
        rr = 60 / self.bpm(self.last) + self.rsa / 1000 * math.sin(
            2 * math.pi * self.resp * (self.last - self.t0)
        )
        return max(0.25, rr + self.rng.gauss(0, self.noise / 1000))

    def until(self, t: float) -> list[tuple[int, float, float]]:
        new = []
        if not hasattr(self, "pending"):
            self.pending = self.next_rr()
        while self.last + self.pending <= t:
            self.last += self.pending
            beat = (self.i, self.last, self.pending)
            self.beats.append(beat), new.append(beat)
            self.log("beat", i=self.i, t=round(self.last, 6), rr_ms=round(self.pending * 1000, 3))
            self.i, self.pending = self.i + 1, self.next_rr()
        return new

    def rate(self) -> float:
        rr = [b[2] for b in list(self.beats)[-5:]]
        return 60 / (sum(rr) / len(rr)) if rr else self.bpm(self.last)

    def ecg(self, t: float) -> float:  # microvolt; P-Q-R-S-T gaussians around each beat
        v = 20 * math.sin(2 * math.pi * 0.2 * t)
        for _, tb, _ in self.beats:
            d = t - tb
            if -0.3 < d < 0.5:
                for amp, mu, sg in (
                    (80, -0.17, 0.02),
                    (-90, -0.027, 0.01),
                    (1000, 0, 0.011),
                    (-180, 0.028, 0.011),
                    (220, 0.25, 0.04),
                ):
                    v += amp * math.exp(-((d - mu) ** 2) / (2 * sg * sg))
        return v


class Skin:
    """Tonic level plus skin-conductance responses, in microsiemens."""

    def __init__(self, cfg: dict, rng: random.Random, t0: float):
        self.base, self.amp, self.rng, self.t0 = (
            cfg.get("base_us", 4.0),
            cfg.get("scr_us", 0.6),
            rng,
            t0,
        )
        every = cfg.get("scr_every", 12)
        self.onsets = [(t0 + k * every, self.amp) for k in range(1, 2000)] if every else []

    def at(self, t: float) -> float:
        v = self.base + 0.3 * math.sin(2 * math.pi * (t - self.t0) / 90)
        for onset, amp in self.onsets:
            d = t - onset
            if 0 <= d < 30:
                v += amp * 2.2 * (math.exp(-d / 4.0) - math.exp(-d / 0.9))
        return max(0.0, v)


# --------------------------------------------------------------------------- GATT model
class Char:
    def __init__(self, uuid: str, props: list[str], value: bytes = b"", stream: dict | None = None):
        self.uuid, self.props, self.value, self.stream = uuid.lower(), props, value, stream
        self.clients: set[str] = (
            set()
        )  # D-Bus clients with an active StartNotify (survive a link loss, as in BlueZ)
        self.sock: socket.socket | None = None  # AcquireNotify
        self.path = ""

    @property
    def notifying(self) -> bool:
        return bool(self.clients) or self.sock is not None


class Peripheral:
    """Base device: advertising, connection state, timeline, faults.  Subclasses add services and data."""

    def __init__(self, rig: Rig, cfg: dict):
        self.rig, self.cfg, self.id = rig, cfg, str(cfg["id"])
        self.rng = random.Random(f"{rig.seed}/{self.id}")
        self.address, self.name = cfg["address"].upper(), cfg.get("name")
        self.advertising, self.connected, self.connecting, self.paired = (
            bool(cfg.get("advertise", True)),
            False,
            None,
            False,
        )
        self.mtu, self.conn_n, self.subscribed_this_conn = cfg.get("mtu", 232), 0, False
        self.reachable = asyncio.Event()
        self.last_seen, self.temporary, self.exported = 0.0, True, False
        self.stall_until = self.delay_until = self.lag_until = self.lag = 0.0
        self.held: list[tuple[Char, bytes]] = []
        self.faults: list[dict] = []
        self.services: list[tuple[str, list[Char]]] = []
        self.link_tasks: list[asyncio.Task] = []
        if cfg.get("battery", 90) is not None:
            self.battery = Char(BATTERY_LEVEL, ["read", "notify"], bytes([cfg.get("battery", 90)]))
            self.services.append((BAS, [self.battery]))
        else:
            self.battery = None
        info = {
            "manufacturer": "Virtual",
            "model": cfg.get("type", "?"),
            "serial": self.address.replace(":", ""),
            "firmware": "1.0.0",
            **cfg.get("info", {}),
        }
        self.services.append(
            (
                DIS,
                [
                    Char(u16(INFO_CHARS[k]), ["read"], str(v).encode())
                    for k, v in info.items()
                    if v is not None
                ],
            )
        )
        self.setup()
        for s in cfg.get("services", []):
            self.services.append(
                (
                    s["uuid"].lower(),
                    [
                        Char(
                            c["uuid"],
                            c.get("props", ["read"]),
                            bytes.fromhex(c.get("hex", "")),
                            c.get("stream"),
                        )
                        for c in s["chars"]
                    ],
                )
            )
        self.assign_paths()

    def assign_paths(self) -> None:  # D-Bus paths, BlueZ style
        self.path, handle = f"{self.rig.adapter}/dev_{self.address.replace(':', '_')}", 0x000A
        for uuid, chars in self.services:
            handle += 1
            base = f"{self.path}/service{handle:04x}"
            for c in chars:
                handle += 1
                c.path, c.service = f"{base}/char{handle:04x}", base
                handle += 2 if "notify" in c.props or "indicate" in c.props else 1
                c.ccc = f"{c.path}/desc{handle:04x}"

    adv_uuids: list[str] = []
    manufacturer: dict[int, bytes] = {}

    def setup(self) -> None: ...
    async def run(self) -> None: ...  # one task per connection; cancelled on disconnect
    def on_write(self, c: Char, data: bytes) -> None: ...
    def on_disconnect(self) -> None: ...
    def log(self, ev: str, **kw) -> None:
        self.rig.log(ev, dev=self.id, **kw)

    def char(self, uuid: str) -> Char:
        for _, chars in self.services:
            for c in chars:
                if c.uuid == uuid.lower() or c.uuid == u16(int(uuid, 16) if len(uuid) == 4 else 0):
                    return c
        raise BluezError("DoesNotExist", f"no characteristic {uuid}")

    def take_fault(self, op: str, uuid: str | None = None) -> dict | None:
        for f in self.faults:
            if f["op"] == op and (
                not f.get("char") or (uuid and self.char(f["char"]).uuid == uuid)
            ):
                f["times"] = f.get("times", 1) - 1
                if f["times"] <= 0:
                    self.faults.remove(f)
                return f
        return None

    # -- data out
    def notify(self, c: Char, data: bytes, **truth) -> bool:
        """Queue one notification; returns whether it left the device."""
        data = bytes(data[: max(self.mtu - 3, 20)])
        ok = self.connected and c.notifying and now() >= self.stall_until
        self.log("notify", uuid=c.uuid, hex=data.hex(), ok=ok)
        if not ok:
            return False
        if now() < self.delay_until:
            self.held.append((c, data))
        elif now() < self.lag_until:
            asyncio.get_running_loop().call_later(self.lag, self._send, c, data)
        else:
            self._send(c, data)
        return True

    def _send(self, c: Char, data: bytes) -> None:
        if not (self.connected and c.notifying):
            return
        c.value = data
        if c.sock:
            try:
                c.sock.send(data)
            except OSError:
                c.sock.close()
                c.sock = None
        else:
            self.rig.changed(c.path, CHAR, {"Value": V("ay", data)})

    # -- timeline
    def arm(self, trigger: str) -> None:
        for step in self.cfg.get("timeline", []):
            if step.get("from", "start") == trigger and (
                trigger == "start" or step.get("conn", 1) in (self.conn_n, "any")
            ):
                self.rig.spawn(self._later(step))

    async def _later(self, step: dict) -> None:
        await asyncio.sleep(max(0.0, float(step.get("at", 0))))
        await self.do(step)

    async def do(self, s: dict) -> None:
        self.log("step", **{k: v for k, v in s.items() if k not in ("dev", "ev")})
        kind = s["do"]
        if kind == "drop":
            self.advertising = False
            self.rig.link_lost(self, "scripted link loss")
            if s.get("away", 0) is not None:
                await asyncio.sleep(s.get("away", 0))
                self.advertising = True
        elif kind == "advertise":
            self.advertising = bool(s.get("on", True))
        elif kind == "stall":
            self.stall_until = now() + s["for"]
        elif kind == "delay":
            self.delay_until = now() + s["for"]
            await asyncio.sleep(s["for"])
            held, self.held = self.held, []
            for c, data in held:
                self._send(c, data)
        elif kind == "lag":
            self.lag_until, self.lag = now() + s["for"], s["latency"]
        elif kind == "battery" and self.battery:
            self.battery.value = bytes([s["value"]])
            self.rig.changed(self.path, BATT, {"Percentage": V("y", s["value"])})
            self.notify(self.battery, self.battery.value)
        elif kind == "inject":
            self.notify(self.char(s["char"]), bytes.fromhex(s["hex"]))
        elif kind == "fault":
            self.faults.append(
                {k: v for k, v in s.items() if k not in ("do", "at", "from", "conn")}
            )
        elif kind == "adapter":
            self.rig.set_powered(bool(s["powered"]))
        elif (
            kind == "readdress"
        ):  # the device comes back under another address (private address, new CoreBluetooth id)
            self.advertising = False
            self.rig.link_lost(self, "address change")
            self.rig.remove_device(self)
            self.address = s["address"].upper()
            self.assign_paths()
            self.rig.index()
            self.log("device", address=self.address, name=self.name, type=self.cfg["type"])
            await asyncio.sleep(s.get("away", 1.0))
            self.advertising = True
        elif kind == "bluez_restart":
            await self.rig.restart(s.get("away", 1.0), s.get("crash", False))
        elif not self.do_more(kind, s):
            raise BluezError("InvalidArguments", f"unknown step {kind!r} for {self.id}")

    def do_more(self, kind: str, s: dict) -> bool:
        return False

    async def streams(self) -> None:  # the generic `stream:` characteristics
        async def one(c: Char) -> None:
            for frame in itertools.cycle(c.stream["hex"]):
                await asyncio.sleep(c.stream.get("every", 1.0))
                self.notify(c, bytes.fromhex(frame))

        await asyncio.gather(*(one(c) for _, cs in self.services for c in cs if c.stream))


class Generic(Peripheral):
    def setup(self) -> None:
        self.adv_uuids = [s["uuid"].lower() for s in self.cfg.get("services", [])]


class HrStrap(Peripheral):
    adv_uuids = [HRS]

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
        """Turn physical beats into the RR values the strap would report, applying scripted artefacts."""
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
    """HRS strap (no contact bits, as on the real H10) plus Polar Measurement Data: ECG 130 Hz, ACC 25..200 Hz."""

    adv_uuids = [HRS, u16(0xFEEE)]
    manufacturer = {0x006B: bytes.fromhex("7200082f00")}
    EPOCH_NS = 599616000000000000  # 2019-01-01 in ns since 2000-01-01: the H10's power-on default
    SETTINGS = {0: {0: [130], 1: [14]}, 2: {0: [25, 50, 100, 200], 1: [16], 2: [2, 4, 8]}}
    ERR = {
        "op": 1,
        "type": 2,
        "unsupported": 3,
        "length": 4,
        "param": 5,
        "state": 6,
        "resolution": 7,
        "rate": 8,
        "range": 9,
    }

    def setup(self) -> None:
        self.cfg.setdefault("hrs", {}).setdefault("contact", None)
        super().setup()
        self.p = {
            "ecg_hz": 130.0,
            "clock_ppm": 0.0,
            "require_pairing": False,
            **self.cfg.get("pmd", {}),
        }
        self.cp = Char(PMD_CP, ["read", "write", "indicate"], bytes([0x0F, 0x05]) + bytes(15))
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
        E = self.ERR
        if op not in (1, 2, 3):
            return E["op"], b""
        if kind not in self.SETTINGS:
            return E["type"], b""
        if op == 1:
            return 0, b"".join(
                bytes([s, len(vs)]) + b"".join(struct.pack("<H", v) for v in vs)
                for s, vs in self.SETTINGS[kind].items()
            )
        if op == 3:
            task = self.pmd.pop(kind, None)
            return (0, b"") if task and task.cancel() is not None else (E["state"], b"")
        chosen, i = {}, 0
        while i < len(args):  # setting, count(=1), uint16
            if i + 4 > len(args) or args[i + 1] != 1:
                return E["length"], b""
            chosen[args[i]], i = struct.unpack_from("<H", args, i + 2)[0], i + 4
        for s, allowed in self.SETTINGS[kind].items():
            if chosen.get(s) not in allowed:
                return (
                    E["param"] if s not in chosen else (E["rate"], E["resolution"], E["range"])[s]
                ), b""
        if kind in self.pmd:
            return E["state"], b""
        self.pmd[kind] = self.rig.spawn(self.pmd_stream(kind, chosen))
        self.link_tasks.append(self.pmd[kind])
        return 0, b"\x00"

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
                name, t0=round(times[0], 6), t1=round(t, 6), n=per, dev_ns=self.device_ns(t), ok=ok
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


class EdaBand(Peripheral):
    """Wristband with an EDA characteristic.
    packed : u8 seq, u32le device_ms of first sample, n x u16le in 0.001 uS      (vendor service)
    float32: n x float32le microsiemens, no header                               (vendor service)
    nus    : ASCII lines "EDA,<ms>,<uS>\\n" over Nordic UART TX, cut at 20 bytes
    e4     : as an Empatica E4: 6 x u24be skin resistance (uS = 1e6/raw) + u16 counter on 0x3EA8, 4 Hz,
             silent until <BI>(1, unix time) is written to 0x3E71"""

    adv_uuids: list[str] = []

    def setup(self) -> None:
        self.e = {"format": "packed", "rate": 4.0, "per_packet": 2, **self.cfg.get("eda", {})}
        self.skin = Skin(self.cfg.get("eda", {}), self.rng, self.rig.t0)
        self.eda = Char(NUS_TX if self.e["format"] == "nus" else EDA_CHAR, ["notify"])
        if self.e["format"] == "e4":
            self.e |= {"rate": 4.0, "per_packet": 6}
            self.eda, self.started = Char(u16(0x3EA8), ["notify"]), False
            self.services.append((u16(0x3E70), [Char(u16(0x3E71), ["write"])]))
            self.services.append((u16(0x3EA0), [self.eda]))
            self.adv_uuids, self.worn = [], True
            return
        svc, chars = (
            (NUS, [Char(NUS_RX, ["write", "write-without-response"]), self.eda])
            if self.e["format"] == "nus"
            else (EDA_SVC, [self.eda])
        )
        self.adv_uuids, self.worn = [svc], True
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
            for t, v in zip(times, us):
                self.log("eda", t=round(t, 6), us=round(v, 4))
            ms = int((times[0] - self.rig.t0) * 1000) & 0xFFFFFFFF
            if e["format"] == "packed":
                self.notify(
                    self.eda,
                    struct.pack("<BI", seq & 0xFF, ms)
                    + b"".join(struct.pack("<H", min(65535, round(v * 1000))) for v in us),
                )
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
            else:
                text = "".join(
                    f"EDA,{int((t - self.rig.t0) * 1000)},{v:.4f}\n" for t, v in zip(times, us)
                ).encode()
                for i in range(0, len(text), 20):
                    self.notify(self.eda, text[i : i + 20])


STEPS = (
    "drop advertise stall delay lag contact hr battery inject artefact scr fault pmd_stop adapter readdress bluez_restart"
).split()
TYPES = {"hr_strap": HrStrap, "polar_h10": PolarH10, "eda_band": EdaBand, "generic": Generic}


# --------------------------------------------------------------------------- the fake bluetoothd
class Rig:
    def __init__(self, scenario: dict, truth=None, verbose=False):
        self.opt = {
            "gatt_cache": "always",
            "temporary_timeout": 30.0,
            "connect_timeout": 20.0,
            "connect_latency": 0.15,
            "resolve_latency": 0.3,
            "adv_interval": 0.5,
            "hide_battery": False,
            "adapter": "hci0",
            "powered": True,
            **scenario.get("bluez", {}),
        }
        self.seed, self.truth, self.verbose = scenario.get("seed", 1), truth, verbose
        self.adapter, self.t0, self.powered = (
            f"/org/bluez/{self.opt['adapter']}",
            now(),
            self.opt["powered"],
        )
        self.tree: dict[str, dict[str, dict[str, V]]] = {}
        self.discovering: set[str] = set()
        self.tasks: set[asyncio.Task] = set()
        self.up = True
        self.devices: dict[str, Peripheral] = {}
        if not isinstance(scenario, dict) or not isinstance(scenario.get("devices"), list):
            raise SystemExit("scenario: a mapping with a list `devices` is needed")
        for d in scenario["devices"]:
            for key in ("id", "type", "address"):
                if not d.get(key):
                    raise SystemExit(f"scenario: device {d.get('id', d)!r} lacks {key!r}")
            if d["type"] not in TYPES:
                raise SystemExit(
                    f"device {d['id']!r}: unknown type {d['type']!r} (one of {', '.join(TYPES)})"
                )
            for step in d.get("timeline", []):
                if step.get("do") not in STEPS or step.get("from", "start") not in (
                    "start",
                    "connect",
                    "subscribe",
                ):
                    raise SystemExit(f"device {d['id']!r}: bad timeline step {step}")
            dev = TYPES[d["type"]](self, d)
            if dev.id in self.devices:
                raise SystemExit(f"duplicate device id {dev.id!r}")
            self.devices[dev.id] = dev
        self.index()

    def index(self) -> None:
        self.by_path = {d.path: d for d in self.devices.values()}
        self.chars = {
            c.path: (d, c) for d in self.devices.values() for _, cs in d.services for c in cs
        }

    # -- helpers
    def log(self, ev: str, **kw) -> None:
        if self.truth:
            self.truth.write(json.dumps({"t": round(now(), 6), "ev": ev, **kw}) + "\n")
            self.truth.flush()
        if self.verbose and ev not in ("notify", "beat", "eda", "ecg", "acc", "hrm"):
            print(f"[{now() - self.t0:7.2f}] {ev} {kw}", file=sys.stderr, flush=True)

    def spawn(self, coro) -> asyncio.Task:
        task = asyncio.create_task(coro)
        self.tasks.add(task)

        def done(t: asyncio.Task) -> None:
            self.tasks.discard(t)
            if not t.cancelled() and t.exception():
                print(f"virtual_bluez: task failed: {t.exception()!r}", file=sys.stderr, flush=True)

        task.add_done_callback(done)
        return task

    def signal(self, path, iface, member, sig, body) -> None:
        if self.up:
            self.bus.send(Message.new_signal(path, iface, member, sig, body))

    def add(self, path: str, ifaces: dict[str, dict[str, V]]) -> None:
        self.tree.setdefault(path, {}).update(ifaces)
        self.signal("/", OM, "InterfacesAdded", "oa{sa{sv}}", [path, ifaces])

    def remove(self, path: str) -> None:
        if ifaces := self.tree.pop(path, None):
            self.signal("/", OM, "InterfacesRemoved", "oas", [path, list(ifaces)])

    def changed(self, path: str, iface: str, props: dict[str, V], invalidated=()) -> None:
        node = self.tree.get(path, {}).get(iface)
        if node is None:
            return
        node.update(props)
        for k in invalidated:
            node.pop(k, None)
        self.signal(path, PROPS, "PropertiesChanged", "sa{sv}as", [iface, props, list(invalidated)])

    # -- object tree
    def add_adapter(self) -> None:
        self.add("/org/bluez", {P + "AgentManager1": {}})
        self.add(
            self.adapter,
            {
                ADAPTER: {
                    "Address": V("s", "00:1A:7D:DA:71:13"),
                    "AddressType": V("s", "public"),
                    "Name": V("s", "virtual"),
                    "Alias": V("s", "virtual"),
                    "Class": V("u", 0),
                    "Powered": V("b", self.powered),
                    "Discoverable": V("b", False),
                    "DiscoverableTimeout": V("u", 180),
                    "Pairable": V("b", True),
                    "PairableTimeout": V("u", 0),
                    "Discovering": V("b", False),
                    "UUIDs": V("as", []),
                    "Modalias": V("s", "usb:v1D6Bp0246d0542"),
                    "Roles": V("as", ["central", "peripheral"]),
                }
            },
        )

    def seen(self, d: Peripheral) -> None:
        """An advertisement of `d` was received during discovery."""
        d.last_seen = now()
        rssi = V("n", -60 - d.rng.randrange(12))
        if d.path in self.tree:
            self.changed(d.path, DEVICE, {"RSSI": rssi})
            return
        props = {
            "Address": V("s", d.address),
            "AddressType": V("s", "random" if int(d.address[:2], 16) >= 0xC0 else "public"),
            "Alias": V("s", d.name or d.address.replace(":", "-")),
            "Adapter": V("o", self.adapter),
            "RSSI": rssi,
            "Paired": V("b", d.paired),
            "Bonded": V("b", d.paired),
            "Trusted": V("b", False),
            "Blocked": V("b", False),
            "LegacyPairing": V("b", False),
            "Connected": V("b", False),
            "ServicesResolved": V("b", False),
            "UUIDs": V("as", d.adv_uuids),
            "AdvertisingFlags": V("ay", b"\x06"),
        }
        if d.name:
            props["Name"] = V("s", d.name)
        if d.manufacturer:
            props["ManufacturerData"] = V(
                "a{qv}", {k: V("ay", v) for k, v in d.manufacturer.items()}
            )
        self.add(d.path, {DEVICE: props})

    def export_gatt(self, d: Peripheral) -> None:
        for uuid, chars in d.services:
            if uuid == BAS and self.opt["hide_battery"]:
                continue
            base = chars[0].service
            self.add(
                base,
                {
                    SERVICE: {
                        "UUID": V("s", uuid),
                        "Device": V("o", d.path),
                        "Primary": V("b", True),
                        "Includes": V("ao", []),
                    }
                },
            )
            for c in chars:
                props = {
                    "UUID": V("s", c.uuid),
                    "Service": V("o", base),
                    "Value": V("ay", b""),
                    "Flags": V("as", c.props),
                    "MTU": V("q", d.mtu),
                }
                if "notify" in c.props or "indicate" in c.props:
                    props |= {"Notifying": V("b", c.notifying), "NotifyAcquired": V("b", False)}
                if "write-without-response" in c.props:
                    props["WriteAcquired"] = V("b", False)
                self.add(c.path, {CHAR: props})
                if "Notifying" in props:
                    self.add(
                        c.ccc,
                        {
                            DESC: {
                                "UUID": V("s", CCCD),
                                "Characteristic": V("o", c.path),
                                "Value": V("ay", b""),
                                "Flags": V("as", ["read", "write"]),
                            }
                        },
                    )
        d.exported = True

    def unexport_gatt(self, d: Peripheral) -> None:
        for path in sorted((p for p in self.tree if p.startswith(d.path + "/")), reverse=True):
            self.remove(path)
        d.exported = False

    def remove_device(self, d: Peripheral) -> None:
        self.unexport_gatt(d)
        self.remove(d.path)
        d.temporary, d.paired = True, False

    # -- link
    async def connect(self, d: Peripheral) -> None:
        if d.connecting:
            raise BluezError("InProgress", "Operation already in progress")
        if d.connected:
            return
        if not self.powered:
            raise BluezError("NotReady", "Resource Not Ready")
        d.temporary, d.connecting = False, asyncio.get_running_loop().create_future()
        try:
            fault = d.take_fault("connect")
            if fault and fault.get("hang"):
                await asyncio.wait({d.connecting}, timeout=fault["hang"])
            elif fault:
                await asyncio.sleep(fault.get("after", 0.2))
                raise BluezError(
                    fault.get("error", "Failed"), fault.get("text", "le-connection-abort-by-local")
                )
            deadline = now() + self.opt["connect_timeout"]
            while not (d.advertising and self.powered) and not d.connecting.done():
                if now() > deadline:
                    raise BluezError("Failed", "le-connection-abort-by-local")
                await asyncio.sleep(0.05)
            await asyncio.wait({d.connecting}, timeout=self.opt["connect_latency"])
            if d.connecting.done() or not d.advertising or d.path not in self.tree:
                raise BluezError("Failed", "le-connection-abort-by-local")
        finally:
            d.connecting = None
        d.connected, d.subscribed_this_conn = True, False
        d.conn_n += 1
        d.stall_until = d.delay_until = d.lag_until = 0.0
        self.log("connect", dev=d.id, n=d.conn_n)
        self.changed(d.path, DEVICE, {"Connected": V("b", True)}, ["RSSI"])
        d.link_tasks = [self.spawn(self.resolve(d)), self.spawn(d.run()), self.spawn(d.streams())]
        d.arm("connect")

    async def resolve(self, d: Peripheral) -> None:
        await asyncio.sleep(self.opt["resolve_latency"])
        if not d.exported:
            self.export_gatt(d)
        if d.battery:
            self.add(d.path, {BATT: {"Percentage": V("y", d.battery.value[0])}})
        uuids = sorted({u for u, _ in d.services} | set(d.adv_uuids))
        self.changed(d.path, DEVICE, {"UUIDs": V("as", uuids), "ServicesResolved": V("b", True)})
        if any(
            c.clients for _, cs in d.services for c in cs
        ):  # BlueZ re-enables notifications of living clients
            self.mark_subscribed(d)

    def link_lost(self, d: Peripheral, why: str) -> None:
        if d.connecting and not d.connecting.done():
            d.connecting.set_result(None)
        if not d.connected:
            return
        d.connected, d.held = False, []
        for task in d.link_tasks:
            task.cancel()
        d.link_tasks = []
        d.on_disconnect()
        for _, chars in d.services:
            for c in chars:
                if c.sock:
                    c.sock.close()
                    c.sock = None
        self.log("disconnect", dev=d.id, why=why)
        self.changed(
            d.path, DEVICE, {"ServicesResolved": V("b", False), "Connected": V("b", False)}
        )
        if self.opt["gatt_cache"] == "no":
            self.unexport_gatt(d)

    def mark_subscribed(self, d: Peripheral) -> None:
        if not d.subscribed_this_conn:
            d.subscribed_this_conn = True
            d.arm("subscribe")

    def set_powered(self, on: bool) -> None:
        self.powered = on
        if not on:
            for d in self.devices.values():
                self.link_lost(d, "adapter powered off")
            self.discovering.clear()
        self.changed(
            self.adapter,
            ADAPTER,
            {"Powered": V("b", on), "Discovering": V("b", bool(self.discovering))},
        )

    async def restart(self, away: float, crash: bool) -> None:
        for d in self.devices.values():
            if crash:
                self.up = False
            self.link_lost(d, "bluetoothd restart")
        for path in sorted(self.tree, reverse=True):
            self.remove(path)
        for d in self.devices.values():
            d.exported, d.temporary = False, True
            for _, cs in d.services:
                for c in cs:
                    c.clients.clear()
        self.up = False
        self.discovering.clear()
        await self.bus.release_name("org.bluez")
        await asyncio.sleep(away)
        self.up = True
        await self.bus.request_name("org.bluez")
        self.add_adapter()

    # -- background: advertising, temporary-device expiry
    async def radio(self) -> None:
        while True:
            await asyncio.sleep(self.opt["adv_interval"] * (0.9 + 0.2 * random.random()))
            for d in self.devices.values():
                if (
                    self.up
                    and self.powered
                    and self.discovering
                    and d.advertising
                    and not d.connected
                ):
                    self.seen(d)
                elif (
                    d.path in self.tree
                    and not self.discovering
                    and "RSSI" in self.tree[d.path].get(DEVICE, {})
                ):
                    self.changed(d.path, DEVICE, {}, ["RSSI"])
                if (
                    d.path in self.tree
                    and d.temporary
                    and not d.connecting
                    and now() - d.last_seen > self.opt["temporary_timeout"]
                ):
                    self.remove_device(d)

    # -- D-Bus dispatch
    def on_message(self, msg: Message):
        if msg.message_type is MessageType.SIGNAL:
            if msg.member == "NameOwnerChanged" and msg.body[0].startswith(":") and not msg.body[2]:
                self.client_gone(msg.body[0])
            return None
        if (
            msg.message_type is not MessageType.METHOD_CALL
            or msg.interface == "org.freedesktop.DBus.Peer"
        ):
            return None
        self.spawn(self.serve(msg))
        return True

    def client_gone(
        self, who: str
    ) -> None:  # BlueZ keeps the *link* of a crashed client; only its sessions end
        if who in self.discovering:
            self.discovering.discard(who)
            self.changed(self.adapter, ADAPTER, {"Discovering": V("b", bool(self.discovering))})
        for _, c in self.chars.values():
            if who in c.clients:
                c.clients.discard(who)
                self.changed(c.path, CHAR, {"Notifying": V("b", c.notifying)})

    async def serve(self, msg: Message) -> None:
        fds: list[int] = []
        try:
            sig, body = await self.call(msg, fds) or ("", [])
            reply = Message.new_method_return(msg, sig, body, fds)
        except BluezError as e:
            reply = Message.new_error(msg, e.name, e.text)
        except Exception as e:  # a bug in the rig must be loud, not a hang
            print(
                f"virtual_bluez: {msg.interface}.{msg.member} {msg.path}: {e!r}",
                file=sys.stderr,
                flush=True,
            )
            reply = Message.new_error(msg, P + "Error.Failed", repr(e))
        await self.bus.send(reply)
        for fd in fds:
            os.close(fd)

    async def call(self, msg: Message, fds: list[int]):
        path, iface, m, b, who = msg.path, msg.interface, msg.member, msg.body, msg.sender
        if path == CONTROL_PATH and iface == CONTROL:
            if m == "Do":
                if b[0] not in self.devices:
                    raise BluezError("DoesNotExist", f"no device {b[0]!r}")
                self.spawn(self.devices[b[0]].do(json.loads(b[1])))
                return "", []
            return "s", [
                json.dumps(
                    {
                        d.id: {
                            "connected": d.connected,
                            "advertising": d.advertising,
                            "connections": d.conn_n,
                            "notifying": sorted(
                                c.uuid for _, cs in d.services for c in cs if c.notifying
                            ),
                        }
                        for d in self.devices.values()
                    }
                    | {"discovering": len(self.discovering)}
                )
            ]
        if iface == INTRO:
            kids = {
                p[len(path.rstrip("/")) + 1 :].split("/")[0]
                for p in self.tree
                if p.startswith(path.rstrip("/") + "/")
            }
            return "s", [
                "<node>"
                + "".join(f'<interface name="{i}"/>' for i in self.tree.get(path, {}))
                + "".join(f'<node name="{k}"/>' for k in sorted(kids))
                + "</node>"
            ]
        if iface == OM and m == "GetManagedObjects":
            return "a{oa{sa{sv}}}", [self.tree]
        node = self.tree.get(path)
        if node is None:
            raise BluezError(
                "org.freedesktop.DBus.Error.UnknownObject",
                f'Method "{m}" with signature "{msg.signature}" on interface "{iface}" doesn\'t exist',
            )
        if iface == PROPS:
            props = node.get(b[0])
            if props is None:
                raise BluezError(
                    "org.freedesktop.DBus.Error.InvalidArgs", f"No such interface '{b[0]}'"
                )
            if m == "GetAll":
                return "a{sv}", [props]
            if m == "Get":
                if b[1] not in props:
                    raise BluezError(
                        "org.freedesktop.DBus.Error.InvalidArgs", f"No such property '{b[1]}'"
                    )
                return "v", [props[b[1]]]
            if path == self.adapter and b[1] == "Powered":
                self.set_powered(b[2].value)
            else:
                self.changed(path, b[0], {b[1]: b[2]})
            return "", []
        if iface not in node:
            raise BluezError(
                "org.freedesktop.DBus.Error.UnknownMethod",
                f'Method "{m}" on interface "{iface}" doesn\'t exist',
            )
        if iface == ADAPTER:
            return await self.adapter_call(m, b, who)
        if iface == DEVICE:
            return await self.device_call(self.by_path[path], m)
        if iface == CHAR:
            return await self.char_call(*self.chars[path], m, b, who, fds)
        if iface == DESC and m == "ReadValue":
            char = self.chars[path.rsplit("/", 1)[0]][1]
            return "ay", [
                bytes([2 if "indicate" in char.props else 1, 0]) if char.notifying else b"\x00\x00"
            ]
        raise BluezError(
            "org.freedesktop.DBus.Error.UnknownMethod", f"{iface}.{m} is not implemented"
        )

    async def adapter_call(self, m, b, who):
        if m == "SetDiscoveryFilter":
            return "", []
        if m == "GetDiscoveryFilters":
            return "as", [
                [
                    "UUIDs",
                    "RSSI",
                    "Pathloss",
                    "Transport",
                    "DuplicateData",
                    "Discoverable",
                    "Pattern",
                    "AutoConnect",
                ]
            ]
        if m in ("StartDiscovery", "StopDiscovery"):
            if not self.powered:
                raise BluezError("NotReady", "Resource Not Ready")
            if m == "StartDiscovery":
                if who in self.discovering:
                    raise BluezError("InProgress", "Operation already in progress")
                self.discovering.add(who)
            else:
                if who not in self.discovering:
                    raise BluezError("Failed", "No discovery started")
                self.discovering.discard(who)
            self.changed(self.adapter, ADAPTER, {"Discovering": V("b", bool(self.discovering))})
            return "", []
        if m == "RemoveDevice":
            d = self.by_path.get(b[0])
            if d is None or d.path not in self.tree:
                raise BluezError("DoesNotExist", "Does Not Exist")
            self.link_lost(d, "removed")
            self.remove_device(d)
            return "", []
        raise BluezError(
            "org.freedesktop.DBus.Error.UnknownMethod", f"Adapter1.{m} is not implemented"
        )

    async def device_call(self, d: Peripheral, m):
        if m == "Connect":
            await self.connect(d)
        elif m == "Disconnect":
            await asyncio.sleep(0.05)
            self.link_lost(d, "local disconnect")
        elif m == "Pair":
            if d.paired:
                raise BluezError("AlreadyExists", "Already Exists")
            await self.connect(d)
            d.paired = True
            self.changed(d.path, DEVICE, {"Paired": V("b", True), "Bonded": V("b", True)})
        elif m != "CancelPairing":
            raise BluezError(
                "org.freedesktop.DBus.Error.UnknownMethod", f"Device1.{m} is not implemented"
            )
        return "", []

    async def char_call(self, d: Peripheral, c: Char, m, b, who, fds):
        op = {"ReadValue": "read", "WriteValue": "write"}.get(m, "notify")
        if not d.connected:
            raise BluezError("Failed", "Not connected")
        if fault := d.take_fault(op, c.uuid):
            await asyncio.sleep(fault.get("hang", 0))
            if "error" in fault or "text" in fault:
                raise BluezError(fault.get("error", "Failed"), fault.get("text", ""))
        if (
            getattr(d, "p", {}).get("require_pairing")
            and c.uuid in (PMD_CP, PMD_DATA)
            and not d.paired
        ):
            raise BluezError("NotPermitted", "Not paired")
        if m == "ReadValue":
            if "read" not in c.props:
                raise BluezError("NotPermitted", "Read not permitted")
            await asyncio.sleep(0.03)
            self.changed(
                c.path, CHAR, {"Value": V("ay", c.value)}
            )  # yes: BlueZ signals reads as well
            return "ay", [c.value]
        if m == "WriteValue":
            if not {"write", "write-without-response"} & set(c.props):
                raise BluezError("NotPermitted", "Write not permitted")
            await asyncio.sleep(0.03)
            self.log("write", dev=d.id, uuid=c.uuid, hex=bytes(b[0]).hex())
            d.on_write(c, bytes(b[0]))
            return "", []
        if not {"notify", "indicate"} & set(c.props):
            raise BluezError("NotSupported", "Operation is not supported")
        if m == "StartNotify":
            if c.sock:
                raise BluezError("NotPermitted", "Notify acquired")
            await asyncio.sleep(0.03)
            c.clients.add(who)
        elif m == "StopNotify":
            if who not in c.clients:
                raise BluezError("Failed", "No notify session started")
            c.clients.discard(who)
        elif m == "AcquireNotify":
            if c.notifying:
                raise BluezError("NotPermitted", "Notify acquired")
            c.sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            c.sock.setblocking(False)
            fds.append(theirs.detach())
        self.log("subscribe" if c.notifying else "unsubscribe", dev=d.id, uuid=c.uuid)
        self.changed(c.path, CHAR, {"Notifying": V("b", c.notifying)})
        if c.notifying:
            self.mark_subscribed(d)
        return ("hq", [0, d.mtu]) if m == "AcquireNotify" else ("", [])

    async def start(self, address: str) -> None:
        self.bus = await MessageBus(bus_address=address, negotiate_unix_fd=True).connect()
        self.bus.add_message_handler(self.on_message)
        await self.bus.call(
            Message(
                destination="org.freedesktop.DBus",
                path="/org/freedesktop/DBus",
                interface="org.freedesktop.DBus",
                member="AddMatch",
                signature="s",
                body=["type='signal',interface='org.freedesktop.DBus',member='NameOwnerChanged'"],
            )
        )
        self.add_adapter()
        if await self.bus.request_name("org.bluez") is not RequestNameReply.PRIMARY_OWNER:
            raise SystemExit("org.bluez is already owned on this bus")
        self.spawn(self.radio())
        for d in self.devices.values():
            d.log("device", address=d.address, name=d.name, type=d.cfg["type"])
            d.arm("start")


# --------------------------------------------------------------------------- private bus, CLI
BUS_CONF = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={sock}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_type="signal"/>
<allow send_requested_reply="true"/><allow receive_type="method_call"/><allow receive_type="signal"/>
<allow receive_type="method_return"/><allow receive_type="error"/></policy>
<limit name="reply_timeout">600000</limit></busconfig>
"""

DEFAULT = {
    "seed": 7,
    "devices": [
        {
            "id": "strap",
            "type": "hr_strap",
            "name": "Virtual HRM 01",
            "address": "C0:00:00:00:00:01",
            "battery": 87,
            "heart": {"hr": [[0, 64], [20, 64], [40, 100]]},
            "hrs": {"energy_every": 10, "hr16": "alternate"},
            "timeline": [{"at": 8, "from": "subscribe", "do": "drop", "away": 3}],
        },
        {
            "id": "h10",
            "type": "polar_h10",
            "name": "Polar H10 DEADBEEF",
            "address": "C0:00:00:00:00:02",
            "battery": 100,
        },
        {
            "id": "band",
            "type": "eda_band",
            "name": "Virtual EDA Band",
            "address": "C0:00:00:00:00:03",
            "battery": 55,
        },
    ],
}


def load(path: str | None) -> dict:
    if not path:
        return DEFAULT
    text = Path(path).read_text()
    if path.endswith(".json"):
        return json.loads(text)
    try:
        import yaml
    except ImportError:
        raise SystemExit("PyYAML is needed for YAML scenarios (or give a .json file)")
    return norway(yaml.safe_load(text))


def norway(x, key=None):
    """Undo YAML 1.1: the key `on` is True, the value `no` is False; unquoted hex and addresses are numbers."""
    if isinstance(x, dict):
        return {
            ("on" if k is True else "off" if k is False else k): norway(v, k) for k, v in x.items()
        }
    if isinstance(x, list):
        return [norway(v, key) for v in x]
    if key in ("hex", "address", "uuid") and not isinstance(x, str):
        raise SystemExit(f"scenario: quote the value of {key!r} (YAML read it as {x!r})")
    return (
        {True: "always", False: "no"}.get(x, x)
        if key == "gatt_cache"
        else str(x)
        if key == "char"
        else x
    )


async def amain(a) -> int:
    tmp = tempfile.TemporaryDirectory(prefix="vbluez-")
    sock = a.socket or f"{tmp.name}/bus"
    conf = Path(tmp.name, "bus.conf")
    conf.write_text(BUS_CONF.format(sock=sock))
    errors = open(f"{tmp.name}/dbus.err", "w+")
    daemon = subprocess.Popen(
        ["dbus-daemon", "--nofork", "--print-address=1", f"--config-file={conf}"],
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        preexec_fn=lambda: ctypes.CDLL(None).prctl(1, signal.SIGTERM),
    )  # die with us
    truth = open(a.truth, "w") if a.truth else None
    try:
        address = daemon.stdout.readline().strip()
        if not address:
            raise SystemExit("dbus-daemon did not start: " + Path(errors.name).read_text())
        rig = Rig(load(a.scenario), truth, a.verbose)
        await rig.start(address)
        print(f"DBUS_SYSTEM_BUS_ADDRESS={address}\nREADY", flush=True)
        stop = asyncio.get_running_loop().create_future()
        for s in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(
                s, lambda: stop.done() or stop.set_result(0)
            )
        if a.cmd:
            child = await asyncio.create_subprocess_exec(
                *a.cmd, env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": address}
            )
            waiter = asyncio.ensure_future(child.wait())
            await asyncio.wait(
                {waiter, stop}, timeout=a.seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if child.returncode is None:
                child.terminate()
                await child.wait()
                return 124
            return child.returncode
        await asyncio.wait({stop}, timeout=a.seconds)
        return 0
    finally:
        daemon.terminate()
        daemon.wait()
        if truth:
            truth.close()
        tmp.cleanup()


def main() -> None:
    argv = sys.argv[1:]
    cmd = argv[argv.index("--") + 1 :] if "--" in argv else []
    ap = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ap.add_argument(
        "scenario", nargs="?", help=".yaml or .json (default: a strap, an H10 and an EDA band)"
    )
    ap.add_argument("--truth", help="write ground truth as JSON lines")
    ap.add_argument("--socket", help="path of the bus socket (default: a temporary one)")
    ap.add_argument("--for", dest="seconds", type=float, help="stop after this many seconds")
    ap.add_argument("-v", "--verbose", action="store_true")
    a = ap.parse_args(argv[: argv.index("--")] if "--" in argv else argv)
    a.cmd = cmd
    sys.exit(asyncio.run(amain(a)))


if __name__ == "__main__":
    main()
