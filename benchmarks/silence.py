"""How long it takes from a key to silence: p, q twice, Ctrl-C, and SIGTERM, of the real command.

python benchmarks/silence.py [--runs 5]

`biofeedback run` plays a simulated body on a MIDI port under JACK's dummy driver, in a terminal of
its own. Time runs from the key until the last note-off that something sounding needed has come in,
by the clock of who listens; at a moment when notes sound. The goal is 250 ms. Ends with 1 if one
took longer, or a note hangs.
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
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from rigs import jack

GOAL_MS = 250.0
PATIENCE_S = 60.0
PORT = "Silence"


class Listener:
    """A synthesiser that knows what sounds, and since when nothing does."""

    def __init__(self) -> None:
        import rtmidi

        self.held: set[tuple[int, int]] = set()
        self.quiet_s = time.monotonic()
        self.begun = 0
        self.midi = rtmidi.MidiIn(3, name="listener")
        self.midi.open_virtual_port(PORT)
        self.midi.set_callback(self._heard)

    def _heard(self, event: tuple[list[int], float], data: object) -> None:
        status, *rest = event[0]
        kind, channel = status & 0xF0, status & 0x0F
        sounded = bool(self.held)
        if kind == 0x90:
            self.held.add((channel, rest[0]))
            self.begun += 1
        elif kind == 0x80:
            self.held.discard((channel, rest[0]))
        elif kind == 0xB0 and rest[0] in (120, 123):
            self.held = {place for place in self.held if place[0] != channel}
        if sounded and not self.held:
            self.quiet_s = time.monotonic()

    def wait_for(self, true) -> None:
        """Wait until something is so; raise `TimeoutError` when it is not for a minute."""
        pause, end_s = threading.Event(), time.monotonic() + PATIENCE_S
        while not true():
            if time.monotonic() > end_s:
                raise TimeoutError
            pause.wait(0.002)

    def close(self) -> None:
        """Take the port away."""
        self.midi.close_port()
        self.midi.delete()


class Run:
    """The command, playing, in a terminal whose keys we press."""

    def __init__(self, listener: Listener, folder: str) -> None:
        self.listener = listener
        self.keys, terminal = pty.openpty()
        command = [
            *(sys.executable, "-m", "biofeedback", "run", "-s", "sim:", "--style", "chamber"),
            *("-o", f"midi:*{PORT}", "--out", folder),
        ]
        begun = listener.begun
        self.process = subprocess.Popen(
            command, stdin=terminal, stdout=terminal, stderr=terminal, preexec_fn=_own_terminal
        )
        os.close(terminal)
        threading.Thread(target=self._drain, daemon=True).start()
        listener.wait_for(lambda: listener.begun > begun + 8)

    def _drain(self) -> None:
        try:
            while os.read(self.keys, 4096):
                pass
        except OSError:
            pass  # the program has ended, and its terminal with it

    def silence_ms(self, act) -> float:
        """Act while notes sound; return how long they sounded on."""
        self.listener.wait_for(lambda: len(self.listener.held) >= 2)
        began_s = time.monotonic()
        act()
        self.listener.wait_for(lambda: not self.listener.held)
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


def measure(runs: int) -> dict[str, list[float]]:
    """Return the times of each way, in ms."""
    found: dict[str, list[float]] = {}
    listener = Listener()
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
    with jack.jack_server():
        found = measure(options.runs)
    print(f"{'ms to silence':16}{'times':>7}{'median':>9}{'longest':>9}")
    for way, times in found.items():
        times.sort()
        print(f"{way:16}{len(times):7}{times[len(times) // 2]:9.1f}{times[-1]:9.1f}")
    return int(max(max(times) for times in found.values()) > GOAL_MS)


if __name__ == "__main__":
    sys.exit(main())
