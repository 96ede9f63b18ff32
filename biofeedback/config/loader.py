"""How a config is read: from defaults, a programme, a file and `--set key=value`; the last wins."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from biofeedback.common.errors import ConfigError
from biofeedback.common.plugins import BUILT_IN, did_you_mean, say_once
from biofeedback.config.schema import Config
from biofeedback.control.build import check as check_strategies
from biofeedback.control.build import own_settings
from biofeedback.control.mapping import EVENTS, STATES
from biofeedback.control.phases import Phase
from biofeedback.control.phases import check as check_phases
from biofeedback.metrics.bank import MetricBank
from biofeedback.storage.configs import config_files

__all__ = ["load", "loaded_programmes", "programmes", "to_toml"]


def programmes() -> dict[str, Path]:
    """Return the programmes by name: those shipped, the user's own, and those of packages."""
    return {file.name: file.path for file in config_files("programmes").values()}


def loaded_programmes() -> dict[str, Config]:
    """Return the programmes by name as they would be played.

    One of the user's own, or of a package, that has a mistake in it is told once and left out.
    """
    found = {}
    for file in config_files("programmes").values():
        try:
            found[file.name] = load(file=file.path)
        except ConfigError as error:
            if file.whence == BUILT_IN:
                raise
            say_once(f"a programme is left out: {error}")
    return found


def load(
    programme: str | None = None,
    file: Path | None = None,
    settings: Sequence[str] = (),
    tables: Mapping[str, Any] | None = None,
) -> Config:
    """Compose the effective config.

    `programme` is a shipped name or the path of a TOML file, `settings` are "key.key=value" with
    values as in TOML (a bare word is a string), `tables` come last, for options of the command
    line. Raises `ConfigError` that names file, key and reason.
    """
    merged: dict[str, Any] = {}
    if programme is not None:
        merged = _checked(_programme_path(programme), merged)
    if file is not None:
        merged = _checked(file, merged)
    for setting in settings:
        merged = _merge(merged, _assignment(setting))
        _convert(merged, f"--set {setting}")
    merged = _merge(merged, tables or {})
    config = _convert(merged, "the command line")
    _check_played(config, str(programme or file or "the command line"))
    return config


def to_toml(config: Config) -> str:
    """Return a config as TOML that `load` reads back to an equal one."""
    return tomli_w.dumps(_without_none(msgspec.to_builtins(config)))


def _without_none(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table without the keys that are not set: TOML has no word for them."""
    return {key: _plain(value) for key, value in table.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _without_none(value)
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _programme_path(name: str) -> Path:
    known = programmes()
    if name in known:
        return known[name]
    path = Path(name)
    if path.suffix == ".toml" or path.exists():
        return path
    raise ConfigError(
        f"no programme named {name!r}",
        hint=f"{did_you_mean(name, tuple(known))}There are {', '.join(known)}; "
        "or give the path of a TOML file.",
    )


def _checked(path: Path, merged: dict[str, Any]) -> dict[str, Any]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"no config file {path}", hint="Check the path.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the config file {path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}", hint="The file is not valid TOML.") from error
    merged = _merge(merged, tables)
    _convert(merged, str(path))
    return merged


def _convert(tables: dict[str, Any], place: str) -> Config:
    if not _is_finite(tables):
        raise ConfigError(f"{place}: a number that is not finite", hint="Give a plain number.")
    try:
        config = msgspec.convert(_with_defaults(tables), Config)
    except msgspec.ValidationError as error:
        reason, _, key = str(error).partition(" - at ")
        key = _phases_named(key.strip("`").removeprefix("$.").removeprefix("$"), tables)
        raise ConfigError(
            f"{place}: {key + ': ' if key else ''}{reason}",
            hint="The keys and ranges are listed in docs/config.md and docs/programmes.md.",
        ) from error
    try:
        check_strategies(config.control, config.phase)
        check_phases(config.phase)
    except ConfigError as error:
        raise ConfigError(f"{place}: {error}", hint=error.hint) from error
    except ValueError as error:
        raise ConfigError(f"{place}: {error}", hint="docs/programmes.md has examples.") from error
    _check_sources(config, place)
    phases = tuple(own_settings(phase, config.control) for phase in config.phase)
    return msgspec.structs.replace(config, phase=phases)


def _check_sources(config: Config, place: str) -> None:
    """Refuse a route that starts from what nobody measures."""
    routes = config.control.map.route
    if not routes:
        return
    metrics = [reading.name for reading in MetricBank(config.metrics).read(0.0)]
    known = (*STATES, *EVENTS, *metrics)
    for number, route in enumerate(routes):
        if route.source not in known:
            raise ConfigError(
                f"{place}: control.map.route[{number}].from: nobody measures {route.source!r}",
                hint=f"There are {', '.join(known)}.",
            )


def _check_played(config: Config, place: str) -> None:
    """Refuse a mapping without a route: nothing would ever move.

    Only of the whole: routes may come from one file and the strategy from another.
    """
    if config.control.map.route:
        return
    mapped = [f"phase {phase.name!r}: " for phase in config.phase if phase.strategy == "map"]
    if not config.phase and config.control.strategy == "map":
        mapped = ["control."]
    if mapped:
        raise ConfigError(
            f"{place}: {mapped[0]}strategy: 'map' has nothing to play, there is no route",
            hint="Write a [[control.map.route]]; docs/programmes.md has examples.",
        )


def _with_defaults(tables: dict[str, Any]) -> dict[str, Any]:
    """Return the tables with what phases leave unsaid about their strategy, from `[control]`."""
    phases, control = tables.get("phase"), tables.get("control")
    if not isinstance(phases, list) or not isinstance(control, Mapping):
        return tables
    filled = []
    for phase in phases:
        if isinstance(phase, Mapping) and isinstance(name := phase.get("strategy"), str):
            common = control.get(name) if name in Phase.__struct_fields__ else None
            phase = _merge({name: common}, phase) if isinstance(common, Mapping) else phase
        filled.append(phase)
    return {**tables, "phase": filled}


def _phases_named(key: str, tables: Mapping[str, Any]) -> str:
    """Return a key whose `phase[1]` says which phase that is."""
    found = re.match(r"phase\[(\d+)\]\.?", key)
    if found is None:
        return key
    number = int(found[1])
    phase = tables["phase"][number]
    name = phase.get("name") if isinstance(phase, Mapping) else None
    which = repr(name) if isinstance(name, str) else str(number + 1)
    return f"phase {which}: {key[found.end() :]}".removesuffix(": ")


def _is_finite(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(_is_finite(item) for item in value.values())
    if isinstance(value, list):
        return all(_is_finite(item) for item in value)
    return not isinstance(value, float) or math.isfinite(value)


def _assignment(setting: str) -> dict[str, Any]:
    key, equals, text = setting.partition("=")
    if not equals or not key.strip():
        raise ConfigError(
            f"--set {setting}: not of the form key=value",
            hint="For example --set control.lead.target=0.15",
        )
    try:
        value: Any = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    for part in reversed(key.strip().split(".")):
        value = {part: value}
    assert isinstance(value, dict)
    return value


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        mine = merged.get(key)
        both = isinstance(value, Mapping) and isinstance(mine, Mapping)
        merged[key] = _merge(mine, value) if both else value  # type: ignore[arg-type]
    return merged
