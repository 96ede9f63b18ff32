"""The virtual bluetoothd: the devices of a scenario on a bus of their own."""

from __future__ import annotations

from dbus_fast import Message, RequestNameReply
from dbus_fast.aio import MessageBus
from vbluez_band import EdaBand
from vbluez_calls import Calls
from vbluez_captured import Captured
from vbluez_native import Bitalino, Shimmer
from vbluez_optical import PolarVerity
from vbluez_peripheral import Generic, Peripheral
from vbluez_straps import HrStrap, PolarH10

STEPS = (
    "drop advertise stall delay lag contact hr battery inject artefact scr fault pmd_stop adapter "
    "readdress forget bluez_restart"
).split()
TYPES = {
    "hr_strap": HrStrap,
    "polar_h10": PolarH10,
    "polar_verity": PolarVerity,
    "eda_band": EdaBand,
    "bitalino": Bitalino,
    "shimmer": Shimmer,
    "generic": Generic,
    "captured": Captured,
}


class Rig(Calls):
    """All that a scenario says is there; refuses one that is not understood."""

    def __init__(self, scenario: dict, truth=None, verbose=False):
        if not isinstance(scenario, dict) or not isinstance(scenario.get("devices"), list):
            raise SystemExit("scenario: a mapping with a list `devices` is needed")
        super().__init__(scenario, truth, verbose)
        self.devices: dict[str, Peripheral] = {}
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
