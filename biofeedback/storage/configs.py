"""What needs no code: devices, MIDI maps, programmes and styles as TOML files, and whose they are.

First come the shipped ones, then those in the user's own folder, then those of installed packages,
which name a folder with an entry point in the group `biofeedback.configs`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from biofeedback.common.plugins import BUILT_IN, installed, say_once
from biofeedback.storage.inventory import CONFIGS
from biofeedback.storage.paths import configs_folder

__all__ = ["ConfigFile", "Sort", "config_files", "every_file", "user_configs"]

Sort = Literal["devices", "midi", "programmes", "styles"]
YOURS = "yours"


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file, the name that it goes by, and where it comes from.

    `shadowed` says why another file goes by its name; "" when it does itself.
    """

    name: str
    path: Path
    whence: str
    shadowed: str = ""


def user_configs() -> Path:
    """Return the folder of a user's own files, one folder for each sort; it need not exist."""
    return CONFIGS.path


def config_files(sort: Sort) -> dict[str, ConfigFile]:
    """Return the files of a sort by name."""
    return {file.name: file for file in every_file(sort) if not file.shadowed}


def every_file(sort: Sort) -> Iterator[ConfigFile]:
    """Yield all files of a sort, those included that another one of their name hides."""
    taken: dict[str, str] = {}
    for whence, folder in _folders():
        for path in sorted((folder / sort).glob("*.toml")):
            first = taken.setdefault(path.stem, whence)
            why = "" if first is whence else f"{path.stem!r} is {first}, which comes first"
            yield ConfigFile(path.stem, path, whence, why)


def _folders() -> Iterator[tuple[str, Path]]:
    yield BUILT_IN, configs_folder()
    yield YOURS, user_configs()
    for plugin in installed():
        if plugin.kind == "configs":
            folder = _home(plugin.target)
            if folder is None:
                say_once(f"{plugin.whence} has no package {plugin.target!r} with configs in it")
            else:
                yield plugin.whence, folder


def _home(package: str) -> Path | None:
    """Return the folder of a package without importing it."""
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return None
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) if places else None
