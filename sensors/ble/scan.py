"""Which devices are within reach."""

from __future__ import annotations

from collections.abc import Callable

from sensors.ble.radio import Advertisement, explain, look
from sensors.errors import SensorNotFound

__all__ = ["Advertisement", "scan"]


def _as_it_is(device: Advertisement) -> Advertisement:
    return device


async def scan(
    timeout_s: float = 8.0, recognise: Callable[[Advertisement], Advertisement] = _as_it_is
) -> list[Advertisement]:
    """Return all devices seen within `timeout_s`, strongest first.

    `recognise` lets rooms that know more devices say of what kind one is, and what it gives.
    Raises `SensorUnavailable` when there is no adapter, service or permission.
    """
    try:
        return [recognise(device) for device in await look(timeout_s, lambda _: False)]
    except Exception as error:  # bleak's back ends raise their own libraries' errors as well
        if reason := explain(error):
            raise reason from error
        raise SensorNotFound(
            f"the search for Bluetooth devices failed: {error}", hint="Try again in a moment."
        ) from error
