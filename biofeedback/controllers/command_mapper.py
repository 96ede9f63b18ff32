"""What a hand asks for becomes commands of the session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from biofeedback.common.errors import CommandError
from biofeedback.controllers.bindings import Action, Binding
from biofeedback.controllers.midi_events import MidiEvent
from biofeedback.engine.inputs import CommandName
from biofeedback.runtime.ports import SessionControl
from synth.params import TONIC_NAMES

__all__ = ["EVERY_S", "FIFTHS", "CommandMapper", "MappedCommand", "Throttle"]


_PRESSED = 0.5
_BUTTONS: frozenset[Action] = frozenset({"hold", "go_on", "marker", "release", "stop", "panic"})
#: Tonics along a knob, each a fifth from the next: a small turn is a near key.
FIFTHS = tuple(TONIC_NAMES[7 * step % 12] for step in range(-5, 7))
_PARAMS = {"tempo": "tempo_bpm"}


class MappedCommand(NamedTuple):
    """A command; one that is not `urgent` may be replaced by the next of the same `slot`."""

    what: CommandName
    value: str
    urgent: bool
    slot: str


class CommandMapper:
    """Turns touches into commands; remembers which buttons are down."""

    def __init__(self, bindings: Sequence[Binding]) -> None:
        self._bindings = bindings
        self._down: set[int] = set()

    def touched(self, touch: MidiEvent, held: bool) -> list[MappedCommand]:
        """Return what is wanted; nothing when a button is let go, or nothing is bound.

        `held` is whether the music holds now, whoever asked for it: one button does both.
        """
        return [
            wanted
            for number, binding in enumerate(self._bindings)
            if binding.fits(touch.control)
            and (wanted := self._wanted(number, binding, touch, held))
        ]

    def _wanted(
        self, number: int, binding: Binding, touch: MidiEvent, held: bool
    ) -> MappedCommand | None:
        if binding.action in _BUTTONS or touch.control.kind == "note":
            was_down = number in self._down
            pressed = touch.value >= _PRESSED or (touch.control.kind == "note" and touch.value > 0)
            if pressed:
                self._down.add(number)
            else:
                self._down.discard(number)
            once = touch.control.kind == "program" or binding.any_note
            if not pressed or (was_down and not once):
                return None
        if binding.action in _BUTTONS:
            return _button(binding, held)
        return _knob(binding, touch)


def _button(binding: Binding, held: bool) -> MappedCommand:
    match binding.action:
        case "hold":
            return MappedCommand(*(("resume", "hold") if held else ("hold", "")), True, "hold")
        case "go_on":
            return MappedCommand("resume", "", True, "go_on")
        case "marker":
            return MappedCommand("marker", binding.text or "marker", True, "marker")
        case "release":
            return MappedCommand("release", "", True, "release")
        case "stop":
            return MappedCommand("stop", "", True, "stop")
        case _:
            return MappedCommand("panic", "", True, "panic")


def _knob(binding: Binding, touch: MidiEvent) -> MappedCommand:
    low, high = binding.ends
    value = low + (high - low) * touch.value
    if binding.action == "volume":
        return MappedCommand("volume", f"{min(1.0, max(0.0, value)):.2f}", False, "volume")
    if binding.action == "key":
        tonic = (
            TONIC_NAMES[touch.control.number % 12]
            if touch.control.kind == "note"
            else FIFTHS[min(11, int(touch.value * 12))]
        )
        asked = f"{tonic} {binding.mode.value}"
    else:
        asked = f"{value:.1f}" if binding.action == "tempo" else f"{value:.3f}"
    name = _PARAMS.get(binding.action, binding.action)
    return MappedCommand("override", f"{name}={asked} for {binding.for_s:g}", False, name)


EVERY_S = 0.1  #: a knob or slider that moves sends hundreds of values a second


class Throttle:
    """Passes commands on; feed it with `put`, and call `flush` when `EVERY_S` have passed."""

    def __init__(self, session: SessionControl) -> None:
        self._session = session
        self._turned: dict[str, tuple[str, MappedCommand]] = {}
        self._next_s = 0.0
        self.refused = 0  #: commands that made no sense to the session, and had no effect

    @property
    def waits(self) -> bool:
        """Whether something is to be flushed."""
        return bool(self._turned)

    def put(self, who: str, wanted: MappedCommand) -> None:
        """Take in what `who` wants; at once when it is urgent."""
        if wanted.urgent:
            self._ask(who, wanted)
        else:
            self._turned[wanted.slot] = who, wanted

    def flush(self, now_s: float) -> None:
        """Pass on the latest of each, unless that was done just now."""
        if now_s < self._next_s or not self._turned:
            return
        self._next_s = now_s + EVERY_S
        turned, self._turned = self._turned, {}
        for who, wanted in turned.values():
            self._ask(who, wanted)

    def _ask(self, who: str, wanted: MappedCommand) -> None:
        try:
            self._session.command(who, wanted.what, wanted.value)
        except CommandError:
            self.refused += 1  # a range in a file, or a value, that the session does not grant
