"""Packets decoded without a radio, field by field, for whoever writes a profile."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sensors.codecs.described import decoders_of
from sensors.codecs.frame import SampleFrame
from sensors.errors import PacketError, SettingsError
from sensors.profiles.fields import PacketField, meets
from sensors.profiles.schema import BinaryLayout, DeviceProfile, ProfileStream
from sensors.signals import UNITS

__all__ = ["FieldTrial", "PacketTrial", "packet_of", "short_uuid", "try_packets"]

_SHORT = "-0000-1000-8000-00805f9b34fb"


@dataclass(frozen=True, slots=True)
class FieldTrial:
    """One field of a packet."""

    name: str  #: the key in the profile, with the signal before it where there are several
    raw: str  #: what stands in the packet
    means: str  #: what it says, in words


@dataclass(frozen=True, slots=True)
class PacketTrial:
    """What a packet gives: samples in words, or why there are none."""

    packet: str  #: in hex
    characteristic: str  #: that it came on, a full UUID
    fields: tuple[FieldTrial, ...]  #: in the order of the profile
    gives: tuple[str, ...]  #: a sentence for each signal
    error: str = ""  #: why it was refused
    why: str = ""  #: why it gives nothing


def packet_of(profile: DeviceProfile, text: str) -> tuple[str, bytes]:
    """Return a packet as it is written for a person: hex, with a characteristic before it.

    Parameters
    ----------
    profile
        Whose packet it is.
    text
        Such as "01 ff" or "2a58=01ff".

    Returns
    -------
    tuple[str, bytes]
        The full UUID of the characteristic, and the bytes.

    Raises
    ------
    SettingsError
        For what is no hex, and an unknown characteristic.
    """
    before, equals, digits = text.rpartition("=")
    known = profile.characteristics
    name = before.strip().lower()
    found = [uuid for uuid in known if name in (uuid, short_uuid(uuid))]
    if equals and not found:
        raise SettingsError(
            f"{profile.name} says nothing of a characteristic {before.strip()!r}",
            hint=f"It knows {', '.join(map(short_uuid, known))}.",
        )
    if not equals and len(known) > 1:
        raise SettingsError(
            f"{profile.name} has several characteristics",
            hint=f"Write the packet's before it, as in {short_uuid(known[0])}={digits.strip()}.",
        )
    plain = digits.replace(":", " ").replace("0x", " ").replace(",", " ")
    try:
        return (found or [known[0]])[0], bytes.fromhex(plain)
    except ValueError:
        raise SettingsError(
            f"{digits.strip()!r} is not hex", hint="Write two digits a byte: 01 ff 00."
        ) from None


def short_uuid(uuid: str) -> str:
    """Return a UUID as it is mostly written: four digits where it is one of Bluetooth's own.

    Parameters
    ----------
    uuid
        In full.

    Returns
    -------
    str
        As a profile takes it.
    """
    return uuid[4:8] if uuid.startswith("0000") and uuid.endswith(_SHORT) else uuid


def try_packets(
    profile: DeviceProfile, packets: Sequence[tuple[str, bytes]]
) -> Iterator[PacketTrial]:
    """Yield what each of the packets of one connection gives.

    Parameters
    ----------
    profile
        How they are made.
    packets
        The full UUID of the characteristic and the bytes of each, in order.

    Yields
    ------
    PacketTrial
        One for each packet.
    """
    decoders = decoders_of(profile)
    for uuid, packet in packets:
        streams = profile.of(uuid)
        fields = tuple(
            field for stream in streams for field in _fields(stream, packet, len(streams) > 1)
        )
        error, frames = "", list[SampleFrame]()
        try:
            frames = decoders[uuid].decode(packet)
        except PacketError as found:
            error = str(found)
        text = not any(isinstance(stream.layout, BinaryLayout) for stream in streams)
        why = "no whole line of ours ends here" if text else "no [[stream]] is for its type"
        yield PacketTrial(packet.hex(" "), uuid, fields, tuple(map(_gives, frames)), error, why)


def _fields(stream: ProfileStream, packet: bytes, named: bool) -> Iterator[FieldTrial]:
    """Yield what stands at the places that a profile names; of text, the characters."""
    prefix = f"{stream.signal.value}." if named else ""
    layout, when = stream.layout, stream.when
    if when and len(packet) >= when.source.end:
        letters = isinstance(when.equals, str)
        found = repr(when.source.text(packet)) if letters else f"{when.source.read(packet):g}"
        holds = when.holds(packet)
        words = "so it is one of these" if holds else f"not {when.equals}: of another kind"
        yield FieldTrial(f"{prefix}when", found, words)
        if not holds:
            return
    if not isinstance(layout, BinaryLayout):
        yield FieldTrial(f"{prefix}text", repr(packet.decode("ascii", errors="replace")), "")
        return
    if len(packet) < layout.shortest:
        return
    if layout.sequence:
        yield _field(f"{prefix}sequence", layout.sequence, packet, f"of {layout.sequence.wraps_at}")
    if layout.clock and isinstance(layout.clock.source, PacketField):
        time_s = layout.clock.source.read(packet) * layout.clock.tick_s
        words = f"{time_s:g} s, of the {layout.clock.of} sample"
        yield _field(f"{prefix}clock", layout.clock.source, packet, words)
    if layout.contact and isinstance(layout.contact.source, PacketField):
        number = layout.contact.source.read(packet)
        worn = meets(number, layout.contact.worn, layout.contact.mask)
        yield _field(
            f"{prefix}contact", layout.contact.source, packet, "worn" if worn else "not worn"
        )
    numbers = layout.values.read(packet)
    values = ", ".join(f"{stream.scale.apply(number):.6g}" for number in numbers)
    raw = ", ".join(f"{number:.12g}" for number in numbers)
    yield FieldTrial(f"{prefix}values", raw, f"= {values} {UNITS[stream.signal]}")


def _field(name: str, field: PacketField, packet: bytes, means: str) -> FieldTrial:
    return FieldTrial(name, f"{field.read(packet):.12g}", means)


def _gives(frame: SampleFrame) -> str:
    """Return a frame in words."""
    values = ", ".join("--" if math.isnan(value) else f"{value:.6g}" for value in frame.values)
    words = [f"{frame.signal.value} {values} {UNITS[frame.signal]}"]
    if frame.worn is False:
        words = [f"no {frame.signal.value}: it does not touch the skin"]
    words += [f"{times} {kind}" for kind, times in frame.bad]
    if frame.clock_s is not None:
        words.append(f"first sample at {frame.clock_s:g} s of its clock")
    return "; ".join(words)
