"""Bands by name: which kind of device a name means, and the driver that it needs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from sensors.base import Clock, SampleStream
from sensors.ble import bitalino, described, shimmer
from sensors.ble.device_query import DeviceQuery, is_strap
from sensors.ble.identity import DeviceIdentity
from sensors.ble.radio import HEART_RATE_SERVICE, Advertisement, DeviceKind, explain, look
from sensors.errors import SettingsError
from sensors.profiles.loader import find, load
from sensors.profiles.schema import DeviceProfile
from sensors.signals import Signal

__all__ = ["Band", "BandSettings", "band_of", "recognise", "stream"]

Band = DeviceProfile | Literal["BITalino", "Shimmer3R"]

_NATIVE: tuple[Literal["BITalino", "Shimmer3R"], ...] = ("BITalino", "Shimmer3R")
_LOOK_S, _PAUSE_S = 3.0, 0.3

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class BandSettings:
    """Which device, and what kind of band it is.

    `label` is what it is called in messages until it has been seen.
    `kind` is the name of one of the `profiles`, "bitalino" or "shimmer3r", or the
    path of a profile; empty means whatever the device of that name turns out to be. `eda`, `ecg`
    and `rate_hz` are for the BITalino. `started_unix_s` is the wall-clock time at which the
    session's clock showed 0.
    """

    profiles: tuple[DeviceProfile, ...]
    name_or_address: str = ""  #: or the start of a name; empty for the only one that fits
    label: str = ""
    kind: str = ""
    eda: int = 3
    ecg: int = 0
    rate_hz: int = 0
    wait_s: float = 30.0  #: how long it may take to appear at the start
    started_unix_s: float = 0.0
    seed: int = 1  #: of the pauses between attempts

    def band(self) -> Band | None:
        """Return the band that `kind` names; raise `SettingsError` where there is none such.

        Returns
        -------
        Band | None
            None where `kind` is empty.

        Raises
        ------
        SettingsError
            Where there is none such, or its profile has a mistake.
        """
        if not self.kind:
            return None
        for native in _NATIVE:
            if self.kind.casefold() == native.casefold():
                return native
        if self.kind.endswith(".toml"):
            return load(Path(self.kind))
        known = {profile.name: profile for profile in self.profiles}
        if self.kind not in known:
            names = ", ".join([*known, *(native.casefold() for native in _NATIVE)])
            raise SettingsError(
                f"no profile named {self.kind!r}", hint=f"There are {names}; or give a TOML file."
            )
        return known[self.kind]


async def stream(
    settings: BandSettings, clock: Clock, otherwise: Callable[[BandSettings], SampleStream]
) -> SampleStream:
    """Yield what one band sends, for ever; where it is no band, what `otherwise` does.

    Without a `kind`, the device is looked for first: what it is shows by its name and services.

    Parameters
    ----------
    settings
        Which device, and what it is to send.
    clock
        The session's.
    otherwise
        Given the settings, with the address of the device; what it returns is passed on.

    Yields
    ------
    Sample
        In order of time.

    Raises
    ------
    SettingsError
        For an unknown kind.
    SensorNotFound
        When the device does not appear in time.
    SensorUnavailable
        Where the radio cannot be used at the start.
    """
    band = settings.band()
    if band is None and settings.name_or_address:
        seen = await _meant(settings)
        band = band_of(seen, settings.profiles)
        settings = replace(settings, name_or_address=seen.address, label=seen.label)
    source = _driver(settings, band, clock) if band else otherwise(settings)
    async with aclosing(source) as samples:
        async for sample in samples:
            yield sample


def _driver(settings: BandSettings, band: Band, clock: Clock) -> SampleStream:
    name, label = settings.name_or_address, settings.label
    wait_s, seed = settings.wait_s, settings.seed
    if band == "BITalino":
        options = bitalino.BitalinoSettings(
            name_or_address=name,
            label=label,
            eda=settings.eda,
            ecg=settings.ecg,
            rate_hz=settings.rate_hz,
            wait_s=wait_s,
            seed=seed,
        )
        return bitalino.stream(options, clock)
    if band == "Shimmer3R":
        return shimmer.stream(
            shimmer.ShimmerSettings(name_or_address=name, label=label, wait_s=wait_s, seed=seed),
            clock,
        )
    return described.stream(
        described.DescribedSettings(
            profile=band,
            name_or_address=name,
            label=label,
            wait_s=wait_s,
            started_unix_s=settings.started_unix_s,
            seed=seed,
        ),
        clock,
    )


def band_of(seen: Advertisement, profiles: Sequence[DeviceProfile]) -> Band | None:
    """Return what kind of band a device is; None for a strap, and for what is not known.

    Parameters
    ----------
    seen
        The device as it advertises itself.
    profiles
        The profiles that are known.

    Returns
    -------
    Band | None
        A profile, or the name of a kind that needs none.
    """
    if is_strap(seen):
        return None
    if bitalino.is_bitalino(seen):
        return "BITalino"
    if shimmer.is_shimmer(seen):
        return "Shimmer3R"
    return find(profiles, seen.name, seen.services)


def recognise(profiles: Sequence[DeviceProfile]) -> Callable[[Advertisement], Advertisement]:
    """Return a function for `scan` that says which devices are bands, and what they give.

    Parameters
    ----------
    profiles
        The profiles that are known.

    Returns
    -------
    Callable[[Advertisement], Advertisement]
        Gives a device back, with its kind and what it gives where it is a band.
    """

    def named(seen: Advertisement) -> Advertisement:
        band = band_of(seen, profiles)
        if band is None:
            return seen
        signals: tuple[Signal, ...] = (Signal.EDA,)
        title = f"{band} (not tried on the hardware)"
        if isinstance(band, DeviceProfile):
            signals, title = band.signals, band.title
        kind: DeviceKind = "skin conductance band" if Signal.EDA in signals else "band"
        return replace(seen, kind=kind, gives=f"{', '.join(map(_in_words, signals))}; {title}")

    return named


def _in_words(signal: Signal) -> str:
    return "skin conductance" if signal is Signal.EDA else signal.value


async def _meant(settings: BandSettings) -> Advertisement:
    """Return the device that is named, once it is in reach.

    Raises `SensorNotFound` when nothing of that name appears in time, or several do, and
    `SensorUnavailable` where the radio cannot be used. A search that fails is begun anew: what is
    taken for a strap because it was not seen would never be heard.
    """
    wanted = DeviceQuery(text=settings.name_or_address, what="sensor")
    identity = DeviceIdentity(wanted)
    offered = {profile.service for profile in settings.profiles if profile.service}
    loop = asyncio.get_running_loop()
    until_s = loop.time() + settings.wait_s
    try:
        while (left_s := until_s - loop.time()) > 0.0:
            try:
                seen = await look(
                    min(_LOOK_S, left_s),
                    lambda device: identity.is_enough(device, loop.time()),
                    connected=(HEART_RATE_SERVICE, *sorted(offered)),
                )
            except Exception as error:  # bleak's back ends raise their libraries' errors as well
                if unavailable := explain(error):
                    raise unavailable from error
                _log.debug("search: %r", error)
            else:
                if chosen := identity.choose(seen, loop.time()):
                    return chosen
            await asyncio.sleep(_PAUSE_S)
        raise identity.not_found(settings.wait_s)
    finally:
        identity.close()
