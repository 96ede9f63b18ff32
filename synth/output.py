"""The seam between a player and whatever sounds: a port, an audio device or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, Protocol

from synth.params import Layer, MusicParams

__all__ = ["ClockPulse", "ClockedOutput", "NoteOff", "NoteOn", "Output"]


class NoteOn(NamedTuple):
    """Begin a note."""

    note_id: int
    layer: Layer
    pitch: int
    velocity: int


class NoteOff(NamedTuple):
    """Let a note go."""

    note_id: int
    layer: Layer
    pitch: int


class ClockPulse(NamedTuple):
    """A tick of the clock, 24 a beat, or a word to those who follow it; `beat` is where."""

    what: Literal["tick", "start", "continue", "stop"]
    beat: float


class Output(Protocol):
    """Something that plays now, or at a time not far ahead.

    All times are session times in s. One thread calls all methods; only `open` may block.
    """

    lookahead_s: float  #: how long before its time an event wants to come; 0 for a plain port

    def open(self, t0_s: float) -> None:
        """Acquire the device, silent; session time is the monotonic clock less `t0_s`.

        Raises `OutputUnavailable`.
        """
        ...

    def send(self, event: NoteOn | NoteOff, due_s: float) -> None:
        """Play an event at its time, or at once when that has passed."""
        ...

    def set_params(self, params: MusicParams) -> None:
        """Follow the colour of the music smoothly."""
        ...

    def set_volume(self, gain: float) -> None:
        """Set the loudness, 0 to 1."""
        ...

    def set_signals(self, values: Mapping[str, float]) -> None:
        """Pass on named values from outside the music, those that somebody asked for."""
        ...

    def panic(self) -> None:
        """Silence everything at once, known or not."""
        ...

    def check(self) -> None:
        """Raise `OutputLost` when the device has gone; asked for once a second, between notes."""
        ...

    def close(self) -> None:
        """Release the device; harmless when it is not open."""
        ...

    def health(self) -> dict[str, float]:
        """Return counters that tell how well it does, such as `stalls`."""
        ...


class ClockedOutput(Protocol):
    """An output that can be the clock of other instruments."""

    def pulse(self, pulse: ClockPulse, due_s: float) -> None:
        """Send a pulse at its time, or at once when that has passed."""
        ...
