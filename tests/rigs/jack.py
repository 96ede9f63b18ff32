"""A JACK server of our own, without hardware, for ports and sound that tests can hear."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import TypeVar

from synth.outputs.midi_system import jack_is_running

PRESENT = shutil.which("jackd") is not None
_COUNT = count()
_ATTEMPTS = 5
T = TypeVar("T")
REASON = "needs jackd (Debian: jackd2)"


def realtime_allowed() -> bool:
    """Tell whether a process may run with real-time priority here."""
    ask = "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))"
    return (
        subprocess.run([sys.executable, "-S", "-c", ask], stderr=subprocess.DEVNULL).returncode == 0
    )


@contextmanager
def jack_server(*, realtime: bool | None = None) -> Iterator[str]:
    """Run jackd's dummy driver under a name of its own, which the environment then carries.

    With real-time priority where that is allowed: without it a busy machine makes the server lose
    messages and time, whoever plays.
    """
    realtime = realtime_allowed() if realtime is None else realtime
    name = f"biofeedback-{os.getpid()}-{next(_COUNT)}"  # a used name would meet what it left behind
    before = {k: os.environ.get(k) for k in ("JACK_DEFAULT_SERVER", "JACK_NO_AUDIO_RESERVATION")}
    os.environ |= {"JACK_DEFAULT_SERVER": name, "JACK_NO_AUDIO_RESERVATION": "1"}
    rights = "--realtime" if realtime else "--no-realtime"
    command = ["jackd", rights, "-n", name, "-d", "dummy", "-r", "48000", "-p", "256"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        pause = threading.Event()
        for _ in range(100):
            if jack_is_running():
                break
            assert server.poll() is None, "jackd ended at once"
            pause.wait(0.1)
        else:
            raise AssertionError("jackd does not answer")
        yield name
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(10)
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


class Witness:
    """A JACK client that plays nothing and counts the periods that the server itself missed."""

    def __init__(self) -> None:
        import jack

        self.missed = 0
        self._client = jack.Client("witness", no_start_server=True)
        self._client.set_xrun_callback(self._add)
        self._client.activate()

    def _add(self, _: float) -> None:
        self.missed += 1

    def close(self) -> None:
        self._client.deactivate()
        self._client.close()


def judged(play: Callable[[], T], judge: Callable[[T], None]) -> None:
    """Play under a server, then judge; anew when it was the server that missed periods.

    What a product did on a server that kept its time counts at once. On a machine that is so busy
    that the server never does, the last attempt counts.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        with jack_server():
            witness = Witness()
            try:
                played = play()
            finally:
                witness.close()
        try:
            judge(played)
        except AssertionError as error:
            error.add_note(f"attempt {attempt}: the server missed {witness.missed} periods")
            if not witness.missed or attempt == _ATTEMPTS:
                raise
        else:
            return
