"""Which devices are within reach, and which of them the user means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sensors.ble.radio import Seen, explain, look
from sensors.errors import SensorNotFound

__all__ = ["Seen", "begins", "choose", "describe", "is_exactly", "is_strap", "scan"]


def _as_it_is(device: Seen) -> Seen:
    return device


async def scan(timeout_s: float = 8.0, recognise: Callable[[Seen], Seen] = _as_it_is) -> list[Seen]:
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


def is_strap(device: Seen) -> bool:
    """Return whether the device offers the standard Heart Rate Service."""
    return device.kind == "heart rate strap"


def choose(
    wanted: str, seen: Sequence[Seen], accepts: Callable[[Seen], bool] = is_strap
) -> Seen | None:
    """Return the device that `wanted` names: its address, its name, or the start of its name.

    An empty text means the only device that `accepts` says yes to. None when nothing matches;
    raises `SensorNotFound` when several match equally well.
    """
    for matches in (
        [device for device in seen if device.address.upper() == wanted.upper()],
        [device for device in seen if device.name == wanted],
        [device for device in seen if begins(device, wanted)],
    ):
        if wanted and len(matches) == 1:
            return matches[0]
        if wanted and matches:
            raise _several(matches)
    fitting = [device for device in seen if accepts(device)]
    if wanted or not fitting:
        return None
    if len(fitting) > 1:
        raise _several(fitting)
    return fitting[0]


def is_exactly(wanted: str, device: Seen) -> bool:
    """Return whether the device is the one named, so that no other can be meant."""
    return bool(wanted) and (wanted.upper() == device.address.upper() or wanted == device.name)


def describe(seen: Iterable[Seen]) -> str:
    """Return one phrase that lists devices by name and address."""
    labels = [f"{d.name} ({d.address})" if d.name else d.address for d in seen]
    return ", ".join(labels) or "nothing"


def begins(device: Seen, wanted: str) -> bool:
    """Return whether `wanted` is the start of the device's name, or its address."""
    if device.address.upper() == wanted.upper():
        return True
    return device.name.casefold().startswith(wanted.casefold())


def _several(matches: Sequence[Seen]) -> SensorNotFound:
    return SensorNotFound(
        f"several sensors could be meant: {describe(matches)}",
        hint="Name one of them, or give its address.",
    )
