# ruff: noqa: T201 - it prints its own bugs
"""What the virtual BlueZ shows: its objects and their properties, and what it signals of them."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING

from dbus_fast import Message
from dbus_fast import Variant as V  # noqa: N817
from vbluez_names import ADAPTER, BAS, CCCD, CHAR, DESC, DEVICE, OM, PROPS, SERVICE, P, now

if TYPE_CHECKING:
    from vbluez_peripheral import Peripheral


class ObjectTree:
    """Keeps the objects as they are, and says on the bus what changes; a trace if anybody asks."""

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
