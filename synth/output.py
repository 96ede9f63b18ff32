"""The seam between a player and whatever sounds: a port, an audio device or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, Protocol

from synth.params import Layer, MusicParams

__all__ = ["ClockPulse", "ClockedOutput", "NoteOff", "NoteOn", "Output"]


class NoteOn(NamedTuple):
    """Begin a note."""

    note_id: int  #: by which its end is known
    layer: Layer  #: who plays it
    pitch: int  #: MIDI note number
    velocity: int  #: 1 to 127


class NoteOff(NamedTuple):
    """Let a note go."""

    note_id: int  #: that of its beginning
    layer: Layer  #: that of its beginning
    pitch: int  #: that of its beginning


class ClockPulse(NamedTuple):
    """A tick of the clock, 24 a beat, or a word to those who follow it; `beat` is where."""

    what: Literal["tick", "start", "continue", "stop"]  #: a tick, or the word
    beat: float


class Output(Protocol):
    """Something that plays now, or at a time not far ahead.

    All times are session times in s. One thread calls all methods; only `open` may block.
    """

    lookahead_s: float  #: how long before its time an event wants to come; 0 for a plain port

    def open(self, t0_s: float) -> None:
        """Acquire the device, silent; session time is the monotonic clock less `t0_s`.

        Session time is the monotonic clock less `t0_s`.

        Parameters
        ----------
        t0_s
            The monotonic clock at session time 0, in s.

        Raises
        ------
        OutputUnavailable
            When there is no such device, or it does not open.
        """
        ...

    def send(self, event: NoteOn | NoteOff, due_s: float) -> None:
        """Play an event at its time, or at once when that has passed.

        Parameters
        ----------
        event
            A note's beginning or end.
        due_s
            When it is to sound, in session time.
        """
        ...

    def set_params(self, params: MusicParams) -> None:
        """Follow the colour of the music smoothly.

        Parameters
        ----------
        params
            The colour asked for.
        """
        ...

    def set_volume(self, gain: float) -> None:
        """Set the loudness, 0 to 1.

        Parameters
        ----------
        gain
            0 silent to 1 full.
        """
        ...

    def set_signals(self, values: Mapping[str, float]) -> None:
        """Pass on named values from outside the music, those that somebody asked for.

        Parameters
        ----------
        values
            By the names that the MIDI map or the session gives them.
        """
        ...

    def panic(self) -> None:
        """Silence everything at once, known or not."""
        ...

    def check(self) -> None:
        """Raise `OutputLost` when the device has gone; asked for once a second, between notes.

        Raises
        ------
        OutputLost
            When the device has gone.
        """
        ...

    def close(self) -> None:
        """Release the device; harmless when it is not open."""
        ...

    def health(self) -> dict[str, float]:
        """Return counters that tell how well it does, such as `stalls`.

        Returns
        -------
        dict[str, float]
            By name; empty for an output that counts nothing.
        """
        ...


class ClockedOutput(Protocol):
    """An output that can be the clock of other instruments."""

    def pulse(self, pulse: ClockPulse, due_s: float) -> None:
        """Send a pulse at its time, or at once when that has passed.

        Parameters
        ----------
        pulse
            A tick, or a word of transport.
        due_s
            When it is to be sent, in session time.
        """
        ...
