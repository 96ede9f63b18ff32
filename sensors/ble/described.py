"""Any device that a profile describes, as a sensor of the signal that it sends."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from sensors.base import Clock, SampleStream
from sensors.ble.band import BATTERY, BandReader, follow
from sensors.ble.device_query import DeviceQuery
from sensors.ble.link import ConnectionSpec, Dialogue, GattClient
from sensors.ble.radio import Advertisement
from sensors.codecs.described import decoders_of
from sensors.errors import SensorUnavailable, SettingsError
from sensors.profiles.schema import DeviceProfile, DeviceWrite
from sensors.signals import Signal
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
        data={
            uuid: min(stream.period_s for stream in profile.of(uuid))
            for uuid in profile.characteristics
        },
        extras=(BATTERY,),
        dialogue=_Writes(settings, clock),
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
    decoders = decoders_of(profile)

    def timelines(source: str) -> list[SampleTimeline]:
        return [_timeline(profile, signal, source) for signal in profile.signals]

    told = f"{profile.name} {profile.digest}" if profile.digest else ""
    return BandReader(source, decoders, timelines, told)


def _timeline(profile: DeviceProfile, signal: Signal, source: str) -> SampleTimeline:
    """Return the timeline of a signal, which may come in packets of several layouts."""
    streams = [stream for stream in profile.streams if stream.signal is signal]
    return SampleTimeline(
        signal,
        source,
        streams[0].rate_hz,
        clock_wraps_s=streams[0].clock_wraps_s if len(streams) == 1 else None,
        counted=len(streams) == 1 and streams[0].tells_losses,
    )


@dataclass(slots=True)
class _Writes(Dialogue):
    settings: DescribedSettings
    clock: Clock = field(repr=False)

    async def begin(self, gatt: GattClient) -> None:
        """Write what the profile says, in its order, and wait for the answers that it awaits."""
        profile = self.settings.profile
        for write in (*profile.setup, *profile.repeated, *profile.goodbye):
            if not gatt.has(write.characteristic):
                raise SensorUnavailable(
                    f"the device has no characteristic {write.characteristic}, which the profile "
                    f"{profile.name} writes to",
                    hint="It may be another device: biofeedback scan lists those within reach.",
                )
        answers_on = {write.answer_on for write in profile.setup if write.answer}
        for uuid in sorted(answers_on - set(profile.characteristics)):
            await gatt.listen(uuid)
        for write in profile.setup:
            if not write.answer:
                await self._write(gatt, write)
                continue
            await gatt.ask(
                write.characteristic,
                self._data(write),
                write.is_answer,
                answers_on=write.answer_on,
                response=write.response,
            )

    async def attend(self, gatt: GattClient) -> None:
        """Write again and again what keeps the device awake, each at its own pace."""
        now_s = asyncio.get_running_loop().time
        due = [(now_s() + pace_s, pace_s, write) for pace_s, write in self._paced()]
        while due:
            due_s, pace_s, write = due.pop(min(range(len(due)), key=lambda i: due[i][0]))
            await asyncio.sleep(due_s - now_s())
            await self._write(gatt, write)
            due.append((now_s() + pace_s, pace_s, write))

    def _paced(self) -> list[tuple[float, DeviceWrite]]:
        repeated = self.settings.profile.repeated
        return [(write.every_s, write) for write in repeated if write.every_s is not None]

    async def end(self, gatt: GattClient) -> None:
        """Say goodbye."""
        for write in self.settings.profile.goodbye:
            await self._write(gatt, write)

    async def _write(self, gatt: GattClient, write: DeviceWrite) -> None:
        await gatt.write(write.characteristic, self._data(write), response=write.response)

    def _data(self, write: DeviceWrite) -> bytes:
        return write.data(self.settings.started_unix_s + self.clock())
