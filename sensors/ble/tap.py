"""Whoever listens in on a link: all that a device says and is told, before anything is made of it.

`with tapped(tap):` covers the links that are opened within, in this task and those it starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sensors.base import LinkState
from sensors.signals import GapReason

if TYPE_CHECKING:
    from bleak import BleakClient

    from sensors.ble.radio import Advertisement

__all__ = ["GattCharacteristic", "LinkTap", "characteristics_of", "current_tap", "mtu_of", "tapped"]


@dataclass(frozen=True, slots=True)
class GattCharacteristic:
    """One line of what a device says that it has."""

    service: str  #: full UUID
    uuid: str  #: full UUID
    properties: tuple[str, ...]  #: such as "notify", as Bluetooth names them


class LinkTap(Protocol):
    """Is told at once of whatever happens on a link."""

    def connected(
        self, device: Advertisement, has: Sequence[GattCharacteristic], mtu: int | None
    ) -> None:
        """Take in that a device is connected, what it has, and how long packets may be.

        Parameters
        ----------
        device
            As it advertised itself.
        has
            In its own order.
        mtu
            In bytes; None where the system does not tell.
        """

    def changed(self, state: LinkState, reason: GapReason | None) -> None:
        """Take in another state of the link.

        Parameters
        ----------
        state
            The new one.
        reason
            Why it was lost.
        """

    def listened(self, uuid: str) -> None:
        """Take in that a characteristic was subscribed to.

        Parameters
        ----------
        uuid
            In full.
        """

    def notified(self, uuid: str, data: bytes, is_answer: bool) -> None:
        """Take in a notification or indication.

        Parameters
        ----------
        uuid
            In full.
        data
            Its bytes.
        is_answer
            Whether a driver had asked for it, so that it is no packet.
        """

    def read(self, uuid: str, data: bytes) -> None:
        """Take in a value that was read.

        Parameters
        ----------
        uuid
            In full.
        data
            Its bytes.
        """

    def wrote(self, uuid: str, data: bytes, response: bool) -> None:
        """Take in what is written to the device.

        Parameters
        ----------
        uuid
            In full.
        data
            Its bytes.
        response
            Whether the device acknowledges it.
        """


_current: ContextVar[LinkTap | None] = ContextVar("link_tap", default=None)


def current_tap() -> LinkTap | None:
    """Return who listens in on links that are opened here; None for nobody.

    Returns
    -------
    LinkTap | None
        That of the innermost block.
    """
    return _current.get()


@contextmanager
def tapped(tap: LinkTap) -> Iterator[None]:
    """Listen in on the links that are opened while the block runs.

    Parameters
    ----------
    tap
        Is told.
    """
    token = _current.set(tap)
    try:
        yield
    finally:
        _current.reset(token)


def characteristics_of(client: BleakClient) -> list[GattCharacteristic]:
    """Return what a connected device has.

    Parameters
    ----------
    client
        Connected.

    Returns
    -------
    list[GattCharacteristic]
        In its own order.
    """
    return [
        GattCharacteristic(service.uuid.lower(), one.uuid.lower(), tuple(one.properties))
        for service in client.services
        for one in service.characteristics
    ]


def mtu_of(client: BleakClient) -> int | None:
    """Return how long an attribute's packet may be on a link.

    Parameters
    ----------
    client
        Connected.

    Returns
    -------
    int | None
        In bytes. BlueZ tells it of each characteristic, others of the client.
    """
    details = [getattr(one, "obj", None) for one in client.services.characteristics.values()]
    told = [one[1].get("MTU") for one in details if isinstance(one, tuple) and len(one) == 2]
    if details and len(told) == len(details):
        return max((int(mtu) for mtu in told if mtu), default=None)
    return client.mtu_size
