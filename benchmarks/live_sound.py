"""A whole session plays through JACK's dummy driver: dropouts, processor, memory of its player.

    python benchmarks/live_sound.py [--seconds 300] [--style ambient]

Needs Linux, jackd and pyo. Virtual sensors, metrics, log and core run in the session's processes as
they do for a user; what is measured is the process that makes the sound, at 48 kHz and 256 frames.
The goals are no xrun, at most 15 % of a core and at most 1 MB of growth an hour. The first ten
seconds, in which everything is built, are shown apart. A second server that nobody uses runs beside
it: the xruns that it counts are the machine's, such as a host that takes the processor away. Growth
is the slope of the last two thirds, and can be told from 120 s on. Exits with 1 when a goal is
missed.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import jack
import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from rigs.jack import jack_server  # noqa: E402

START_S = 10.0
MOST_CPU, MOST_GROWTH_MB_PER_HOUR = 0.15, 1.0
ENOUGH_S = 120.0  # below, a page or two would look like growth
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Xruns:
    """A JACK client that counts the server's xruns."""

    def __init__(self) -> None:
        self.count = 0
        self._client = jack.Client("witness", no_start_server=True)
        self._client.set_xrun_callback(self._add)
        self._client.activate()

    def _add(self, _: float) -> None:
        self.count += 1

    def close(self) -> None:
        """Leave the server."""
        self._client.deactivate()
        self._client.close()

    def playing(self) -> bool:
        """Tell whether the player has its ports."""
        return bool(self._client.get_ports("biofeedback.*", is_audio=True, is_output=True))


def main() -> None:
    """Run one session and print what its player took."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--style", default="ambient")
    parser.add_argument("--nobody", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.nobody:
        _nobody_plays()
        return
    with tempfile.TemporaryDirectory() as folder, _server() as rights:
        xruns = Xruns()
        duration = str(options.seconds + START_S + 10.0)
        command = [sys.executable, "-m", "biofeedback", "run", "--seed", "1", "--sensor", "sim:"]
        command += ["--output", "audio:", "--style", options.style, "--seed", "1"]
        command += ["--duration", duration, "--out", folder]
        session = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            failed = _watch(session, xruns, options.seconds, rights)
        finally:
            session.send_signal(signal.SIGINT)
            session.wait(60)
            xruns.close()
    sys.exit(failed)


@contextmanager
def _server() -> Iterator[str]:
    """Run jackd with real-time rights where it gets them, else without; yield which."""
    with ExitStack() as stack:
        try:
            stack.enter_context(jack_server(realtime=True))
            rights = "real-time"
        except AssertionError:
            stack.enter_context(jack_server())
            rights = "normal"
        yield rights


def _nobody_plays() -> None:
    """Print how many xruns an unused server has from a line of standard input to its end."""
    with _server() as rights:
        xruns = Xruns()
        sys.stdin.readline()
        before = xruns.count
        sys.stdin.read()
        print(f"{xruns.count - before} ({rights})")
        xruns.close()


def _watch(session: subprocess.Popen[bytes], xruns: Xruns, seconds: float, rights: str) -> bool:
    pause = threading.Event()
    began = time.monotonic()
    while not xruns.playing():
        if session.poll() is not None or time.monotonic() - began > 60.0:
            raise SystemExit("the session does not play: try biofeedback run --output audio:")
        pause.wait(0.1)
    player = _player_of(session.pid)
    unused = subprocess.Popen(
        [sys.executable, __file__, "--nobody"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    pause.wait(START_S)
    unused.stdin.write(b"from now on\n")
    unused.stdin.flush()
    at_start, cpu_s, started = xruns.count, _cpu_s(player), time.monotonic()
    times, sizes = [], []
    while time.monotonic() - started < seconds:
        pause.wait(1.0)
        times.append(time.monotonic() - started)
        sizes.append(_rss_mb(player))
    elapsed = time.monotonic() - started
    share = (_cpu_s(player) - cpu_s) / elapsed
    settled = [
        k for k, at in enumerate(times) if at >= elapsed / 3.0
    ]  # all voices were used by then
    growth = 3600.0 * float(
        np.polyfit([times[k] for k in settled], [sizes[k] for k in settled], 1)[0]
    )
    late = xruns.count - at_start
    of_machine = unused.communicate()[0].decode().strip() or "unknown"
    print(f"jackd at {rights} priority, 256 frames, {elapsed:.0f} s")
    print(f"xruns             {late:8d}   goal 0 (and {at_start} in the first {START_S:g} s)")
    print(f"  of a server beside it that nobody uses {of_machine}")
    print(f"share of a core   {100 * share:8.1f} % goal {100 * MOST_CPU:g} %")
    print(f"memory            {sizes[-1]:8.1f} MB, from {sizes[0]:.1f}")
    print(f"growth an hour    {growth:8.2f} MB goal {MOST_GROWTH_MB_PER_HOUR:g} MB")
    grows = elapsed >= ENOUGH_S and growth > MOST_GROWTH_MB_PER_HOUR
    return late > 0 or share > MOST_CPU or grows


def _player_of(pid: int) -> int:
    """Return the process below `pid` that makes the sound."""
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        for task in Path(f"/proc/{parent}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                if b"synth.player" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return child
                waiting.append(child)
    raise SystemExit("the session has no player process")


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _rss_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 1e6


if __name__ == "__main__":
    main()
