"""A capture of a Bluetooth sensor: listened to by its own driver, then scrubbed of whose it is."""

from __future__ import annotations

import asyncio
import math
import platform
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from biofeedback.app.registry import SensorOptions, device_profiles, sensor
from biofeedback.common.clock import SessionClock, utc_now
from biofeedback.simulation.model.music_features import MusicMonitor
from biofeedback.storage.configs import config_files
from sensors.ble.bands import BandSettings, band_of
from sensors.ble.tap import tapped
from sensors.captures.capture import Capture, Driver
from sensors.captures.kept import HeardCapture
from sensors.captures.needles import model_of
from sensors.captures.recorder import CaptureRecorder
from sensors.captures.scrub import identity_of
from sensors.errors import SensorNotFound, SettingsError
from sensors.network.options import split
from sensors.profiles.schema import DeviceProfile

__all__ = ["CaptureSession"]

_TELL_S = 0.5  #: between two words about how it goes


class CaptureSession:
    """Listens to one sensor; what came is there also after an interruption.

    `uri` begins with "ble:". `tell` hears the share of the time that is over, and how many packets
    came. Raises `SettingsError` for another kind of sensor.
    """

    def __init__(self, uri: str, seconds: float, wait_s: float) -> None:
        scheme, _, target = uri.partition(":")
        if scheme != "ble":
            raise SettingsError(
                f"{uri!r} is no Bluetooth sensor", hint="Write --sensor ble: or ble:NAME."
            )
        known = ("streams", "serial", "profile", "eda", "ecg", "rate_hz")
        self._asked, self._options = split(target, known)
        self._source = sensor(uri, SensorOptions(wait_s=wait_s))
        self._seconds = seconds
        self._started_unix_s = utc_now().timestamp()
        self._recorder: CaptureRecorder | None = None
        self._lasted_s = 0.0

    async def listen(self, tell: Callable[[float, int], None]) -> None:
        """Listen until the time is over, counted from the first connection."""
        clock = SessionClock(asyncio.get_running_loop(), utc_now())
        recorder = self._recorder = CaptureRecorder(clock)
        loop = asyncio.get_running_loop()
        try:
            with tapped(recorder):
                async with (
                    asyncio.timeout(None) as limit,
                    aclosing(self._source.opened(clock, MusicMonitor())) as samples,
                ):
                    async for _ in samples:  # its driver makes them anew when it is played
                        if recorder.devices and limit.when() is None:
                            limit.reschedule(loop.time() + self._seconds)
                        left_s = (limit.when() or math.inf) - loop.time()
                        tell(max(0.0, 1.0 - left_s / self._seconds), len(recorder.events))
        except TimeoutError:
            if not limit.expired():
                raise
        finally:
            self._lasted_s = clock()

    def heard(self) -> HeardCapture:
        """Return what was captured, and whose it is; raise `SensorNotFound` where nothing came."""
        recorder = self._recorder
        if recorder is None or not recorder.devices or not any(
            event.kind == "packet" for event in recorder.events
        ):  # fmt: skip
            raise SensorNotFound(
                "nothing was captured: no packet came",
                hint="Wear the sensor, wet its electrodes, and close other apps that use it.",
            )
        first = recorder.devices[0]
        driver, profile = self._driver()
        text = self._text_of(profile) if profile else ""
        name = model_of(first.name)
        if profile and profile.name_pattern:
            name = profile.name_pattern.replace("*", "").replace("?", "0").strip() or name
        identity = identity_of(
            [*(device.name for device in recorder.devices), *self._names()],
            [device.address for device in recorder.devices],
            recorder.events,
        )
        if self._options.get("serial"):
            identity = replace(
                identity, serials=tuple({*identity.serials, self._options["serial"]})
            )
        whole = Capture(
            name=name,
            services=first.services,
            has=recorder.has,
            driver=driver,
            events=tuple(recorder.events),
            duration_s=self._lasted_s,
            profile=text,
            options={k: int(self._options.get(k, v)) for k, v in _BITALINO.items()}
            if driver == "BITalino"
            else {},
            made_with=_made_with(),
        )
        return HeardCapture(whole, identity, self._started_unix_s)

    def _names(self) -> list[str]:
        """Return what was asked for by name; an address or the start of a model's name is none."""
        asked = self._asked
        return [asked] if asked and asked.count(":") < 5 and model_of(asked) != asked else []

    def _text_of(self, profile: DeviceProfile) -> str:
        """Return what stands in a profile's file; `scrub` leaves nothing of its remarks."""
        asked, known = self._options.get("profile", ""), config_files("devices")
        path = Path(asked) if asked.endswith(".toml") else known[profile.name].path
        return path.read_text(encoding="utf-8")

    def _driver(self) -> tuple[Driver, DeviceProfile | None]:
        assert self._recorder is not None  # `result` has looked
        asked = self._options.get("profile", "")
        profiles = device_profiles(asked)
        band = BandSettings(profiles=profiles, kind=asked).band()
        if not band and not {"streams", "serial"} & self._options.keys():
            band = band_of(self._recorder.devices[0], profiles)
        if isinstance(band, DeviceProfile):
            return "profile", band
        return band or "strap", None


_BITALINO = {"eda": 3, "ecg": 0, "rate_hz": 0}


def _made_with() -> str:
    return f"biofeedback {version('biofeedback')}, bleak {version('bleak')}, {platform.system()}"
