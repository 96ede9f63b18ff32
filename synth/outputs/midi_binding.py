"""What a library that reaches the system's MIDI ports offers, and what stands for an open port."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from synth.errors import OutputUnavailable

__all__ = ["MidiBinding", "MidiReceiver", "MidiSender", "Receive", "gone", "no_midi"]


@dataclass(frozen=True, slots=True)
class MidiSender:
    """An open port: what sends three bytes, what closes it, and what tells whether it is there.

    No system reports that a port has gone: sending into nothing goes on without an error.
    """

    name: str  #: the port's
    send: Callable[[Sequence[int]], None]  #: takes the bytes of a message
    close: Callable[[], None]  #: lets go of the port
    present: Callable[[], bool]  #: takes a twentieth of a millisecond


@dataclass(frozen=True, slots=True)
class MidiReceiver:
    """An open port that we listen to: what closes it, and what tells whether it is there."""

    name: str  #: the port's
    close: Callable[[], None]  #: lets go of the port
    present: Callable[[], bool]  #: takes a twentieth of a millisecond


#: Called in a thread of the library's with a message and the seconds since the one before it.
Receive = Callable[[tuple[int, ...], float], None]


class MidiBinding(Protocol):
    """A library that reaches the system's ports; each function does what its namesake here does."""

    def list_ports(self) -> list[str]:
        """Return the names of the ports that MIDI can be sent to; empty without any MIDI system.

        Returns
        -------
        list[str]
            As the system names them.
        """

    def open_port(self, name: str) -> MidiSender:
        """Open the port of exactly this name; raise `OutputUnavailable` if it has gone.

        Parameters
        ----------
        name
            As `list_ports` gives it.

        Returns
        -------
        MidiSender
            Connected; the caller closes it.

        Raises
        ------
        OutputUnavailable
            When it has gone.
        """

    def list_inputs(self) -> list[str]:
        """Return the names of the ports that send MIDI; empty without any MIDI system.

        Returns
        -------
        list[str]
            As the system names them.
        """

    def open_input(self, name: str, receive: Receive) -> MidiReceiver:
        """Listen to the port of exactly this name; raise `OutputUnavailable` if it has gone.

        Parameters
        ----------
        name
            As `list_inputs` gives it.
        receive
            Called in a thread of the library with a message and the seconds since the one before.

        Returns
        -------
        MidiReceiver
            Connected; the caller closes it.

        Raises
        ------
        OutputUnavailable
            When it has gone.
        """

    def open_virtual(self, name: str) -> MidiSender:
        """Offer a port for other programs to connect to.

        Parameters
        ----------
        name
            The name that others see.

        Returns
        -------
        MidiSender
            The caller closes it.

        Raises
        ------
        OutputUnavailable
            Where the system offers no such ports.
        """

    def open_virtual_input(self, name: str, receive: Receive) -> MidiReceiver:
        """Offer a port for other programs to send to.

        Parameters
        ----------
        name
            The name that others see.
        receive
            Called in a thread of the library with a message and the seconds since the one before.

        Returns
        -------
        MidiReceiver
            The caller closes it.

        Raises
        ------
        OutputUnavailable
            Where the system offers no such ports.
        """


def gone(name: str) -> OutputUnavailable:
    """Return what is raised for a port that is not there any more.

    Parameters
    ----------
    name
        The port's.

    Returns
    -------
    OutputUnavailable
        With a hint.
    """
    return OutputUnavailable(f"the MIDI port {name!r} has gone", hint="Plug it in again.")


def no_midi() -> OutputUnavailable:
    """Return what is raised where no MIDI system runs.

    Returns
    -------
    OutputUnavailable
        With a hint.
    """
    return OutputUnavailable(
        "this system offers no MIDI", hint="Start JACK or PipeWire, or load ALSA's snd-seq."
    )
