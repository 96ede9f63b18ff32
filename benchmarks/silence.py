"""How long it takes from a key to silence: p, q twice, Ctrl-C, and SIGTERM, of the real command.

python benchmarks/silence.py [--runs 5]

`biofeedback run` plays a simulated body under JACK's dummy driver, in a terminal of its own: on a
MIDI port, then with its own instruments. Time runs from the key, at a moment when something sounds,
by the clock of who listens: on the port until the last note-off that something sounding needed has
come in, with the instruments until the last period of JACK's that holds more than -60 dBFS, echo
included. The goal is 250 ms. Ends with 1 if one took longer, or a note hangs.
"""

import argparse
import os
import pty
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from rigs import jack

GOAL_MS = 250.0
PATIENCE_S = 60.0
AUDIBLE = 1e-3  # -60 dBFS
PORT = "Silence"


class Listener:
    """A synthesiser that knows what sounds, and since when nothing does."""

    output = f"midi:*{PORT}"

    def __init__(self) -> None:
        import rtmidi

        self.held: set[tuple[int, int]] = set()
        self.quiet_s = time.monotonic()
        self._begun = self._counted = 0
        self.midi = rtmidi.MidiIn(3, name="listener")
        self.midi.open_virtual_port(PORT)
        self.midi.set_callback(self._heard)

    def _heard(self, event: tuple[list[int], float], data: object) -> None:
        status, *rest = event[0]
        kind, channel = status & 0xF0, status & 0x0F
        sounded = bool(self.held)
        if kind == 0x90:
            self.held.add((channel, rest[0]))
            self._begun += 1
        elif kind == 0x80:
            self.held.discard((channel, rest[0]))
        elif kind == 0xB0 and rest[0] in (120, 123):
            self.held = {place for place in self.held if place[0] != channel}
        if sounded and not self.held:
            self.quiet_s = time.monotonic()

    def expect(self) -> None:
        """Forget what began before."""
        self._counted = self._begun

    def under_way(self) -> bool:
        """Tell whether music has begun."""
        return self._begun > self._counted + 8

    def sounding(self) -> bool:
        """Tell whether enough sounds to be stopped."""
        return len(self.held) >= 2

    def silent(self) -> bool:
        """Tell whether nothing sounds; `quiet_s` says since when."""
        return not self.held

    def close(self) -> None:
        """Take the port away."""
        self.midi.close_port()
        self.midi.delete()


class Ear:
    """A JACK client that hears our instruments, and since when they are silent."""

    output = "audio:"

    def __init__(self) -> None:
        import jack as library

        self._too_early = library.JackErrorCode
        self.held: set[tuple[int, int]] = set()
        self.quiet_s = self._heard_s = time.monotonic()
        self._peaks: deque[float] = deque(maxlen=20)
        self._client = library.Client("ear", no_start_server=True)
        self._ports = [self._client.inports.register(f"in{side}") for side in range(2)]
        self._client.set_process_callback(self._hear)
        self._client.activate()

    def _hear(self, frames: int) -> None:
        self._heard_s = time.monotonic()
        self._peaks.append(max(float(abs(port.get_array()).max()) for port in self._ports))
        if self._peaks[-1] > AUDIBLE:
            self.quiet_s = self._heard_s

    def expect(self) -> None:
        """Forget what was heard before."""
        self._peaks.clear()

    def under_way(self) -> bool:
        """Tell whether music sounds; connect to the player as soon as it is there."""
        outs = self._client.get_ports("biofeedback.*", is_audio=True, is_output=True)
        for out, port in zip(outs, self._ports, strict=False):
            if not port.is_connected_to(out):
                try:
                    self._client.connect(out, port)
                except self._too_early:  # its ports are there before it runs
                    return False
        return self.sounding()

    def sounding(self) -> bool:
        """Tell whether it has been loud for the last twenty periods."""
        return len(self._peaks) == 20 and min(self._peaks) > 10.0 * AUDIBLE

    def silent(self) -> bool:
        """Tell whether nothing was heard for 20 ms; `quiet_s` says since when."""
        return self._heard_s - self.quiet_s > 0.02

    def close(self) -> None:
        """Leave the server."""
        self._client.deactivate()
        self._client.close()


def wait_for(true: Callable[[], bool]) -> None:
    """Wait until something is so; raise `TimeoutError` when it is not for a minute."""
    pause, end_s = threading.Event(), time.monotonic() + PATIENCE_S
    while not true():
        if time.monotonic() > end_s:
            raise TimeoutError
        pause.wait(0.002)


class Run:
    """The command, playing, in a terminal whose keys we press."""

    def __init__(self, listener: Listener | Ear, folder: str) -> None:
        self.listener = listener
        self.keys, terminal = pty.openpty()
        command = [
            *(sys.executable, "-m", "biofeedback", "run", "-s", "sim:"),
            *("--seed", "1", "--style", "chamber"),
            *("-o", listener.output, "--out", folder),
        ]
        listener.expect()
        self.process = subprocess.Popen(
            command, stdin=terminal, stdout=terminal, stderr=terminal, preexec_fn=_own_terminal
        )
        os.close(terminal)
        threading.Thread(target=self._drain, daemon=True).start()
        wait_for(listener.under_way)

    def _drain(self) -> None:
        try:
            while os.read(self.keys, 4096):
                pass
        except OSError:
            pass  # the program has ended, and its terminal with it

    def silence_ms(self, act) -> float:
        """Act while something sounds; return how long it sounded on."""
        wait_for(self.listener.sounding)
        began_s = time.monotonic()
        act()
        wait_for(self.listener.silent)
        return 1000.0 * (self.listener.quiet_s - began_s)

    def press(self, key: bytes) -> None:
        """Press a key."""
        os.write(self.keys, key)

    def end(self) -> None:
        """Wait for the program to end by itself."""
        try:
            self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()
            self.process.wait()
            os.close(self.keys)


def _own_terminal() -> None:
    import fcntl
    import termios

    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def measure(runs: int, listener: Listener | Ear) -> dict[str, list[float]]:
    """Return the times of each way, in ms."""
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for way in ("p", "q, twice", "Ctrl-C", "SIGTERM"):
            for _ in range(runs):
                run = Run(listener, folder)
                act = {
                    "p": lambda run=run: run.press(b"p"),
                    "q, twice": lambda run=run: run.press(b"qq"),
                    "Ctrl-C": lambda run=run: run.press(b"\x03"),
                    "SIGTERM": lambda run=run: run.process.send_signal(signal.SIGTERM),
                }[way]
                found.setdefault(way, []).append(run.silence_ms(act))
                if way == "p":  # music goes on, and is silenced again
                    found[way].append(run.silence_ms(act))
                    run.press(b"qq")
                run.end()
                if listener.held:
                    raise SystemExit(f"after {way}, {listener.held} hang")
    listener.close()
    return found


def main() -> int:
    """Run the benchmark; return 1 when silence took too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    longest_ms = 0.0
    print(f"{'ms to silence':24}{'times':>7}{'median':>9}{'longest':>9}")
    with jack.jack_server():
        for kind in (Listener, Ear):
            for way, times in measure(options.runs, kind()).items():
                times.sort()
                longest_ms = max(longest_ms, times[-1])
                name = f"{kind.output.partition(':')[0]}, {way}"
                print(f"{name:24}{len(times):7}{times[len(times) // 2]:9.1f}{times[-1]:9.1f}")
    return int(longest_ms > GOAL_MS)


if __name__ == "__main__":
    sys.exit(main())
