# ruff: noqa: E501, T201 - its messages are long, and it prints its own bugs
"""The virtual bluetoothd: the object tree, links, discovery, and the D-Bus calls it answers."""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import sys

from dbus_fast import Message, MessageType, RequestNameReply
from dbus_fast import Variant as V  # noqa: N817
from dbus_fast.aio import MessageBus
from vbluez_band import EdaBand
from vbluez_names import (
    ADAPTER,
    BAS,
    BATT,
    CCCD,
    CHAR,
    CONTROL,
    CONTROL_PATH,
    DESC,
    DEVICE,
    INTRO,
    OM,
    PMD_CP,
    PMD_DATA,
    PROPS,
    SERVICE,
    BluezError,
    P,
    now,
)
from vbluez_native import Bitalino, Shimmer
from vbluez_optical import PolarVerity
from vbluez_peripheral import Char, Generic, Peripheral
from vbluez_straps import HrStrap, PolarH10

STEPS = (
    "drop advertise stall delay lag contact hr battery inject artefact scr fault pmd_stop adapter readdress forget bluez_restart"
).split()
TYPES = {
    "hr_strap": HrStrap,
    "polar_h10": PolarH10,
    "polar_verity": PolarVerity,
    "eda_band": EdaBand,
    "bitalino": Bitalino,
    "shimmer": Shimmer,
    "generic": Generic,
}


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
            "AddressType": V("s", d.address_type),
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
            "UUIDs": V("as", list(d.adv_uuids)),
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
            if (uuid == BAS and self.opt["hide_battery"]) or (d.updated and uuid in d.adv_uuids):
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
            d.updated = False  # what was kept of it is gone, and all services are asked for anew
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
            d.log_device()
            d.arm("start")
