"""A BITalino (r)evolution BLE, as a sensor of skin conductance and, on request, of the ECG.

Written from the maker's data sheets; not tried on the hardware.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sensors.base import Clock, SampleStream
from sensors.ble.band import BandReader, follow
from sensors.ble.device_query import DeviceQuery
from sensors.ble.link import ConnectionSpec, Dialogue, GattClient
from sensors.ble.radio import Advertisement
from sensors.codecs.bitalino import (
    RATES_HZ,
    STOP,
    BitalinoDecoder,
    BitalinoSignal,
    rate_command,
    start_command,
)
from sensors.errors import SettingsError
from sensors.signals import Signal
from sensors.timing.sample_timeline import SampleTimeline

__all__ = ["BitalinoSettings", "is_bitalino", "reader_of", "stream"]

_SERVICE = "c566488a-0882-4e1b-a6d0-0b717e652234"
_COMMANDS = "4051eb11-bf0a-4c74-8730-a48f4193fcea"
_FRAMES = "40fdba6b-672e-47c4-808a-e529adff3633"


@dataclass(frozen=True, slots=True, kw_only=True)
class BitalinoSettings:
    """Which device, and which of its analogue channels 1 to 4 has which sensor; 0 for none.

    The defaults are the plugged kit's. `rate_hz` 0 stands for 10, or 100 with an ECG.
    """

    name_or_address: str = ""  #: or the start of a name; empty for the only one there
    label: str = ""  #: what it is called in messages until it has been seen
    eda: int = 3  #: channel of skin conductance
    ecg: int = 0  #: channel of the ECG
    rate_hz: int = 0
    wait_s: float = 30.0  #: how long it may take to appear at the start
    seed: int = 1  #: of the pauses between attempts

    def __post_init__(self) -> None:
        if not all(0 <= channel <= 4 for channel in (self.eda, self.ecg)):
            raise SettingsError(
                "a channel outside A1 to A4", hint="Write eda=3, or eda=0 for none."
            )
        if self.eda == self.ecg:
            raise SettingsError(
                "skin conductance and ECG cannot share a channel", hint="Write eda=3&ecg=2."
            )
        if self.rate_hz not in (0, *RATES_HZ):
            raise SettingsError(
                f"a rate of {self.rate_hz} Hz", hint="It samples at 1, 10, 100 or 1000 Hz."
            )
        if not 0.0 < self.wait_s <= 3600.0:
            raise SettingsError(f"a wait of {self.wait_s:g} s", hint="Give 1 to 3600 s.")

    @property
    def channels(self) -> Mapping[int, BitalinoSignal]:
        """The signal on each channel that is used."""
        chosen: dict[int, BitalinoSignal] = {self.eda: Signal.EDA, self.ecg: Signal.ECG}
        return {channel: signal for channel, signal in chosen.items() if channel}

    @property
    def sampling_hz(self) -> int:
        """The rate that is set on the device."""
        return self.rate_hz or (100 if self.ecg else 10)


def is_bitalino(seen: Advertisement) -> bool:
    """Return whether a device in reach is a BITalino.

    Parameters
    ----------
    seen
        The device as it advertises itself.

    Returns
    -------
    bool
        By its service, or by its name.
    """
    return _SERVICE in seen.services or seen.name.casefold().startswith("bitalino")


def stream(settings: BitalinoSettings, clock: Clock) -> SampleStream:
    """Return the samples, gaps and statuses of one BITalino, for ever.

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
    rate_hz = settings.sampling_hz
    plan = ConnectionSpec(
        wanted=DeviceQuery(
            text=settings.name_or_address,
            accepts=is_bitalino,
            what="BITalino",
            label=settings.label,
        ),
        wait_s=settings.wait_s,
        data={_FRAMES: 1 / rate_hz},
        dialogue=_Live(settings),
        services=(_SERVICE,),
        seed=settings.seed,
    )
    source = settings.label or plan.wanted.text or "BITalino"
    return follow(plan, reader_of(settings, source), clock)


def reader_of(settings: BitalinoSettings, source: str) -> BandReader:
    """Return what makes samples of the packets of a BITalino.

    Parameters
    ----------
    settings
        Which sensors are plugged in where.
    source
        The name under which its samples travel.

    Returns
    -------
    BandReader
        It has seen nothing yet.
    """
    rate_hz = settings.sampling_hz

    def timelines(source: str) -> list[SampleTimeline]:
        # Its counter wraps after 16 samples, so it cannot tell how long a loss was.
        signals = settings.channels.values()
        return [SampleTimeline(s, source, float(rate_hz), counted=False) for s in signals]

    return BandReader(source, {_FRAMES: BitalinoDecoder(settings.channels)}, timelines)


class _Live(Dialogue):
    def __init__(self, settings: BitalinoSettings) -> None:
        self._settings = settings

    async def begin(self, gatt: GattClient) -> None:
        """Set the rate, then start live mode."""
        await gatt.write(_COMMANDS, rate_command(self._settings.sampling_hz))
        await gatt.write(_COMMANDS, start_command(tuple(self._settings.channels)))

    async def end(self, gatt: GattClient) -> None:
        """Stop live mode, which empties the battery."""
        await gatt.write(_COMMANDS, STOP)
