"""Links of the virtual BlueZ: how they come about and end, and the radio that they need."""

from __future__ import annotations

import asyncio
import random

from dbus_fast import Variant as V  # noqa: N817
from vbluez_names import ADAPTER, BATT, DEVICE, BluezError, now
from vbluez_peripheral import Peripheral
from vbluez_tree import ObjectTree


class Links(ObjectTree):
    """Connects and loses devices as they advertise, and forgets those that nobody sees."""

    devices: dict[str, Peripheral]

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
