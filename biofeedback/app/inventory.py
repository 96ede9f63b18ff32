"""What there is of each kind, where it comes from, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from biofeedback.app.registry import EXPORTERS, SENSORS
from biofeedback.common.errors import PluginError, hint_of
from biofeedback.common.plugins import BUILT_IN, Plugin, Registry
from biofeedback.config.loader import load as load_programme
from biofeedback.config.outputs import OUTPUTS
from biofeedback.config.schema import Config
from biofeedback.config.styles import STYLES, load_style
from biofeedback.control.build import STRATEGIES
from biofeedback.metrics.added import METRICS
from biofeedback.offline.recordings import READERS
from biofeedback.simulation.crowd import LISTENERS
from biofeedback.storage.configs import ConfigFile, Sort, every_file, user_configs

__all__ = ["REGISTRIES", "InventoryItem", "inventory", "own_files"]

#: One for each kind of part that has code.
REGISTRIES: tuple[Registry[Any], ...] = (
    SENSORS, METRICS, STRATEGIES, STYLES, OUTPUTS, LISTENERS, READERS, EXPORTERS,
)  # fmt: skip
#: The kinds that need no code.
_FILES: dict[Sort, str] = {
    "devices": "device",
    "styles": "style",
    "programmes": "programme",
    "midi": "MIDI map",
}


class InventoryItem(msgspec.Struct, frozen=True):
    """A part: `whence` is "built in", a package with its version, or a file.

    `problem` says why it cannot be used; "" when it can.
    """

    kind: str
    name: str
    whence: str
    problem: str = ""


def inventory() -> Iterator[InventoryItem]:
    """Yield every part of every kind; what packages and users added is tried."""
    for registry in REGISTRIES:
        for plugin in registry.all():
            yield InventoryItem(plugin.kind, plugin.name, plugin.whence, _problem(plugin))
    for sort, kind in _FILES.items():
        for file in every_file(sort):
            if sort == "styles" and file.whence == BUILT_IN:
                continue  # the numbers of a style that has code
            whence = file.whence if file.whence == BUILT_IN else str(file.path)
            yield InventoryItem(kind, file.name, whence, file.shadowed or _mistake(sort, file))


def own_files() -> Iterator[InventoryItem]:
    """Yield the files in the user's own folder, those included that nothing reads."""
    folder, read = user_configs(), set[Path]()
    for sort, kind in _FILES.items():
        for file in every_file(sort):
            if file.path.is_relative_to(folder):
                read.add(file.path)
                problem = file.shadowed or _mistake(sort, file)
                yield InventoryItem(kind, file.name, str(file.path), problem)
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file() and path not in read:
            where = f"only .toml files in {', '.join(_FILES)} are read"
            yield InventoryItem("file", path.name, str(path), where)


def _problem(plugin: Plugin) -> str:
    if plugin.shadowed or not plugin.package:
        return plugin.shadowed
    try:
        plugin.load()
    except PluginError as error:
        return f"{type(error.__cause__).__name__}: {error.__cause__}"
    return ""


def _mistake(sort: Sort, file: ConfigFile) -> str:
    """Return what is wrong with a file; "" for one that can be used."""
    try:
        _read(sort, file.path, file.name)
    except Exception as error:
        if hint_of(error) is None:
            raise
        words = str(error).removeprefix(f"{file.path}: ")
        if words.startswith(f"{file.path}:"):
            words = f"line {words.removeprefix(f'{file.path}:')}"
        return words
    return ""


def _read(sort: Sort, path: Path, name: str) -> None:
    match sort:
        case "devices":
            from sensors.profiles.loader import load

            load(path)
        case "styles":
            load_style(name)
        case "programmes":
            load_programme(file=path)
        case "midi":
            from biofeedback.config.midi_maps import resolve

            resolve(str(path), Config())
