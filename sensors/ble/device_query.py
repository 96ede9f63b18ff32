"""What a user says of a device, and how devices are told apart in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sensors.ble.radio import Advertisement
from sensors.errors import SensorNotFound, SettingsError
from sensors.printable import printable

__all__ = [
    "LISTED",
    "DeviceQuery",
    "address_of",
    "describe",
    "in_use",
    "is_strap",
    "legible",
    "several",
    "uri_of",
]

#: BlueZ and Windows name a device by its Bluetooth address, macOS by an identifier of its own.
_ADDRESS = re.compile(
    r"[0-9A-F]{2}([:-][0-9A-F]{2}){5}|[0-9A-F]{8}-([0-9A-F]{4}-){3}[0-9A-F]{12}", re.IGNORECASE
)
LISTED = 12  #: devices named in a message


def is_strap(device: Advertisement) -> bool:
    """Return whether the device offers the standard Heart Rate Service.

    Parameters
    ----------
    device
        The device as it was seen.

    Returns
    -------
    bool
        By its services.
    """
    return device.kind == "heart rate strap"


def address_of(text: str) -> str:
    """Return the address that a text is, as radios write it; empty for any other text.

    Parameters
    ----------
    text
        What a user wrote.

    Returns
    -------
    str
        In upper case, with colons.
    """
    text = text.strip()
    if not _ADDRESS.fullmatch(text):
        return ""
    return (text.replace("-", ":") if len(text) == 17 else text).upper()


def legible(text: str) -> str:
    """Return what a user asks for as it is compared; empty for an empty text alone.

    Parameters
    ----------
    text
        What a user wrote.

    Returns
    -------
    str
        Printable, on one line.

    Raises
    ------
    SettingsError
        For a text in which nothing can be seen: it would fit every device.
    """
    shown = printable(text)
    if text and not shown:
        raise SettingsError(
            f"the device is named by {text!r}, in which nothing can be seen",
            hint="Type its name or address anew, or leave it out for the only one in reach.",
        )
    return shown


def uri_of(device: Advertisement) -> str:
    """Return the URI of just this device: names are not unique, and may be anything.

    Parameters
    ----------
    device
        The device as it was seen.

    Returns
    -------
    str
        "ble:" and the address.
    """
    return f"ble:{device.address}"


def describe(seen: Iterable[Advertisement]) -> str:
    """Return one phrase that lists devices by what tells them apart.

    Parameters
    ----------
    seen
        Devices, of which 12 are named.

    Returns
    -------
    str
        "nothing" for none.
    """
    words = [_told(device) for device in seen]
    more = f" and {len(words) - LISTED} more" if len(words) > LISTED else ""
    return (", ".join(words[:LISTED]) or "nothing") + more


def in_use(device: Advertisement, by: str) -> str:
    """Return the sentence for a device that must be left alone.

    Parameters
    ----------
    device
        The device as it was seen.
    by
        What another one of uses it.

    Returns
    -------
    str
        One sentence, with a full stop.
    """
    return f"{_told(device, signal=False)} is in use by another {by}."


def several(fitting: Sequence[Advertisement]) -> SensorNotFound:
    """Return the error for devices of which each could be meant.

    Parameters
    ----------
    fitting
        Two or more.

    Returns
    -------
    SensorNotFound
        Its hint names the first as an example.
    """
    example = uri_of(fitting[0])
    return SensorNotFound(
        f"several sensors could be meant: {describe(fitting)}",
        hint=f"Take off or switch off the others, or name one by its address, as in {example}.",
    )


def _told(device: Advertisement, *, signal: bool = True) -> str:
    facts = [device.address] if device.name else []
    facts += [f"{device.rssi_dbm} dBm"] if signal and device.rssi_dbm is not None else []
    facts += ["in use"] if signal and device.in_use else []
    return f"{device.label} ({', '.join(facts)})" if facts else device.label


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceQuery:
    """What a user says of a device: an address, a name or the start of one, a serial number.

    With none of them it is the only one in sight that `accepts` says yes to; `what` names such
    devices in messages, and `label` this one until it has been seen.
    """

    text: str = ""  #: address, name or the start of one; empty for any
    serial: str = ""  #: serial number; empty for any
    accepts: Callable[[Advertisement], bool] = is_strap
    what: str = "heart rate strap"
    label: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", legible(self.text))
        object.__setattr__(self, "serial", legible(self.serial))

    @property
    def address(self) -> str:
        """Return the address, where it is one that is wanted."""
        return address_of(self.text)

    @property
    def words(self) -> str:
        """Return what is wanted, for messages."""
        where = "at" if self.address else "named"
        words = f"{self.what} {where} {self.text!r}" if self.text else self.what
        return f"{words} with the serial number {self.serial}" if self.serial else words

    def fits(self, device: Advertisement) -> bool:
        """Return whether the device could be meant.

        Parameters
        ----------
        device
            The device as it was seen.

        Returns
        -------
        bool
            By its address, the start of its name, or `accepts`.
        """
        if self.address:
            return device.address.upper() == self.address
        if not self.text:
            return self.accepts(device)
        return device.name.casefold().startswith(self.text.casefold())

    def narrow(self, fitting: Sequence[Advertisement]) -> list[Advertisement]:
        """Return those of the exact name, where there are any.

        Parameters
        ----------
        fitting
            Devices that could be meant.

        Returns
        -------
        list[Advertisement]
            All of them where none has the exact name.
        """
        return [d for d in fitting if self.text and d.name == self.text] or [*fitting]
