"""Names of the D-Bus interfaces and GATT characteristics that the virtual BlueZ serves."""

from __future__ import annotations

import time

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
