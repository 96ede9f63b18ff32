"""Which parts that are not built in decide in a session, as they are installed here.

The header of a log names them, and `verify` holds those that are here against them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from biofeedback.common.plugins import Plugin, Registry
from biofeedback.config.schema import Config
from biofeedback.config.styles import STYLES, style_parts
from biofeedback.control.build import STRATEGIES
from biofeedback.engine.digest import digest, package_digest
from biofeedback.metrics.added import METRICS
from biofeedback.record.lines import PluginItem
from biofeedback.storage.configs import ConfigFile

__all__ = ["PluginComparison", "compared", "plugins_used", "style_used"]


def plugins_used(config: Config) -> list[PluginItem]:
    """Return the added metrics, strategies and styles that a config asks for and that are here.

    Parameters
    ----------
    config
        Of a session.

    Returns
    -------
    list[PluginItem]
        Empty where all that decides is built in.
    """
    strategies = [config.control.strategy, *(phase.strategy for phase in config.phase)]
    wanted: list[tuple[Registry[Any], str]] = [
        *((METRICS, name) for name in config.metrics.plugins or ()),
        *((STRATEGIES, name) for name in dict.fromkeys(strategies)),
    ]
    found = [item for registry, name in wanted for item in _added(registry, name)]
    return [*found, *style_used(config.music.style)]


def style_used(name: str) -> list[PluginItem]:
    """Return what is not built in of a style: its code, its file, or both.

    Parameters
    ----------
    name
        That it is asked for by.

    Returns
    -------
    list[PluginItem]
        Empty for a style that is built in.
    """
    code, file = style_parts(name)
    return [*_added(STYLES, code), *([] if file is None else [_file_item(file)])]


@dataclass(frozen=True, slots=True)
class PluginComparison:
    """The added parts that a session was made with, held against those that are here."""

    missing: str  #: which are not here, in words; "" when all are
    versions: dict[str, tuple[str, str]]  #: of each package that differs: in the log, and here
    other_code: bool  #: one of them has another digest


def compared(logged: Sequence[PluginItem]) -> PluginComparison:
    """Compare what a log's header names with what is installed here.

    Parameters
    ----------
    logged
        What the header names.

    Returns
    -------
    PluginComparison
        What is missing, and what is another.
    """
    pairs = [(item, _here(item)) for item in logged]
    missing = [_named(item) for item, mine in pairs if mine is None]
    verb = "is" if len(missing) == 1 else "are"
    return PluginComparison(
        f"{', '.join(missing)} {verb} not installed here" if missing else "",
        {
            item.package: (item.version, mine.version)
            for item, mine in pairs
            if mine and mine.version != item.version
        },
        any(mine and mine.code != item.code for item, mine in pairs),
    )


def _added(registry: Registry[Any], name: str) -> list[PluginItem]:
    plugin = registry.find(name)
    return [_item(plugin)] if plugin is not None and plugin.package else []


def _named(item: PluginItem) -> str:
    if item.package == "file":
        return f"the {item.kind} {item.name!r}, a file of its user's own,"
    return f"the {item.kind} {item.name!r} of {item.package} {item.version}"


def _here(logged: PluginItem) -> PluginItem | None:
    """Return a part as it is installed here; None when it is not."""
    if logged.package == "file":
        file = style_parts(logged.name)[1]
        return None if file is None else _file_item(file)
    registries: dict[str, Registry[Any]] = {one.kind: one for one in (METRICS, STRATEGIES, STYLES)}
    registry = registries.get(logged.kind)
    plugin = registry.find(logged.name) if registry else None
    if plugin is None or plugin.package != logged.package:
        return None
    return _item(plugin)


def _item(plugin: Plugin) -> PluginItem:
    code = package_digest(plugin.target)
    return PluginItem(
        kind=plugin.kind,
        name=plugin.name,
        package=plugin.package,
        version=plugin.version,
        code=code,
    )


def _file_item(file: ConfigFile) -> PluginItem:
    code = digest([(file.path.name, file.path)])
    return PluginItem(kind="style", name=file.name, package="file", version="", code=code)
