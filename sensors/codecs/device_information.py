"""The texts of the Device Information Service 1.1: maker, model, serial number, versions."""

from __future__ import annotations

from sensors.errors import PacketError
from sensors.printable import LONGEST_NAME, printable

__all__ = ["device_text"]


def device_text(packet: bytes) -> str:
    """Parse one of its characteristics; raise `PacketError` where there is nothing to read.

    Devices pad with zeros or end with one, and some put bytes there that are no text.

    Parameters
    ----------
    packet
        The value of the characteristic.

    Returns
    -------
    str
        Printable, and cut to the longest name.

    Raises
    ------
    PacketError
        Where there is nothing to read.
    """
    text = packet.split(b"\0", 1)[0].decode("utf-8", errors="ignore")
    text = printable(text, LONGEST_NAME)
    if not text:
        raise PacketError(f"a device text of {packet[:8].hex() or 'no bytes'}")
    return text
