"""Any device that a profile describes, as a sensor of the signal that it sends."""

from __future__ import annotations

from dataclasses import dataclass, field

from sensors.base import Clock, SampleStream
from sensors.ble.band import BATTERY, BandReader, follow
from sensors.ble.device_query import DeviceQuery
from sensors.ble.link import ConnectionSpec, Dialogue, GattClient
from sensors.ble.radio import Advertisement
from sensors.codecs.described import DescribedDecoder
from sensors.errors import SettingsError
from sensors.profiles.schema import DeviceProfile
from sensors.timing.sample_timeline import SampleTimeline

__all__ = ["DescribedSettings", "reader_of", "stream"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedSettings:
    """Which device: its address, its name or the start of it; empty for the only one that fits.

    `started_unix_s` is the wall-clock time at which the session's clock showed 0, for devices
    that want to be told the time. `wait_s` is how long it may take to appear at the start.
    """

    profile: DeviceProfile  #: what the device sends
    name_or_address: str = ""  #: or the start of a name; empty for the only one
    label: str = ""  #: what it is called in messages until it has been seen
    wait_s: float = 30.0
    started_unix_s: float = 0.0
    seed: int = 1  #: of the pauses between attempts

    def __post_init__(self) -> None:
        if not 0.0 < self.wait_s <= 3600.0:
            raise SettingsError(f"a wait of {self.wait_s:g} s", hint="Give 1 to 3600 s.")


def stream(settings: DescribedSettings, clock: Clock) -> SampleStream:
    """Return the samples, gaps and statuses of one device, for ever.

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
    profile = settings.profile

    def accepts(seen: Advertisement) -> bool:
        return profile.matches(seen.name, seen.services)

    plan = ConnectionSpec(
        wanted=DeviceQuery(
            text=settings.name_or_address,
            accepts=accepts,
            what=profile.title,
            label=settings.label,
        ),
        wait_s=settings.wait_s,
        data={profile.characteristic: profile.period_s},
        extras=(BATTERY,),
        dialogue=_Setup(settings, clock),
        services=(profile.service,) if profile.service else (),
        seed=settings.seed,
    )
    source = settings.label or plan.wanted.text or profile.title
    return follow(plan, reader_of(profile, source), clock)


def reader_of(profile: DeviceProfile, source: str) -> BandReader:
    """Return what makes samples of the packets that a profile describes.

    Parameters
    ----------
    profile
        How its packets are made.
    source
        The name under which its samples travel.

    Returns
    -------
    BandReader
        It has seen nothing yet.
    """
    decoder = DescribedDecoder(profile)

    def timelines(source: str) -> list[SampleTimeline]:
        return [
            SampleTimeline(
                profile.signal,
                source,
                profile.rate_hz,
                clock_wraps_s=decoder.clock_wraps_s,
                counted=bool(profile.layout.sequence or profile.layout.clock),
            )
        ]

    return BandReader(source, decoder, timelines)


@dataclass(slots=True)
class _Setup(Dialogue):
    settings: DescribedSettings
    clock: Clock = field(repr=False)

    async def begin(self, gatt: GattClient) -> None:
        """Write what the profile says, in its order."""
        for write in self.settings.profile.setup:
            data = write.data(self.settings.started_unix_s + self.clock())
            await gatt.write(write.characteristic, data, response=write.response)
