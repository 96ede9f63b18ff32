"""Parts by name: those that are built in, and those that installed packages add to them.

A package adds a part with an entry point in the group `biofeedback.KINDS`, as in
`biofeedback.styles`. Nothing is imported until it is asked for by its name, and a part that fails
to load is named with its reason and harms nothing else.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from inspect import signature
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from biofeedback.common.errors import ConfigError, PluginError

__all__ = [
    "BUILT_IN",
    "KINDS",
    "Plugin",
    "PluginTables",
    "Registry",
    "Scalar",
    "build",
    "culprit",
    "did_you_mean",
    "installed",
    "say_once",
]

_log = logging.getLogger(__name__)

#: Each kind of part, and the group of the entry points that add to it. `configs` is a folder of
#: what needs no code: devices, styles, programmes and MIDI maps as TOML files.
KINDS = {
    "sensor": "biofeedback.sensors",
    "metric": "biofeedback.metrics",
    "strategy": "biofeedback.strategies",
    "style": "biofeedback.styles",
    "output": "biofeedback.outputs",
    "listener": "biofeedback.listeners",
    "reader": "biofeedback.readers",
    "exporter": "biofeedback.exporters",
    "configs": "biofeedback.configs",
}
BUILT_IN = "built in"
_NAME = re.compile(r"[a-z][a-z0-9_-]*")

Scalar = bool | int | float | str
#: Settings of added parts as a config has them: a table for each, by name.
PluginTables = dict[str, dict[str, Scalar]]

Part = TypeVar("Part")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Plugin:
    """A part that can be asked for by its name.

    `target` is "module:attribute", or a module. `shadowed` says why it is not the one that its
    name stands for; "" when it is.
    """

    kind: str
    name: str
    target: str
    package: str = ""  #: that it came with; "" when it is built in
    version: str = ""
    shadowed: str = ""

    @property
    def whence(self) -> str:
        """Where it comes from, as a person reads it."""
        return f"{self.package} {self.version}" if self.package else BUILT_IN

    def load(self) -> Any:
        """Import it; raise `PluginError` with the reason when that fails."""
        module, _, attribute = self.target.partition(":")
        try:
            found: Any = import_module(module)
            for name in filter(None, attribute.split(".")):
                found = getattr(found, name)
        except Exception as error:  # others' code: whatever it raises is its own
            if not self.package:
                raise
            raise PluginError(
                f"the {self.kind} {self.name!r} of {self.whence} cannot be loaded: "
                f"{type(error).__name__}: {error}",
                hint=f"Mend it, or take it off: pip uninstall {self.package}",
            ) from error
        return found

    def folder(self) -> Path:
        """Return the folder of its module, where its own files are."""
        file = import_module(self.target.partition(":")[0]).__file__
        return Path(file or "").parent


class Registry(Generic[Part]):
    """All parts of a kind. What is built in keeps its name, whatever is installed."""

    def __init__(self, kind: str, built_in: Mapping[str, str]) -> None:
        """`built_in` has the "module:attribute" of each name."""
        self.kind = kind
        self._built_in = {name: Plugin(kind, name, to) for name, to in built_in.items()}

    @property
    def built_in(self) -> tuple[str, ...]:
        """The names of what is built in, in their own order."""
        return tuple(self._built_in)

    @property
    def names(self) -> tuple[str, ...]:
        """All names: what is built in, then what was added."""
        return (*self._built_in, *(p.name for p in self.added if not p.shadowed))

    @property
    def added(self) -> tuple[Plugin, ...]:
        """What packages add, those included whose name stands for another part."""
        found: list[Plugin] = []
        taken = dict(self._built_in)
        for plugin in (one for one in installed() if one.kind == self.kind):
            why = ""
            if not _NAME.fullmatch(plugin.name):
                why = "a name is lower-case letters, digits, _ and -"
            elif (other := taken.get(plugin.name)) is not None:
                why = f"{plugin.name!r} is {_owner(other)}, which comes first"
            else:
                taken[plugin.name] = plugin
            found.append(replace(plugin, shadowed=why))
        return tuple(found)

    def all(self) -> tuple[Plugin, ...]:
        """Return every part: what is built in, then what was added."""
        return (*self._built_in.values(), *self.added)

    def find(self, name: str) -> Plugin | None:
        """Return the part of a name; None when there is none.

        Where an added part wants the same name, it is said once which one it stands for.
        """
        others = [plugin for plugin in self.added if plugin.name == name]
        for plugin in others:
            if plugin.shadowed:
                say_once(f"the {self.kind} of {plugin.whence} is not used: {plugin.shadowed}")
        return self._built_in.get(name) or next((p for p in others if not p.shadowed), None)

    def load(self, name: str) -> Part:
        """Return the object of a name; raise `PluginError` when there is none, or it fails."""
        plugin = self.find(name)
        if plugin is None:
            raise PluginError(f"there is no {self.kind} {name!r}", hint=self.hint(name))
        return cast(Part, plugin.load())

    def loaded(self) -> Iterator[tuple[Plugin, Part]]:
        """Yield what was added and can be loaded; what cannot is said once, and left out."""
        for plugin in self.added:
            if not plugin.shadowed:
                try:
                    yield plugin, plugin.load()
                except PluginError as error:
                    say_once(f"{error}. {error.hint}")

    def hint(self, name: str) -> str:
        """Return what a person may have meant by a name that there is not."""
        return f"{did_you_mean(name, self.names)}There are {', '.join(self.names)}."


def did_you_mean(name: str, names: tuple[str, ...]) -> str:
    """Return "Did you mean 'lead'? " for a name that is nearly one of them, else ""."""
    close = get_close_matches(name.lower(), names, 1, 0.6)
    return f"Did you mean {close[0]!r}? " if close else ""


def build(make: Callable[..., Made], options: Mapping[str, Scalar], where: str) -> Made:
    """Return what an added part makes of its settings; `where` is their place in the config."""
    known = _keys(make)
    unknown = [] if known is None else [name for name in options if name not in known]
    if known is not None and unknown:
        keys = f"Its keys are {', '.join(known)}." if known else "It has no keys."
        raise ConfigError(
            f"{where}.{unknown[0]}: there is no such key",
            hint=did_you_mean(unknown[0], known) + keys,
        )
    try:
        return make(**options)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"{where}: {error}", hint="Its own documentation has its keys."
        ) from error


def _keys(make: Callable[..., Any]) -> tuple[str, ...] | None:
    """Return the names of the settings that an added part takes; None where any would do."""
    try:
        parameters = signature(make).parameters.values()
    except (TypeError, ValueError):  # it is not written in Python
        return None
    if any(one.kind is one.VAR_KEYWORD for one in parameters):
        return None
    return tuple(
        one.name for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
    )


@cache
def installed() -> tuple[Plugin, ...]:
    """Return what packages add of all kinds, in the order of the packages' names."""
    found, kinds = entry_points(), {group: kind for kind, group in KINDS.items()}
    plugins = [
        Plugin(kinds[group], entry.name, entry.value.split("[")[0].strip(), *_package(entry.dist))
        for group in kinds
        for entry in found.select(group=group)
    ]
    return tuple(sorted(plugins, key=lambda plugin: (plugin.package, plugin.name)))


def culprit(error: BaseException) -> Plugin | None:
    """Return the added part in whose code an error came up; None when it was in none."""
    if isinstance(error, BaseExceptionGroup):
        return next((found for each in error.exceptions if (found := culprit(each))), None)
    homes = {plugin.target.partition(":")[0].partition(".")[0]: plugin for plugin in installed()}
    found, trace = None, error.__traceback__
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        found = homes.get(module.partition(".")[0]) or found
        trace = trace.tb_next
    return found


@cache
def say_once(text: str) -> None:
    """Say something to the person at the screen, in one line, the first time only."""
    _log.warning("%s", " ".join(text.split()))


def _package(dist: Any) -> tuple[str, str]:
    """Return name and version of a distribution, whatever state its metadata are in."""
    if dist is None:
        return "an unknown package", ""
    metadata = dist.metadata
    return str(metadata.get("Name", "an unknown package")), str(metadata.get("Version", ""))


def _owner(plugin: Plugin) -> str:
    return BUILT_IN if not plugin.package else f"that of {plugin.whence}"
