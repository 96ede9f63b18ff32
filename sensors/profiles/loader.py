"""Device profiles as TOML files; an error names the file, the key and the reason."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, cast, get_args

from sensors.errors import SettingsError
from sensors.profiles.schema import (
    BinaryLayout,
    ContactRule,
    DeviceProfile,
    DeviceTime,
    FieldType,
    Formula,
    PacketField,
    PacketValues,
    SetupWrite,
    TextColumn,
    TextLayout,
    ValidRange,
    ValueScale,
)
from sensors.signals import UNITS, Signal

__all__ = ["find", "load", "load_all"]

_LONGEST_PACKET = 512  #: bytes of any attribute value (Bluetooth Core, Vol 3 Part F 3.2.9)
_ANY = 1e12  #: beyond every number that a file may name
_UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")
_PLACEHOLDER: Literal["{unix_time}"] = "{unix_time}"


def load(path: Path) -> DeviceProfile:
    """Return the profile in a TOML file; raise `SettingsError` for the first mistake in it.

    Parameters
    ----------
    path
        A TOML file; its name without suffix is the profile's.

    Returns
    -------
    DeviceProfile
        Checked: every value is within its range.

    Raises
    ------
    SettingsError
        For a file that cannot be read, and for the first mistake in it.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"the profile {path} cannot be read: {error.strerror}", hint="Check the path."
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}", hint="Mend that line.") from error
    top = _Keys(path, "", table)
    profile = _profile(path.stem, top)
    top.nothing_else()
    return profile


def load_all(folder: Path) -> tuple[DeviceProfile, ...]:
    """Return the profiles of all TOML files in a folder, sorted by name.

    Parameters
    ----------
    folder
        One that does not exist has none.

    Returns
    -------
    tuple[DeviceProfile, ...]
        Empty without any.
    """
    return tuple(load(path) for path in sorted(folder.glob("*.toml")))


def find(
    profiles: Iterable[DeviceProfile], name: str, services: Sequence[str] = ()
) -> DeviceProfile | None:
    """Return the profile whose match rule fits best: by name and service, by name, by service.

    Parameters
    ----------
    profiles
        Those to choose from.
    name
        The device's, as it advertises itself.
    services
        UUIDs of the services it advertises, in full.

    Returns
    -------
    DeviceProfile | None
        None when none fits; of equals the first by name.
    """
    fitting = [p for p in profiles if p.matches(name, tuple(services))]
    return min(fitting, key=lambda p: (not p.name_pattern, not p.service, p.name), default=None)


