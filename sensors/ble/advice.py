"""What to do where Bluetooth is not to be had: nothing that this system does not have."""

from __future__ import annotations

import sys
from pathlib import Path
from shutil import which

__all__ = ["has_group", "to_be_allowed", "to_start_the_service", "to_switch_it_on"]

#: Where distributions put BlueZ's service, which is on nobody's PATH.
_SERVICES = (
    "/usr/lib/bluetooth/bluetoothd",
    "/usr/libexec/bluetooth/bluetoothd",
    "/usr/sbin/bluetoothd",
)


def has_group(name: str) -> bool:
    """Tell whether this system has a group of users of this name.

    Parameters
    ----------
    name
        Of the group.

    Returns
    -------
    bool
        False on Windows, which has none of this kind.
    """
    try:
        import grp

        grp.getgrnam(name)
    except (ImportError, KeyError):
        return False
    return True


def to_be_allowed() -> str:
    """Return what lets a user have Bluetooth.

    Returns
    -------
    str
        A sentence.
    """
    if has_group("bluetooth"):
        return "Add the user to the group `bluetooth` and log in again."
    return "Ask whoever looks after this computer to allow it."


def to_switch_it_on() -> str:
    """Return what switches Bluetooth on.

    Returns
    -------
    str
        A sentence.
    """
    blocked = "; `rfkill list` says whether it is blocked" if which("rfkill") else ""
    return f"Switch it on in the system's settings{blocked}."


def to_start_the_service() -> str:
    """Return what starts the system's Bluetooth service.

    Returns
    -------
    str
        A sentence.
    """
    if not sys.platform.startswith("linux"):
        return "Switch Bluetooth off and on in the system's settings."
    if not any(Path(place).exists() for place in _SERVICES):
        return "Install BlueZ: its service bluetoothd is not on this system."
    if which("systemctl"):
        return "Is bluetoothd running? Try `systemctl start bluetooth` as root."
    return "Is bluetoothd running? Start it as root."
