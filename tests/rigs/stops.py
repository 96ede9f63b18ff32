"""Music that is stopped in every bad way, and the notes that hang afterwards."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

__all__ = ["JACK_WAY", "WAYS", "Device", "stuck_after"]

#: How music ends: by an interrupt, a signal, an error, or death of either process, or the cable.
WAYS = ("SIGINT", "SIGTERM", "exception", "SIGKILL", "SIGKILL of the player", "unplugged")
#: The same with a port of JACK's in place of the cable; it needs a server.
JACK_WAY = "JACK port disappears"
_UNPLUGS = ("unplugged", JACK_WAY)
_GOES_ON = (*WAYS[4:], JACK_WAY)
_PATIENCE_S = 15.0
_PLAY = f"{Path(__file__).parent / 'stops_play.py'}"


class Device:
    """A synthesiser that can be unplugged, and keeps sounding what it was last told to."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.held: set[tuple[int, int]] = set()
        self.begun = 0
        self.plug_in()

    def plug_in(self) -> None:
        self._cable = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._cable.setblocking(False)
        self._cable.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._cable.bind(("127.0.0.1", 0))
        self._path.write_text(str(self._cable.getsockname()[1]))

    def unplug(self) -> None:
        self.read()
        self._path.unlink(missing_ok=True)
        self._cable.close()

    def received(self) -> Sequence[int] | None:
        """Return the next message, or None."""
        try:
            return self._cable.recv(16)
        except BlockingIOError:
            return None

    def read(self) -> None:
        """Do what has come in."""
        while (message := self.received()) is not None:
            status, *data = message
            kind, channel = status & 0xF0, status & 0x0F
            if kind == 0x90:
                self.held.add((channel, data[0]))
                self.begun += 1
            elif kind == 0x80:
                self.held.discard((channel, data[0]))
            elif kind == 0xB0 and data[0] in (120, 123):
                self.held = {place for place in self.held if place[0] != channel}

    def wait(self, true) -> None:
        pause, end_s = threading.Event(), time.monotonic() + _PATIENCE_S
        while self.read() or not true():
            assert time.monotonic() < end_s, (
                f"{self._path.name}: still {self.held}, {self.begun} begun"
            )
            pause.wait(0.01)


class JackDevice(Device):
    """The same on a MIDI port of JACK's."""

    def plug_in(self) -> None:
        import rtmidi

        self._midi = rtmidi.MidiIn(3, name="device", queue_size_limit=65_536)
        self._midi.open_virtual_port(self._path.name)

    def unplug(self) -> None:
        self.read()
        self._midi.close_port()
        self._midi.delete()

    def received(self) -> Sequence[int] | None:
        message = self._midi.get_message()
        return None if message is None else message[0]


def stuck_after(way: str, seed: int, folder: Path) -> int:
    """Play on a device, stop in one of the ways at a moment of `seed`; return what notes hang.

    `folder` is where devices are plugged in. After an unplugged device or a
    killed player, music plays on before it is stopped; without a note left from before.
    """
    rng = random.Random(f"{way}/{seed}")
    name = f"Synth {seed}, {way}"
    jack = way == JACK_WAY
    device = (JackDevice if jack else Device)(folder / name)
    command = [sys.executable, "-P", _PLAY, f"midi:{name}", str(seed), way]
    parent = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | ({} if jack else {"CABLES": str(folder)}),
        preexec_fn=_heeds_interrupts,
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    try:
        first = parent.stdout.readline()
        assert first, f"{name}: {parent.communicate()[1].decode()[-300:]}"
        player = int(first)
        device.wait(lambda: device.begun >= 2)
        threading.Event().wait(rng.uniform(0.0, 0.6))
        if way == "exception":
            parent.stdin.write(b"fail\n")
            parent.stdin.flush()
        elif way in _UNPLUGS:
            device.unplug()
            threading.Event().wait(rng.uniform(0.1, 2.0))
            device.plug_in()
        elif way == "SIGKILL of the player":
            os.kill(player, signal.SIGKILL)
        else:
            parent.send_signal(signal.Signals[way])
        if way in _GOES_ON:  # music goes on; it is stopped once it is back
            begun = device.begun
            device.wait(lambda: device.begun > begun)
            parent.send_signal(signal.SIGINT)
        parent.wait(_PATIENCE_S)
        quiet = threading.Event()
        for _ in range(40):  # the player outlives a parent that was killed, by a moment
            device.read()
            if not device.held and not _alive(player):
                break
            quiet.wait(0.05)
        return len(device.held)
    finally:
        parent.kill()
        parent.communicate()
        device.unplug()


def _heeds_interrupts() -> None:
    """Undo what a shell does to a program in the background: it would ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().split(") ")[1][0] != "Z"
