"""A player process on whose MIDI ports hang cables of the tests' own: sockets, which lose nothing.

Under JACK, a machine with too much to do loses messages on the way, whoever sent them.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from synth.errors import OutputUnavailable
from synth.outputs import rtmidi_binding
from synth.outputs.midi_binding import MidiSender
from synth.player import process

FOLDER = Path(os.environ["CABLES"])


def list_ports() -> list[str]:
    """Return the names of the devices that are plugged in."""
    return sorted(path.name for path in FOLDER.iterdir())


def open_port(name: str) -> MidiSender:
    """Connect to a device; what is sent after it was unplugged goes nowhere, as with a real one."""
    path = FOLDER / name
    cable = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        plugged = path.read_text()
    except OSError as error:
        raise OutputUnavailable(f"the MIDI port {name!r} has gone") from error
    cable.connect(("127.0.0.1", int(plugged)))

    def send(message: Sequence[int]) -> None:
        try:
            cable.send(bytes(message))
        except ConnectionError:
            pass

    def present() -> bool:
        return path.exists() and path.read_text() == plugged

    return MidiSender(name, send, cable.close, present)


if __name__ == "__main__":
    rtmidi_binding.list_ports = list_ports
    rtmidi_binding.open_port = open_port
    sys.stdout.flush()
    os._exit(process.main())
