"""MIDI maps as TOML files, which a user may edit; errors name file, key and reason."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from synth.errors import MapError
from synth.outputs.midi_map import ControllerSpec, MidiMap, SignalRoute
from synth.params import Layer

__all__ = ["find", "read"]

_LATENCY_MS = (-500.0, 500.0)
#: Key of a layer: the least and the most as written in the file, and what the file adds.
_NUMBERS = {
    "channel": (1, 16, 1),
    "program": (0, 128, 1),
    "bank": (0, 16383, 0),
    "volume": (0, 127, 0),
    "pan": (0, 127, 0),
    "transpose": (-48, 48, 0),
}
_FOLLOWERS = ("brightness", "dynamics")
_KINDS: tuple[Literal["cc", "cc14", "nrpn"], ...] = ("cc", "cc14", "nrpn")
_SCALES = {"low": "low", "high": "high", "from": "lowest", "to": "highest"}


def find(name: str, known: Mapping[str, Path]) -> Path:
    """Return the file of a map that is given by its name, one of `known`, or by its own path.

    Parameters
    ----------
    name
        A name, or the path of a TOML file.
    known
        The file of each name.

    Returns
    -------
    Path
        A path given by itself need not exist.

    Raises
    ------
    MapError
        When it is neither a known name nor a path.
    """
    if name in known:
        return known[name]
    path = Path(name)
    if path.suffix == ".toml" or path.exists():
        return path
    raise MapError(
        f"no MIDI map named {name!r}",
        hint=f"There are {', '.join(known)}; or give the path of a TOML file.",
    )


def read(path: Path, base: MidiMap, signals: Collection[str]) -> MidiMap:
    """Return `base` with what the file says; `signals` are the names that it may route.

    Parameters
    ----------
    path
        A TOML file.
    base
        What holds where the file says nothing.
    signals
        The names that the file may route.

    Returns
    -------
    MidiMap
        The two put together.

    Raises
    ------
    MapError
        When the file cannot be read, or a key is unknown or out of range.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise MapError(
            f"{path} cannot be read: {reason}", hint="docs/midi.md shows how to write one."
        ) from error
    return _File(path).map(table, base, signals)


class _File:
    def __init__(self, path: Path) -> None:
        self._path = path

    def map(self, table: dict[str, Any], base: MidiMap, signals: Collection[str]) -> MidiMap:
        layers = {layer.value: layer for layer in Layer}
        known = ("title", "latency_ms", "all", "signals", *layers)
        self._only(table, known, "")
        everywhere = self._changes(table, "all")
        voices = {}
        for name, layer in layers.items():
            changes = {**everywhere, **self._changes(table, name)}
            voices[layer] = replace(base[layer], **changes)
        routes = self._table(table, "signals")
        self._only(routes, signals, "signals.")
        latency_ms = table.get("latency_ms", base.latency_ms)
        self._number(latency_ms, "latency_ms", *_LATENCY_MS)
        return MidiMap(
            voices, {name: self._route(routes, name) for name in routes}, float(latency_ms)
        )

    def _changes(self, tables: dict[str, Any], name: str) -> dict[str, Any]:
        """Return the fields of a voice that a table of the file sets."""
        table = self._table(tables, name)
        self._only(table, (*_NUMBERS, *_FOLLOWERS), f"{name}.")
        changes: dict[str, Any] = {}
        for key, (least, most, offset) in _NUMBERS.items():
            if key in table:
                self._number(table[key], f"{name}.{key}", least, most, whole=True)
                changes[key] = table[key] - offset
        if changes.get("program") == -1:
            changes["program"] = None
        for key in _FOLLOWERS:
            if key in table:
                changes[key] = self._control(self._table(table, key, f"{name}."), f"{name}.{key}")
        return changes

    def _route(self, routes: dict[str, Any], name: str) -> SignalRoute:
        where = f"signals.{name}"
        table = dict(self._table(routes, name, "signals."))
        channel = table.pop("channel", 16)
        self._number(channel, f"{where}.channel", 1, 16, whole=True)
        if "note" not in table:
            control = self._control(table, where)
            if control is None:
                raise self._wrong(where, "names neither cc, cc14, nrpn nor note")
            return SignalRoute(channel - 1, control)
        self._only(table, ("note", "velocity"), f"{where}.")
        velocity = table.get("velocity", 100)
        self._number(table["note"], f"{where}.note", 0, 127, whole=True)
        self._number(velocity, f"{where}.velocity", 1, 127, whole=True)
        return SignalRoute(channel - 1, note=table["note"], velocity=velocity)

    def _control(self, table: Mapping[str, Any], where: str) -> ControllerSpec | None:
        """Return a controller; None for an empty table, which means no controller at all."""
        if not table:
            return None
        self._only(table, (*_KINDS, *_SCALES), f"{where}.")
        kinds = [kind for kind in _KINDS if kind in table]
        if len(kinds) != 1:
            raise self._wrong(where, "must name one of cc, cc14, nrpn")
        for key, value in table.items():
            self._number(value, f"{where}.{key}", -1e9, 1e9, whole=key in _KINDS)
        scale = {field: float(table[key]) for key, field in _SCALES.items() if key in table}
        try:
            return ControllerSpec(kinds[0], table[kinds[0]], **scale)
        except ValueError as error:
            raise self._wrong(where, str(error)) from None

    def _table(self, tables: Mapping[str, Any], name: str, inside: str = "") -> dict[str, Any]:
        table = tables.get(name, {})
        if not isinstance(table, dict):
            raise self._wrong(f"{inside}{name}", "must be a table", "Write { cc = 74 }.")
        return table

    def _only(self, table: Mapping[str, Any], known: Collection[str], inside: str) -> None:
        for key in table:
            if key not in known:
                raise self._wrong(f"{inside}{key}", "is unknown", f"Keys: {', '.join(known)}.")

    def _number(
        self, value: Any, where: str, least: float, most: float, whole: bool = False
    ) -> None:
        hint = f"Allowed: {least:g} to {most:g}."
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
            raise self._wrong(where, f"must be a {'whole ' if whole else ''}number", hint)
        if not least <= value <= most:
            raise self._wrong(where, f"is {value:g}, out of range", hint)

    def _wrong(self, key: str, reason: str, hint: str = "") -> MapError:
        return MapError(
            f"{self._path}: {key} {reason}", hint=hint or "docs/midi.md shows how to write one."
        )
