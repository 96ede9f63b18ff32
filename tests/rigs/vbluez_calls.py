# ruff: noqa: E501, T201 - its messages are long, and it prints its own bugs
"""The D-Bus calls that the virtual BlueZ answers, as the real one does."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys

from dbus_fast import Message, MessageType
from dbus_fast import Variant as V  # noqa: N817
from vbluez_links import Links
from vbluez_names import (
    ADAPTER,
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
    BluezError,
    P,
)
from vbluez_peripheral import Char, Peripheral


class Calls(Links):
    """Takes in every message of the bus, and answers those that are meant for it."""

    by_path: dict[str, Peripheral]
    chars: dict[str, tuple[Peripheral, Char]]

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
