"""Captures as a sensor would have left them, event by event."""

from dataclasses import replace

from sensors.ble.tap import GattCharacteristic
from sensors.captures.capture import Capture, CaptureEvent, EventKind

MEASUREMENT = "00002a37-0000-1000-8000-00805f9b34fb"
UART = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"


def dis(short: str) -> str:
    return f"0000{short}-0000-1000-8000-00805f9b34fb"


def events(*said: tuple[EventKind, str, bytes]) -> tuple[CaptureEvent, ...]:
    return tuple(CaptureEvent(1.0 + i / 4, kind, uuid, data) for i, (kind, uuid, data) in
                 enumerate(said))  # fmt: skip


def capture(*said: tuple[EventKind, str, bytes], name: str = "Sensor", **more: object) -> Capture:
    found = Capture(
        name=name, services=(dis("180d"),), has=(GattCharacteristic(dis("180d"), MEASUREMENT,
        ("notify",)),), driver="strap", events=(CaptureEvent(0.5, "connected", mtu=185),
        *events(*said)), duration_s=90.0,
    )  # fmt: skip
    return replace(found, **more)  # type: ignore[arg-type]
