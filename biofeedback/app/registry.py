"""From names to parts: which module makes a sensor of a URI, and which parts others add.

A third party adds a sensor kind with an entry point in the group `biofeedback.sensors`: its name
is the URI's scheme, its object has the signature of `SensorKind`. A config names kinds, never
modules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib.metadata import entry_points
from pathlib import Path

from biofeedback.common.clock import utc_now
from biofeedback.record.reader import is_session
from biofeedback.runtime.ports import SensorSource
from biofeedback.simulation.model.music_features import MusicMonitor
from biofeedback.storage.paths import configs_folder
from sensors.base import Clock, SampleStream
from sensors.errors import SettingsError

__all__ = ["SensorOptions", "sensor"]


@dataclass(frozen=True, slots=True)
class SensorOptions:
    """What the command line says about all sensors; each kind takes what concerns it."""

    seed: int = 1
    wait_s: float = 30.0
    columns: dict[str, str] = field(default_factory=dict)
    rate_hz: float | None = None


SensorKind = Callable[[str, SensorOptions], SensorSource]


def sensor(uri: str, options: SensorOptions) -> SensorSource:
    """Return the sensor that a URI names; raise `SettingsError` for an unknown kind."""
    scheme, colon, target = uri.partition(":")
    if not colon:
        raise SettingsError(f"{uri!r} is not a sensor", hint=_HINT)
    if kind := _KINDS.get(scheme):
        return kind(target, options)
    for entry in entry_points(group="biofeedback.sensors"):
        if entry.name == scheme:
            added: SensorKind = entry.load()
            return added(target, options)
    raise SettingsError(f"unknown kind of sensor {scheme!r} in {uri!r}", hint=_HINT)


_HINT = (
    "Sensors are ble:NAME-OR-ADDRESS, lsl:NAME, osc:PORT, e4:HOST:PORT, sim:, sim:listener "
    "and file:PATH. A Polar sensor sends more with ble:NAME?streams=ecg,acc."
)


def _ble(target: str, options: SensorOptions) -> SensorSource:
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
        profiles=configs_folder() / "devices",
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


def _sim(target: str, options: SensorOptions) -> SensorSource:
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


def _file(target: str, options: SensorOptions) -> SensorSource:
    if is_session(Path(target)):
        return _session(target)
    from sensors import files
    from sensors.files import replay

    recording = files.read(Path(target), columns=options.columns or None, rate_hz=options.rate_hz)

    def opened(clock: Clock, ear: MusicMonitor) -> SampleStream:
        return replay.play(recording, clock)

    return SensorSource(
        f"file:{target}",
        opened,
        timeless=True,
        duration_s=recording.duration_s,
        markers=recording.markers,
        warnings=recording.warnings,
    )


def _session(target: str) -> SensorSource:
    from biofeedback.record import replay

    logged = replay.logged_inputs(Path(target))

    def opened(clock: Clock, ear: MusicMonitor) -> SampleStream:
        return replay.play(logged, clock)

    return SensorSource(
        f"file:{target}",
        opened,
        timeless=True,
        simulated=logged.simulated,
        duration_s=logged.duration_s,
        markers=logged.markers,
    )


def _lsl(target: str, options: SensorOptions) -> SensorSource:
    from sensors.network import lsl

    settings = lsl.LslSettings.parse(target, wait_s=options.wait_s, seed=options.seed)
    return SensorSource(f"lsl:{target}", lambda clock, ear: lsl.stream(settings, clock))


def _osc(target: str, options: SensorOptions) -> SensorSource:
    from sensors.network import osc

    settings = osc.OscSettings.parse(target, wait_s=options.wait_s, seed=options.seed)
    return SensorSource(f"osc:{target}", lambda clock, ear: osc.stream(settings, clock))


def _e4(target: str, options: SensorOptions) -> SensorSource:
    from sensors.network import e4_server

    settings = e4_server.E4ServerSettings.parse(target, wait_s=options.wait_s, seed=options.seed)
    return SensorSource(f"e4:{target}", lambda clock, ear: e4_server.stream(settings, clock))


_KINDS: dict[str, SensorKind] = {
    "ble": _ble,
    "sim": _sim,
    "file": _file,
    "lsl": _lsl,
    "osc": _osc,
    "e4": _e4,
}
