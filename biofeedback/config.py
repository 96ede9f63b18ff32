"""The configuration: one frozen structure, read from TOML, presets and `--set key=value`.

Later sources win: defaults in the code, then a programme, then the user's file, then `--set`.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from biofeedback.control.build import Settings as ControlSettings
from biofeedback.control.curves import Palette
from biofeedback.errors import ConfigError
from biofeedback.metrics.bank import Settings as MetricSettings
from biofeedback.state.estimator import Settings as StateSettings

__all__ = ["Config", "Music", "configs_folder", "load", "programmes", "to_toml"]


class Music(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The `[music]` table."""

    style: str = "ambient"
    palette: Palette = Palette()


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything a user may set; `config.toml` in a session's folder holds the effective one."""

    title: str = ""
    metrics: MetricSettings = MetricSettings()
    state: StateSettings = StateSettings()
    control: ControlSettings = ControlSettings()
    music: Music = Music()


def configs_folder() -> Path:
    """Return the folder of the shipped TOML files: in the wheel, or in the source tree."""
    here = Path(__file__).parent
    installed = here / "_configs"
    return installed if installed.is_dir() else here.parent / "configs"


def programmes() -> dict[str, Path]:
    """Return the shipped programmes by name."""
    return {path.stem: path for path in sorted((configs_folder() / "programmes").glob("*.toml"))}


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
    return _convert(merged, "the command line")


def to_toml(config: Config) -> str:
    """Return a config as TOML that `load` reads back to an equal one."""
    tables = msgspec.to_builtins(config)
    lines: list[str] = []
    _write_table(lines, (), tables)
    return "\n".join(lines).strip() + "\n"


def _programme_path(name: str) -> Path:
    known = programmes()
    if name in known:
        return known[name]
    path = Path(name)
    if path.suffix == ".toml" or path.exists():
        return path
    raise ConfigError(
        f"no programme named {name!r}",
        hint=f"There are {', '.join(known)}; or give the path of a TOML file.",
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
        return msgspec.convert(tables, Config)
    except msgspec.ValidationError as error:
        reason, _, key = str(error).partition(" - at ")
        key = key.strip("`").removeprefix("$.").removeprefix("$")
        raise ConfigError(
            f"{place}: {key + ': ' if key else ''}{reason}",
            hint="The keys and ranges are listed in docs/config.md.",
        ) from error


def _is_finite(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(_is_finite(item) for item in value.values())
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


def _write_table(lines: list[str], path: tuple[str, ...], table: Mapping[str, Any]) -> None:
    plain = {k: v for k, v in table.items() if not isinstance(v, Mapping) and v is not None}
    if path and plain:
        lines += ["", f"[{'.'.join(path)}]"]
    for key, value in plain.items():
        # JSON's strings, numbers, booleans and arrays of those are TOML's too
        lines.append(f"{key} = {msgspec.json.encode(value).decode()}")
    for key, value in table.items():
        if isinstance(value, Mapping):
            _write_table(lines, (*path, key), value)
