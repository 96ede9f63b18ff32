"""A Shimmer3R GSR+, as a sensor of skin conductance.

Written from the maker's manuals; not tried on the hardware.
"""

from __future__ import annotations

from dataclasses import dataclass

from sensors.base import Clock, SampleStream
from sensors.ble.band import BandReader, follow
from sensors.ble.device_query import DeviceQuery
from sensors.ble.link import ConnectionSpec, Dialogue, GattClient
from sensors.ble.radio import Advertisement
from sensors.codecs.shimmer import (
    ACK,
    CLOCK_WRAPS_S,
    EXPANSION_POWER,
    GSR_AUTO_RANGE,
    GSR_ONLY,
    START,
    STOP,
    ShimmerDecoder,
    rate_command,
)
from sensors.errors import SettingsError
from sensors.signals import Signal
from sensors.timing.sample_timeline import SampleTimeline

__all__ = ["ShimmerSettings", "is_shimmer", "reader_of", "stream"]

_SERVICE = "65333333-a115-11e2-9e9a-0800200ca100"
_FROM_DEVICE = "65333333-a115-11e2-9e9a-0800200ca101"
_TO_DEVICE = "65333333-a115-11e2-9e9a-0800200ca102"
_RATE_HZ = 16.0  #: a whole divider of 32768 Hz; four times what skin conductance needs


@dataclass(frozen=True, slots=True, kw_only=True)
class ShimmerSettings:
    """Which Shimmer: its address, its name or the start of it; empty for the only one there."""

    name_or_address: str = ""  #: or the start of a name; empty for the only one
    label: str = ""  #: what it is called in messages until it has been seen
    wait_s: float = 30.0  #: how long it may take to appear at the start
    seed: int = 1  #: of the pauses between attempts

    def __post_init__(self) -> None:
        if not 0.0 < self.wait_s <= 3600.0:
            raise SettingsError(f"a wait of {self.wait_s:g} s", hint="Give 1 to 3600 s.")


def is_shimmer(seen: Advertisement) -> bool:
    """Return whether a device in reach is a Shimmer3R; its service is its radio's, not its own.

    Parameters
    ----------
    seen
        The device as it advertises itself.

    Returns
    -------
    bool
        By its name.
    """
    return seen.name.casefold().startswith("shimmer3r")


def stream(settings: ShimmerSettings, clock: Clock) -> SampleStream:
    """Return the samples, gaps and statuses of one Shimmer, for ever.

    Parameters
    ----------
    settings
        Which device, and what it is to send.
    clock
        The session's.

    Returns
    -------
    SampleStream
        In order of time.

    Raises
    ------
    SensorNotFound
        When it does not appear in time; before the first packet only.
    SensorUnavailable
        Where the radio cannot be used; before the first packet only.
    """
    plan = ConnectionSpec(
        wanted=DeviceQuery(
            text=settings.name_or_address,
            accepts=is_shimmer,
            what="Shimmer3R",
            label=settings.label,
        ),
        wait_s=settings.wait_s,
        data={_FROM_DEVICE: 1 / _RATE_HZ},
        dialogue=_Streaming(),
        services=(_SERVICE,),
        seed=settings.seed,
    )
    source = settings.label or plan.wanted.text or "Shimmer3R"
    return follow(plan, reader_of(source), clock)


def reader_of(source: str) -> BandReader:
    """Return what makes samples of the packets of a Shimmer.

    Parameters
    ----------
    source
        The name under which its samples travel.

    Returns
    -------
    BandReader
        It has seen nothing yet.
    """

    def timelines(source: str) -> list[SampleTimeline]:
        return [SampleTimeline(Signal.EDA, source, _RATE_HZ, clock_wraps_s=CLOCK_WRAPS_S)]

    return BandReader(source, {_FROM_DEVICE: ShimmerDecoder()}, timelines)


class _Streaming(Dialogue):
    async def begin(self, gatt: GattClient) -> None:
        """Choose rate, channel and range, each acknowledged, then start to stream."""
        for command in (rate_command(_RATE_HZ), GSR_ONLY, EXPANSION_POWER, GSR_AUTO_RANGE):
            await gatt.ask(_TO_DEVICE, command, _acknowledges, answers_on=_FROM_DEVICE)
        await gatt.write(_TO_DEVICE, START)

    async def end(self, gatt: GattClient) -> None:
        """Stop the stream, which empties the battery."""
        await gatt.write(_TO_DEVICE, STOP)


def _acknowledges(packet: bytes) -> bool:
    return ACK in packet[:1]
