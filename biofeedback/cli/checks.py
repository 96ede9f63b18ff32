"""What the doctor looks at, each a check with a verdict and a hint."""

from __future__ import annotations

import asyncio
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from synth.patience import patience_s

__all__ = ["Check", "checks", "packages"]

Verdict = Literal["ok", "warn", "fail"]
Found = TypeVar("Found")

_BLUETOOTH_S = 0.5
_SLOWEST_S = 4.5  #: no check may take longer, unless the computer starts programs slowly
_AROUND = 1.25  #: what a check waits for itself is over by then
_LOW_DISK_MB, _FULL_DISK_MB = 1000, 100
_HERE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: how it is, and what to do when it is not well."""

    name: str
    verdict: Verdict
    text: str
    hint: str = ""


async def checks() -> list[Check]:
    """Return all checks in a fixed order; takes less than five seconds, whatever hangs.

    On a computer that takes a while to start a bare interpreter, that multiple of it.
    """
    looks: list[tuple[str, Callable[[], Check]]] = [
        ("python", _python),
        ("packages", packages),
        ("configs", _configs),
        ("libraries", _libraries),
        ("MIDI", _midi),
        ("audio", _audio),
        ("real time", _real_time),
        ("data folder", _data_folder),
        ("disk", _disk),
    ]
    found = await asyncio.gather(*(_guarded(name, look) for name, look in looks), _bluetooth())
    return advised([*found[:4], found[-1], *found[4:-1]])


def advised(found: list[Check]) -> list[Check]:
    """Return the checks, each output that is missing with one that is there."""
    well = {check.name: check for check in found if check.verdict == "ok"}
    other = [name for name in ("audio", "MIDI") if name in well]
    there = {"audio": "--output audio:", "MIDI": "--output midi:PORT"}
    files = "--output wav:" if importlib.util.find_spec("pyo") else "--output mid:FILE.mid"
    instead = there[other[0]] if other else f"a file: {files}"
    return [
        replace(check, hint=f"{check.hint} Until then: {instead}")
        if check.name in there and check.verdict != "ok"
        else check
        for check in found
    ]


async def _guarded(name: str, look: Callable[[], Check]) -> Check:
    try:
        return await _patiently(asyncio.to_thread(look))
    except TimeoutError as error:
        return Check(name, "fail", str(error))
    except Exception as error:  # the doctor reports what is broken, and goes on
        return Check(name, "fail", f"{type(error).__name__}: {error}", _REINSTALL)


async def _patiently(look: Coroutine[Any, Any, Found]) -> Found:
    """Return what a look finds; raise `TimeoutError` when that takes too long even here."""
    task, limit_s = asyncio.ensure_future(look), _SLOWEST_S
    done, _ = await asyncio.wait({task}, timeout=limit_s)
    if not done:
        slow_s = _AROUND * await asyncio.to_thread(patience_s, _SLOWEST_S)
        if slow_s > _AROUND * _SLOWEST_S:
            done, _ = await asyncio.wait({task}, timeout=slow_s - limit_s)
            limit_s = slow_s
    if not done:
        task.cancel()
        raise TimeoutError(f"gives no answer within {limit_s:.3g} s")
    return task.result()


_REINSTALL = "Install it again: pip install --force-reinstall biofeedback"


def _python() -> Check:
    text = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info >= (3, 15):
        return Check("python", "warn", text, "It was tried with Python 3.11 to 3.14 only.")
    return Check("python", "ok", text)


def packages(home: Path = _HERE) -> Check:
    """Check that `sensors` and `synth` are ours: those that lie in `home`, beside this package."""
    for name in ("sensors", "synth"):
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            return Check("packages", "fail", f"the package {name} is missing", _REINSTALL)
        origin = Path(spec.origin).resolve()
        if origin.parent.parent != home:
            return Check(
                "packages",
                "fail",
                f"{name} is taken from {origin}, which is not ours",
                f"Rename or move it, or run biofeedback in another folder than {origin.parent}.",
            )
    version = importlib.metadata.version("biofeedback")
    return Check("packages", "ok", f"biofeedback {version} in {home}")


def _configs() -> Check:
    from biofeedback.storage.paths import configs_folder

    folder = configs_folder()
    styles = sorted(path.stem for path in (folder / "styles").glob("*.toml"))
    if not styles:
        return Check("configs", "fail", f"no styles in {folder}", _REINSTALL)
    return Check("configs", "ok", f"{len(styles)} styles in {folder}: {', '.join(styles)}")


def _libraries() -> Check:
    wanted = ("bleak", "neurokit2", "numpy", "scipy")
    missing = [name for name in wanted if importlib.util.find_spec(name) is None]
    if missing:
        return Check("libraries", "fail", f"missing: {', '.join(missing)}", _REINSTALL)
    versions = (f"{name} {importlib.metadata.version(name)}" for name in wanted)
    return Check("libraries", "ok", ", ".join(versions))


async def _bluetooth() -> Check:
    try:
        from sensors.ble.radio import scan
        from sensors.errors import SensorError
    except ImportError as error:
        return Check("Bluetooth", "fail", f"cannot be used: {error}", _REINSTALL)
    try:
        seen = await _patiently(scan(_BLUETOOTH_S))
    except SensorError as error:
        return Check("Bluetooth", "warn", str(error), error.hint)
    except TimeoutError:
        hint = "Restart the Bluetooth service, or switch Bluetooth off and on."
        return Check("Bluetooth", "warn", "the service does not answer", hint)
    return Check("Bluetooth", "ok", f"works; {len(seen)} devices seen at a glance")


def _midi() -> Check:
    from biofeedback.cli.probe import midi_ports
    from synth.errors import SynthError

    try:
        ports = midi_ports()
    except SynthError as error:
        return Check("MIDI", "warn", str(error), error.hint)
    if not ports:
        hint = "Plug in a synthesiser or start one."
        if sys.platform != "win32":  # which cannot make any
            hint = f"{hint[:-1]}, or offer a port: --output midi-virtual:NAME."
        return Check("MIDI", "warn", "works, but there is no port to play to", hint)
    return Check("MIDI", "ok", f"{len(ports)} ports: {', '.join(ports)}")


def _audio() -> Check:
    from biofeedback.cli.probe import audio_devices
    from synth.errors import SynthError
    from synth.outputs.engines import SOUND_HINT, stand_in

    if importlib.util.find_spec("pyo") is None:
        if soundfont := stand_in():
            return Check("audio", "ok", f"FluidSynth plays {soundfont.name} in place of pyo")
        return Check("audio", "warn", "the audio engine pyo is not installed", SOUND_HINT)
    try:
        devices = audio_devices()
    except SynthError as error:
        return Check("audio", "fail", str(error), error.hint)
    if not devices:
        hint = "Connect a sound device."
        return Check("audio", "warn", "pyo works, but there is no audio device", hint)
    return Check("audio", "ok", f"{len(devices)} devices: {', '.join(devices)}")


def _real_time() -> Check:
    if sys.platform != "linux":
        return Check("real time", "ok", "needs no special rights here")
    import resource

    from sensors.ble.advice import has_group

    if os.geteuid() == 0 or resource.getrlimit(resource.RLIMIT_RTPRIO)[0] != 0:
        return Check("real time", "ok", "this user may run sound with priority")
    groups = [f"`{name}`" for name in ("realtime", "pipewire", "audio") if has_group(name)]
    hint = (
        f"If sound crackles: add the user to the group {groups[0]}, log in again."
        if groups
        else "If sound crackles: allow the user `rtprio` in /etc/security/limits.d, log in again."
    )
    return Check("real time", "warn", "this user may not run sound with priority", hint)


def _data_folder() -> Check:
    from biofeedback.storage.paths import data_folder

    folder = data_folder()
    try:
        with tempfile.TemporaryFile(dir=_existing(folder)):
            return Check("data folder", "ok", str(folder))
    except OSError as error:
        text = f"{folder} cannot be written: {error.strerror}"
        return Check("data folder", "fail", text, "Make it yours, or always give --out DIR.")


def _disk() -> Check:
    from biofeedback.storage.paths import data_folder

    free_mb = shutil.disk_usage(_existing(data_folder())).free // 10**6
    text = f"{free_mb / 1000:.1f} GB free; an hour takes about 25 MB, its sound 700 MB"
    hint = "Make room, or choose another disk with --out DIR."
    if free_mb < _FULL_DISK_MB:
        return Check("disk", "fail", text, hint)
    return Check("disk", "warn" if free_mb < _LOW_DISK_MB else "ok", text, hint)


def _existing(folder: Path) -> Path:
    """Return the folder, or the closest one above it that exists."""
    return next(place for place in (folder, *folder.parents) if place.is_dir())
