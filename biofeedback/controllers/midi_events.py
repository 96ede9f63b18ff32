"""What a hand does to a MIDI controller: which knob, key or pad, and how far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

__all__ = ["ControlKind", "MidiControl", "MidiEvent", "touch_of"]


ControlKind = Literal["cc", "note", "program", "bend"]


class MidiControl(NamedTuple):
    """One knob, key or pad; `channel` 1 to 16, `number` 0 to 127 (0 for the bender)."""

    kind: ControlKind
    channel: int
    number: int

    def __str__(self) -> str:
        number = "" if self.kind == "bend" else f" {self.number}"
        return f"{self.kind}{number}, channel {self.channel}"


class MidiEvent(NamedTuple):
    """A control was moved to `value`, 0 to 1; a key that is let go moves to 0."""

    control: MidiControl
    value: float


def touch_of(message: Sequence[int]) -> MidiEvent | None:
    """Return what a message says was touched; None for clocks and whatever else there is."""
    kind, channel = message[0] & 0xF0, (message[0] & 0x0F) + 1
    if kind in (0x80, 0x90, 0xB0, 0xE0) and len(message) == 3:
        first, second = message[1], message[2]
        if kind == 0xE0:
            return MidiEvent(MidiControl("bend", channel, 0), (first | second << 7) / 16383.0)
        if kind == 0xB0:
            return MidiEvent(MidiControl("cc", channel, first), second / 127.0)
        velocity = 0 if kind == 0x80 else second
        return MidiEvent(MidiControl("note", channel, first), velocity / 127.0)
    if kind == 0xC0 and len(message) == 2:
        return MidiEvent(MidiControl("program", channel, message[1]), 1.0)
    return None
