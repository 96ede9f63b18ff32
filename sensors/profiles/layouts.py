"""How packets are laid out, read from the tables of a profile."""

from __future__ import annotations

from typing import Any, Literal, cast, get_args

from sensors.profiles.fields import (
    TYPES,
    Formula,
    NumberRule,
    PacketField,
    PacketValues,
    TextColumn,
    ValueScale,
    is_type,
)
from sensors.profiles.keys import ANY, FileTable
from sensors.profiles.schema import (
    BinaryLayout,
    ContactRule,
    DeviceTime,
    SequenceScope,
    TextLayout,
    ValidRange,
)
from sensors.signals import UNITS, Signal

__all__ = ["LONGEST_PACKET", "layout_of", "rule_of", "scale_of", "valid_of"]

LONGEST_PACKET = 512  #: bytes of any attribute value (Bluetooth Core, Vol 3 Part F 3.2.9)


def layout_of(parts: FileTable, signal: Signal) -> BinaryLayout | TextLayout:
    """Return the layout in the table [binary] or [text].

    Parameters
    ----------
    parts
        The table that has one of them.
    signal
        What is measured.

    Returns
    -------
    BinaryLayout | TextLayout
        Checked.

    Raises
    ------
    SettingsError
        Where there are both, or none, or one has a mistake in it.
    """
    if ("binary" in parts) == ("text" in parts):
        raise parts.wrong("binary", "either [binary] or [text] is needed, and not both")
    if "binary" in parts:
        return _binary(parts.table("binary"), signal)
    return _text(parts.table("text"))


def rule_of(keys: FileTable, equals: str) -> NumberRule:
    """Return a number that must have a value.

    Parameters
    ----------
    keys
        Its table.
    equals
        The key that says which value.

    Returns
    -------
    NumberRule
        Checked.
    """
    source = _field(keys)
    if source.type == "ascii" and keys.is_text(equals):
        rule = NumberRule(source, keys.text(equals))
    else:
        rule = NumberRule(source, *_wanted(keys, equals, source))
    keys.nothing_else()
    return rule


def scale_of(keys: FileTable, signal: Signal) -> ValueScale:
    """Return how numbers become values.

    Parameters
    ----------
    keys
        The table [scale]; it may be empty.
    signal
        What is measured.

    Returns
    -------
    ValueScale
        Checked.
    """
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


def valid_of(keys: FileTable, signal: Signal) -> ValidRange:
    """Return which values are good.

    Parameters
    ----------
    keys
        The table [valid]; it may be empty.
    signal
        What is measured.

    Returns
    -------
    ValidRange
        Checked.
    """
    above, below = (0.0, 100.0) if signal is Signal.EDA else (-ANY, ANY)
    limits = ValidRange(above=keys.number("above", above), below=keys.number("below", below))
    if not limits.above < limits.below:
        raise keys.wrong("below", f"{limits.below:g} is not more than above, {limits.above:g}")
    contact = keys.number("contact_above") if "contact_above" in keys else None
    keys.nothing_else()
    return ValidRange(limits.above, limits.below, contact)


def _binary(keys: FileTable, signal: Signal) -> BinaryLayout:
    values = keys.table("values", needed=True)
    first = _field(values)
    every = _bits(values, "every", first.bits, low=1)
    count = values.whole("count", low=1, high=8 * LONGEST_PACKET) if "count" in values else None
    axes = values.whole("axes", 1, low=1, high=3)
    if axes > 1 and signal is not Signal.ACC:
        raise values.wrong("axes", f"{signal} has one", "Write a [[stream]] for each signal.")
    if count is not None and count % axes:
        raise values.wrong("count", f"{count} numbers are no whole samples of {axes} axes")
    sample = _bits(values, "sample_every", axes * every, low=axes * every)
    values.nothing_else()
    sequence: PacketField | None = None
    counts = "packets"
    if "sequence" in keys:
        table = keys.table("sequence")
        sequence = _field(table)
        if sequence.wraps_at is None:
            raise table.wrong("type", f"{sequence.type} cannot count", "Use u8, u16, u24 or u32.")
        counts = table.choice("counts", get_args(SequenceScope), "packets")
        table.nothing_else()
    layout = BinaryLayout(
        values=PacketValues(first, every, count, axes, sample),
        sequence=sequence,
        sequence_counts=cast(SequenceScope, counts),
        clock=_clock(keys.table("clock"), _field) if "clock" in keys else None,
        contact=_contact(keys.table("contact"), _field) if "contact" in keys else None,
    )
    keys.nothing_else()
    if layout.shortest > LONGEST_PACKET:
        raise values.wrong("count", f"a packet of {layout.shortest} bytes cannot be")
    return layout


def _text(keys: FileTable) -> TextLayout:
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


def _field(keys: FileTable) -> PacketField:
    kind = keys.text("type")
    if not is_type(kind):
        raise keys.wrong("type", f"{kind!r} is none of {TYPES}")
    if kind == "ascii":
        length = keys.whole("length", low=1, high=32)
        at = keys.whole("at", low=0, high=LONGEST_PACKET - 1)
        return PacketField(8 * at, kind, length=length)
    at_bits = _bits(keys, "at", None, low=0)
    return PacketField(at_bits, kind, keys.choice("endian", ["little", "big"], "little") == "big")


def _bits(keys: FileTable, key: str, default: int | None, low: int) -> int:
    """Return a distance that a file gives in bytes, where 0.5 are 4 bits."""
    at = keys.number(key, None if default is None else default / 8, low / 8, LONGEST_PACKET - 0.125)
    if (8 * at) % 1:
        raise keys.wrong(key, f"{at:g} bytes are no whole bits", "Write 1.5 for 12 bits.")
    return int(8 * at)


def _column(keys: FileTable) -> TextColumn:
    return TextColumn(keys.whole("column", low=0, high=63))


def _clock(keys: FileTable, place: Any) -> DeviceTime:
    of = keys.choice("of", ["first", "last"], "first")
    tick_s = keys.number("tick_s", low=1e-9, high=3600)
    clock = DeviceTime(place(keys), tick_s, cast(Literal["first", "last"], of))
    keys.nothing_else()
    return clock


def _contact(keys: FileTable, place: Any) -> ContactRule:
    source = place(keys)
    contact = ContactRule(source, *_wanted(keys, "worn", source))
    keys.nothing_else()
    return contact


def _wanted(keys: FileTable, key: str, source: PacketField | TextColumn) -> tuple[int, int]:
    """Return what a number must be, and the bits of it that count; a signed one may be either."""
    low, high = -(2**31), 2**32 - 1
    if isinstance(source, PacketField) and source.type[1:].isdecimal() and source.type != "f32":
        low, high = -(1 << source.bits - 1) if source.type[0] == "i" else 0, source.all_bits
    equals = keys.whole(key, low=low, high=high)
    mask = keys.whole("mask", 0xFFFFFFFF)
    return equals, mask & source.all_bits if isinstance(source, PacketField) else mask
