"""Which devices the sensors of this program hold, so that none touches another one's link."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from sensors.ble.radio import Advertisement

__all__ = ["DeviceClaims", "claims"]


class DeviceClaims:
    """Of one event loop: devices by address, each with the one who holds it.

    A link claims its device before it connects, and holds it while it waits for its return.
    """

    def __init__(self) -> None:
        self._held: dict[str, tuple[object, Advertisement]] = {}

    def take(self, device: Advertisement, owner: object) -> bool:
        """Claim a device; return whether nobody else holds it.

        Parameters
        ----------
        device
            The device as it was seen.
        owner
            Who holds a device; compared by identity.

        Returns
        -------
        bool
            True also for who holds it already.
        """
        holder, _ = self._held.setdefault(device.address, (owner, device))
        return holder is owner

    def release(self, owner: object, *, but: str = "") -> None:
        """Give up whatever the owner holds, but for the device of one address.

        Parameters
        ----------
        owner
            Who holds a device; compared by identity.
        but
            The address of a device that the owner keeps; empty for none.
        """
        self._held = {
            address: held
            for address, held in self._held.items()
            if held[0] is not owner or address == but
        }

    def of_others(self, owner: object) -> dict[str, Advertisement]:
        """Return the devices that anybody but the owner holds, by address.

        Parameters
        ----------
        owner
            Who holds a device; compared by identity.

        Returns
        -------
        dict[str, Advertisement]
            As they were seen when they were claimed.
        """
        return {a: device for a, (holder, device) in self._held.items() if holder is not owner}


def claims() -> DeviceClaims:
    """Return the claims of the running loop.

    Returns
    -------
    DeviceClaims
        The same object for all of one event loop.
    """
    return _claims.setdefault(asyncio.get_running_loop(), DeviceClaims())


_claims: WeakKeyDictionary[asyncio.AbstractEventLoop, DeviceClaims] = WeakKeyDictionary()
