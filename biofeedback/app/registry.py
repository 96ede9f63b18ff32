"""From names to parts: which code makes a sensor of a URI, and which writes a session's files.

A package adds a kind of sensor with an entry point in the group `biofeedback.sensors`: its name is
the URI's scheme, its object has the signature of `SensorKind`. One in `biofeedback.exporters` is a
module, or any object, with what `SessionExporter` has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from biofeedback.common.clock import utc_now
from biofeedback.common.plugins import BUILT_IN, Registry, did_you_mean, say_once
from biofeedback.record.export_label import OWN, ExportLabel
from biofeedback.record.reader import is_session, log_parts
from biofeedback.runtime.ports import SensorSource
from biofeedback.simulation.model.music_features import MusicMonitor
from biofeedback.storage.configs import config_files
from biofeedback.storage.files import digest_of
from sensors.base import Clock, SampleStream
from sensors.errors import SettingsError
from sensors.files.recording import Recording
from sensors.profiles.schema import DeviceProfile
from sensors.signals import Signal

__all__ = [
    "EXPORTERS",
    "SENSORS",
    "SensorKind",
    "SensorOptions",
    "SessionExporter",
    "device_profiles",
    "profile_digests",
    "sensor",
]


@dataclass(frozen=True, slots=True)
class SensorOptions:
    """What the command line says about all sensors; each kind takes what concerns it."""

    seed: int = 1
    wait_s: float = 30.0
    columns: dict[str, str] = field(default_factory=dict)
    rate_hz: float | None = None
    place: int = 1  #: which of the session's sensors it is


SensorKind = Callable[[str, SensorOptions], SensorSource]

SENSORS: Registry[SensorKind] = Registry(
    "sensor",
    {
        "ble": f"{__name__}:ble",
        "sim": f"{__name__}:simulated",
        "file": f"{__name__}:file",
        "lsl": f"{__name__}:lsl",
        "osc": f"{__name__}:osc",
        "e4": f"{__name__}:e4",
        "capture": f"{__name__}:capture",
    },
)


class SessionExporter(Protocol):
    """Writes sessions for other programs.

    `ENDING` is that of the file that a session becomes, as in ".edf", "" where it becomes a
    folder, and None where all sessions go into one.
    """

    ENDING: str | None

    def export(
        self,
        session: Path,
        out: Path,
        *,
        force: bool,
        progress: Callable[[float], None],
        label: ExportLabel = OWN,
    ) -> list[Path]:
        """Write a session to `out`; return the paths of what was written.

        `label` says whose it is where somebody asked for that; only then it is handed over, so
        that an exporter without it can do the rest.

        Raises `FolderError` when `out` is there already, unless `force` is set.
        """


EXPORTERS: Registry[SessionExporter] = Registry(
    "exporter",
    {
        "bids": "biofeedback.record.export_bids",
        "csv": "biofeedback.record.export_csv",
        "parquet": "biofeedback.record.export_parquet",
        "edf": "biofeedback.record.export_edf",
        "xdf": "biofeedback.record.export_xdf",
        "rr": "biofeedback.record.export_rr",
        "midi": "biofeedback.app.postprocess:MidiExport",
    },
)


def sensor(uri: str, options: SensorOptions) -> SensorSource:
    """Return the sensor that a URI names; raise `SettingsError` for an unknown kind."""
    scheme, colon, target = uri.partition(":")
    if not colon:
        raise SettingsError(f"{uri!r} is not a sensor", hint=_hint())
    if SENSORS.find(scheme) is None:
        raise SettingsError(
            f"unknown kind of sensor {scheme!r} in {uri!r}",
            hint=did_you_mean(scheme, SENSORS.names) + _hint(),
        )
    return SENSORS.load(scheme)(target, options)


def _hint() -> str:
    added = ", ".join(f"{name}:" for name in SENSORS.names if name not in SENSORS.built_in)
    return f"{_HINT}{f' Added are {added}.' if added else ''}"


_HINT = (
    "Sensors are ble:NAME-OR-ADDRESS, lsl:NAME, osc:PORT, e4:HOST:PORT, sim:, sim:listener, "
    "file:PATH and capture:PATH. A Polar sensor sends more with ble:NAME?streams=ecg,acc."
)


def device_profiles(asked: str = "") -> tuple[DeviceProfile, ...]:
    """Return the profiles of Bluetooth bands: shipped, the user's own, and those of packages.

    One that has a mistake in it is named and left out, unless it is `asked` for.
    """
    from sensors.profiles.loader import load

    found = []
    for known in config_files("devices").values():
        try:
            found.append(load(known.path))
        except SettingsError as error:
            if asked == known.name or known.whence == BUILT_IN:
                raise
            say_once(f"a device is left out: {error}")
    return tuple(found)


def profile_digests() -> dict[str, str]:
    """Return the digest of each profile of a band that is here, by name."""
    return {profile.name: profile.digest for profile in device_profiles()}


def ble(target: str, options: SensorOptions) -> SensorSource:
    """Return a strap or a band, whichever answers to the name."""
    from sensors.ble import bands, strap
    from sensors.network.options import split

    name, chosen = split(target, ("streams", "serial", "profile", "eda", "ecg", "rate_hz"))
    of_strap = strap.StrapSettings(
        name_or_address=name,
        serial=chosen.get("serial", ""),
        streams=frozenset(filter(None, chosen.get("streams", "").split(","))),
        wait_s=options.wait_s,
        seed=options.seed,
    )
    if of_strap.serial or of_strap.streams:  # what only straps have
        return SensorSource(f"ble:{target}", lambda clock, ear: strap.stream(of_strap, clock))
    settings = bands.BandSettings(
        profiles=device_profiles(chosen.get("profile", "")),
        name_or_address=name,
        kind=chosen.get("profile", ""),
        eda=_whole(chosen, "eda", 3),
        ecg=_whole(chosen, "ecg", 0),
        rate_hz=_whole(chosen, "rate_hz", 0),
        wait_s=options.wait_s,
        seed=options.seed,
    )
    settings.band()  # a mistake in a profile shows before anything is looked for

    def opened(clock: Clock, ear: MusicMonitor) -> SampleStream:
        def otherwise(found: bands.BandSettings) -> SampleStream:
            named = replace(of_strap, name_or_address=found.name_or_address, label=found.label)
            return strap.stream(named, clock)

        started_unix_s = utc_now().timestamp() - clock()
        return bands.stream(replace(settings, started_unix_s=started_unix_s), clock, otherwise)

    return SensorSource(f"ble:{target}", opened)


def _whole(chosen: dict[str, str], key: str, default: int) -> int:
    text = chosen.get(key, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise SettingsError(f"{key}={text} is not a whole number", hint=f"Write {key}={default}.")
    return int(text)


#: How hard the breathing of simulated bodies is drawn together, in cycles a second. Ours.
_PULL = 0.2


def simulated(target: str, options: SensorOptions) -> SensorSource:
    """Return a simulated body, or one that hears the music."""
    if target == "listener":
        return _listener(options)
    from sensors.simulated import simulated_sensor

    with_others = {"together": _PULL, "alone": 0.0}  # bodies of a group
    settings = (
        simulated_sensor.SimulatedSettings(
            profile="calm", seed=options.seed, own_waves=True, together=with_others[target]
        )
        if target in with_others
        else simulated_sensor.SimulatedSettings(profile=target or "default", seed=options.seed)
    )

    def opened(clock: Clock, ear: MusicMonitor) -> SampleStream:
        return simulated_sensor.stream(settings, clock)

    return SensorSource(f"sim:{target}", opened, timeless=True, simulated=True)


def _listener(options: SensorOptions) -> SensorSource:
    def opened(clock: Clock, ear: MusicMonitor) -> SampleStream:
        from biofeedback.simulation import listener

        return listener.stream(listener.ListenerSettings(seed=options.seed), clock, ear)

    return SensorSource("sim:listener", opened, timeless=True, simulated=True)


def file(target: str, options: SensorOptions) -> SensorSource:
    """Return a recording, or the inputs of a session's log.

    It is called after what it holds, as in `rr-1`: a file is often named after a person. What was
    played can be told by its digest.
    """
    if is_session(Path(target)):
        return _session(Path(target), options.place)
    from biofeedback.offline.recordings import read_recording
    from sensors.files import replay

    recording = read_recording(
        Path(target), columns=options.columns or None, rate_hz=options.rate_hz
    )
    recording = recording.called(f"{_main_signal(recording)}-{options.place}")

    def opened(clock: Clock, ear: MusicMonitor) -> SampleStream:
        return replay.play(recording, clock)

    return SensorSource(
        f"file:{recording.name}",
        opened,
        timeless=True,
        digest=digest_of(Path(target)),
        duration_s=recording.duration_s,
        markers=recording.markers,
        warnings=recording.warnings,
        started=recording.started,
    )


#: The signal that a recording is called after: the first of these that it holds.
_TELLING = (Signal.RR, Signal.ECG, Signal.PPG, Signal.EDA, Signal.HR)


def _main_signal(recording: Recording) -> Signal:
    there = [chunk.signal for chunk in recording.series]
    return next((signal for signal in _TELLING if signal in there), there[0])


def _session(session: Path, place: int) -> SensorSource:
    from biofeedback.record import replay

    logged = replay.logged_inputs(session, f"session-{place}")

    def opened(clock: Clock, ear: MusicMonitor) -> SampleStream:
        return replay.play(logged, clock)

    return SensorSource(
        f"file:{logged.name}",
        opened,
        timeless=True,
        simulated=logged.simulated,
        digest=digest_of(*log_parts(session)),
        duration_s=logged.duration_s,
        markers=logged.markers,
        started=logged.began,
    )


def capture(target: str, options: SensorOptions) -> SensorSource:
    """Return what a strap or band said once, as if it were worn now."""
    from sensors.captures.archive import read_capture
    from sensors.captures.playing import CapturePlayer, play

    found, name = read_capture(Path(target)), f"capture-{options.place}"
    CapturePlayer(found, name)  # a mistake in its profile shows before the session begins

    def opened(clock: Clock, ear: MusicMonitor) -> SampleStream:
        return play(found, name, clock)

    return SensorSource(
        f"capture:{name}",
        opened,
        timeless=True,
        digest=digest_of(Path(target)),
        duration_s=found.duration_s,
    )


def lsl(target: str, options: SensorOptions) -> SensorSource:
    """Return a stream of the Lab Streaming Layer."""
    from sensors.network import lsl as network

    settings = network.LslSettings.parse(target, wait_s=options.wait_s, seed=options.seed)
    return SensorSource(f"lsl:{target}", lambda clock, ear: network.stream(settings, clock))


def osc(target: str, options: SensorOptions) -> SensorSource:
    """Return what other programs send over OSC."""
    from sensors.network import osc as network

    settings = network.OscSettings.parse(target, wait_s=options.wait_s, seed=options.seed)
    return SensorSource(f"osc:{target}", lambda clock, ear: network.stream(settings, clock))


def e4(target: str, options: SensorOptions) -> SensorSource:
    """Return an Empatica E4 behind its own server."""
    from sensors.network import e4_server

    settings = e4_server.E4ServerSettings.parse(target, wait_s=options.wait_s, seed=options.seed)
    return SensorSource(f"e4:{target}", lambda clock, ear: e4_server.stream(settings, clock))
