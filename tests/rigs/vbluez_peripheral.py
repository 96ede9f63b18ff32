"""A virtual peripheral: advertising, connection state, scripted steps, faults."""

from __future__ import annotations

import asyncio
import itertools
import random
import socket
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from dbus_fast import Variant as V  # noqa: N817
from vbluez_names import (
    BAS,
    BATT,
    BATTERY_LEVEL,
    CHAR,
    DIS,
    INFO_CHARS,
    BluezError,
    now,
    u16,
)

if TYPE_CHECKING:
    from vbluez_daemon import Rig


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
    """What all devices share; subclasses add services and data."""

    def __init__(self, rig: Rig, cfg: dict):
        self.rig, self.cfg, self.id = rig, cfg, str(cfg["id"])
        self.rng = random.Random(f"{rig.seed}/{self.id}")
        self.address, self.name = cfg["address"].upper(), cfg.get("name")
        # As BlueZ has it from the advertisement; no address shows of itself what it is.
        self.address_type = cfg.get("address_type", "random" if self.address >= "C0" else "public")
        self.advertising, self.connected, self.connecting, self.paired = (
            bool(cfg.get("advertise", True)),
            False,
            None,
            bool(cfg.get("paired")),
        )
        self.mtu, self.conn_n, self.subscribed_this_conn = cfg.get("mtu", 232), 0, False
        self.reachable = asyncio.Event()
        self.last_seen, self.temporary, self.exported = 0.0, True, False
        self.updated = bool(cfg.get("updated"))
        self.stall_until = self.delay_until = self.lag_until = self.lag = 0.0
        self.held: list[tuple[Char, bytes, int]] = []
        self.no = 0  # of the last notification; its `sent` in the truth has the same
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
        if not cfg.get("no_dis"):
            self.services.append(
                (
                    DIS,
                    [
                        Char(
                            u16(INFO_CHARS[k]),
                            ["read"],
                            v if isinstance(v, bytes) else str(v).encode(),
                        )
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
        for _, chars in self.services:
            handle += 1
            base = f"{self.path}/service{handle:04x}"
            for c in chars:
                handle += 1
                c.path, c.service = f"{base}/char{handle:04x}", base
                handle += 2 if "notify" in c.props or "indicate" in c.props else 1
                c.ccc = f"{c.path}/desc{handle:04x}"

    adv_uuids: tuple[str, ...] = ()
    manufacturer: Mapping[int, bytes] = MappingProxyType({})

    def setup(self) -> None: ...
    async def run(self) -> None: ...  # one task per connection; cancelled on disconnect
    def on_write(self, c: Char, data: bytes) -> None: ...
    def on_disconnect(self) -> None: ...
    def log_device(self) -> None:
        self.log(
            "device", address=self.address, address_type=self.address_type, name=self.name,
            type=self.cfg["type"],
        )  # fmt: skip

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
                self.log("fault", op=op, uuid=uuid, hang=f.get("hang", 0))
                return f
        return None

    # -- data out
    def notify(self, c: Char, data: bytes, **truth) -> bool:
        """Queue one notification; returns whether it left the device."""
        data = bytes(data[: max(self.mtu - 3, 20)])
        ok = self.connected and c.notifying and now() >= self.stall_until
        self.no += 1
        self.log("notify", uuid=c.uuid, hex=data.hex(), ok=ok, no=self.no)
        if not ok:
            return False
        if self.held or now() < self.delay_until:  # a link never changes the order
            self.held.append((c, data, self.no))
        elif now() < self.lag_until:
            asyncio.get_running_loop().call_later(self.lag, self._send, c, data, self.no)
        else:
            self._send(c, data, self.no)
        return True

    def _send(self, c: Char, data: bytes, no: int) -> None:
        if not (self.connected and c.notifying and self.rig.up):
            return
        self.log("sent", no=no)
        if "indicate" not in c.props:  # what a control point answers is not its value
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
            for c, data, no in held:
                self._send(c, data, no)
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
            self.log_device()
            await asyncio.sleep(s.get("away", 1.0))
            self.advertising = True
        elif kind == "forget":  # as `bluetoothctl remove`: whoever holds the device holds a ghost
            self.advertising = False
            self.rig.link_lost(self, "forgotten")
            self.rig.remove_device(self)
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
        self.adv_uuids = tuple(s["uuid"].lower() for s in self.cfg.get("services", []))

    def on_write(self, c: Char, data: bytes) -> None:
        for reply in self.cfg.get("replies", []):
            if data.hex().startswith(reply["to"]):
                to, answer = self.char(reply["char"]), bytes.fromhex(reply["hex"])
                asyncio.get_running_loop().call_later(
                    reply.get("after", 0.1), self.notify, to, answer
                )