class _Keys:
    """A table of a file that is being read; what was not asked for is a mistake."""

    def __init__(self, path: Path, where: str, table: dict[str, Any]) -> None:
        self._path, self._where, self._table = path, where, table
        self._asked: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._table

    def wrong(self, key: str, reason: str, hint: str = "") -> SettingsError:
        where = f"{self._where}.{key}" if self._where and key else key or self._where
        return SettingsError(
            f"{self._path}: {where}: {reason}", hint=hint or "See docs/sensors.md for every key."
        )

    def nothing_else(self) -> None:
        for key in self._table:
            if key not in self._asked:
                raise self.wrong(key, "unknown key", f"Known are {', '.join(sorted(self._asked))}.")

    def text(self, key: str, default: str | None = None) -> str:
        value = self._get(key, default)
        if not isinstance(value, str):
            raise self.wrong(key, "must be a text")
        if default is None and not value.strip():
            raise self.wrong(key, "must not be empty")
        return value

    def choice(self, key: str, among: Sequence[str], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in among:
            raise self.wrong(key, f"{value!r} is none of {', '.join(among)}")
        return value

    def number(
        self, key: str, default: float | None = None, low: float = -_ANY, high: float = _ANY
    ) -> float:
        value = self._get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(key, "must be a number")
        if not (math.isfinite(value) and low <= value <= high):
            raise self.wrong(key, f"{value} is not within {low:g} to {high:g}")
        return float(value)

    def whole(self, key: str, default: int | None = None, low: int = 0, high: int = 2**32) -> int:
        value = self._get(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong(key, "must be a whole number")
        if not low <= value <= high:
            raise self.wrong(key, f"{value} is not within {low} to {high}")
        return value

    def uuid(self, key: str, default: str | None = None) -> str:
        value = self.text(key, default).lower()
        if re.fullmatch(r"[0-9a-f]{4}", value):
            return f"0000{value}-0000-1000-8000-00805f9b34fb"
        if value and not _UUID.fullmatch(value):
            raise self.wrong(key, f"{value!r} is no UUID", "Write it in full, or as 4 hex digits.")
        return value

    def table(self, key: str, *, needed: bool = False) -> _Keys:
        value = self._get(key, None if needed else {})
        if not isinstance(value, dict):
            raise self.wrong(key, "must be a table")
        return _Keys(self._path, f"{self._where}.{key}".lstrip("."), value)

    def tables(self, key: str) -> list[_Keys]:
        value = self._get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.wrong(key, f"must be tables that begin with [[{key}]]")
        return [_Keys(self._path, f"{key}[{i}]", item) for i, item in enumerate(value)]

    def _get(self, key: str, default: Any) -> Any:
        self._asked.add(key)
        if key not in self._table and default is None:
            raise self.wrong(key, "is missing")
        return self._table.get(key, default)


def _profile(name: str, top: _Keys) -> DeviceProfile:
    title, support = top.text("title"), top.text("support")
    match, data = top.table("match", needed=True), top.table("data", needed=True)
    pattern, service = match.text("name", ""), match.uuid("service", "")
    if not pattern and not service:
        raise match.wrong("", "needs a name or a service", 'Write name = "My band*".')
    match.nothing_else()
    signal = Signal(data.choice("signal", [signal.value for signal in Signal], "eda"))
    characteristic = data.uuid("characteristic")
    rate_hz, period_s = _timing(data)
    data.nothing_else()
    if ("binary" in top) == ("text" in top):
        raise top.wrong("binary", "either [binary] or [text] is needed, and not both")
    layout = _binary(top.table("binary")) if "binary" in top else _text(top.table("text"))
    return DeviceProfile(
        name=name,
        title=title,
        support=support,
        signal=signal,
        characteristic=characteristic,
        layout=layout,
        period_s=period_s,
        rate_hz=rate_hz,
        scale=_scale(top.table("scale"), signal),
        valid=_valid(top.table("valid"), signal),
        name_pattern=pattern,
        service=service,
        setup=tuple(_write(write) for write in top.tables("setup")),
    )


def _timing(data: _Keys) -> tuple[float | None, float]:
    """Return the samples a second, if they are regular, and the seconds between packets."""
    if "rate_hz" not in data:
        if "period_s" not in data:
            raise data.wrong(
                "rate_hz", "is missing", "Give rate_hz, or period_s where values come irregularly."
            )
        return None, data.number("period_s", low=0.001, high=3600)
    rate_hz = data.number("rate_hz", low=0.1, high=10_000)
    samples = data.whole("samples_per_packet", 1, low=1, high=_LONGEST_PACKET)
    return rate_hz, samples / rate_hz


def _binary(keys: _Keys) -> BinaryLayout:
    values = keys.table("values", needed=True)
    first = _field(values)
    every = values.whole("every", first.size, low=1, high=_LONGEST_PACKET)
    count = values.whole("count", low=1, high=_LONGEST_PACKET) if "count" in values else None
    values.nothing_else()
    sequence: PacketField | None = None
    counts = "packets"
    if "sequence" in keys:
        table = keys.table("sequence")
        sequence = _field(table)
        if sequence.wraps_at is None:
            raise table.wrong("type", f"{sequence.type} cannot count", "Use u8, u16, u24 or u32.")
        counts = table.choice("counts", ["packets", "samples"], "packets")
        table.nothing_else()
    layout = BinaryLayout(
        values=PacketValues(first, every, count),
        sequence=sequence,
        sequence_counts=cast(Literal["packets", "samples"], counts),
        clock=_clock(keys.table("clock"), _field) if "clock" in keys else None,
        contact=_contact(keys.table("contact"), _field) if "contact" in keys else None,
    )
    keys.nothing_else()
    if layout.shortest > _LONGEST_PACKET:
        raise values.wrong("count", f"a packet of {layout.shortest} bytes cannot be")
    return layout


def _text(keys: _Keys) -> TextLayout:
    sequence: TextColumn | None = None
    wraps_at: int | None = None
    if "sequence" in keys:
        table = keys.table("sequence")
        sequence = _column(table)
        wraps_at = table.whole("wraps_at", 2**32, low=2)
        table.nothing_else()
    layout = TextLayout(
        value=TextColumn(keys.whole("value", low=0, high=63)),
        columns=keys.whole("columns", low=1, high=64) if "columns" in keys else None,
        separator=keys.text("separator", ","),
        starts_with=keys.text("starts_with", ""),
        sequence=sequence,
        sequence_wraps_at=wraps_at,
        clock=_clock(keys.table("clock"), _column) if "clock" in keys else None,
        contact=_contact(keys.table("contact"), _column) if "contact" in keys else None,
    )
    if not layout.separator or "\n" in layout.separator:
        raise keys.wrong("separator", "must be a text within the line")
    keys.nothing_else()
    return layout


def _field(keys: _Keys) -> PacketField:
    return PacketField(
        at=keys.whole("at", low=0, high=_LONGEST_PACKET - 1),
        type=cast(FieldType, keys.choice("type", get_args(FieldType))),
        big_endian=keys.choice("endian", ["little", "big"], "little") == "big",
    )


def _column(keys: _Keys) -> TextColumn:
    return TextColumn(keys.whole("column", low=0, high=63))


def _clock(keys: _Keys, place: Any) -> DeviceTime:
    of = keys.choice("of", ["first", "last"], "first")
    tick_s = keys.number("tick_s", low=1e-9, high=3600)
    clock = DeviceTime(place(keys), tick_s, cast(Literal["first", "last"], of))
    keys.nothing_else()
    return clock


def _contact(keys: _Keys, place: Any) -> ContactRule:
    contact = ContactRule(place(keys), keys.whole("worn"), keys.whole("mask", 0xFFFFFFFF))
    keys.nothing_else()
    return contact


def _scale(keys: _Keys, signal: Signal) -> ValueScale:
    scale = ValueScale(
        formula=cast(Formula, keys.choice("formula", get_args(Formula), "linear")),
        factor=keys.number("factor", 1.0),
        offset=keys.number("offset", 0.0),
    )
    keys.nothing_else()
    if scale.factor == 0.0:
        raise keys.wrong("factor", "must not be 0")
    if scale.formula == "reciprocal" and scale.offset:
        raise keys.wrong("offset", "has no place in a reciprocal")
    if scale.formula == "resistance" and signal is not Signal.EDA:
        raise keys.wrong("formula", f"a resistance gives uS, and {signal} is in {UNITS[signal]}")
    return scale


def _valid(keys: _Keys, signal: Signal) -> ValidRange:
    above, below = (0.0, 100.0) if signal is Signal.EDA else (-_ANY, _ANY)
    limits = ValidRange(above=keys.number("above", above), below=keys.number("below", below))
    if not limits.above < limits.below:
        raise keys.wrong("below", f"{limits.below:g} is not more than above, {limits.above:g}")
    contact = keys.number("contact_above") if "contact_above" in keys else None
    keys.nothing_else()
    return ValidRange(limits.above, limits.below, contact)


def _write(keys: _Keys) -> SetupWrite:
    characteristic, text = keys.uuid("characteristic"), keys.text("bytes")
    response = keys.choice("response", ["yes", "no"], "yes") == "yes"
    keys.nothing_else()
    parts: list[bytes | Literal["{unix_time}"]] = []
    for i, piece in enumerate(text.split(_PLACEHOLDER)):
        try:
            parts += [_PLACEHOLDER] * (i > 0) + [bytes.fromhex(piece)]
        except ValueError:
            raise keys.wrong(
                "bytes", f"{piece.strip()!r} is not hex", f"Write 01 ff, and {_PLACEHOLDER}."
            ) from None
    return SetupWrite(characteristic, tuple(part for part in parts if part), response)
