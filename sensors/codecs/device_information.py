"""The texts of the Device Information Service 1.1: maker, model, serial number, versions."""

from __future__ import annotations

from sensors.errors import PacketError

__all__ = ["device_text"]

_LONGEST = 64  #: characters; names are shorter, and they end up on a line of the screen


def device_text(packet: bytes) -> str:
    """Parse one of its characteristics; raise `PacketError` where there is nothing to read.

    Devices pad with zeros or end with one, and some put bytes there that are no text.
    """
    text = packet.split(b"\0", 1)[0].decode("utf-8", errors="ignore")
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if not text:
        raise PacketError(f"a device text of {packet[:8].hex() or 'no bytes'}")
    return text[:_LONGEST]
