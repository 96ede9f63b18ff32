"""A JACK server of our own, without hardware, for ports and sound that tests can hear."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from synth.outputs.rtmidi_binding import jack_is_running

PRESENT = shutil.which("jackd") is not None
_COUNT = count()
REASON = "needs jackd (Debian: jackd2)"


@contextmanager
def jack_server(*, realtime: bool = False) -> Iterator[str]:
    """Run jackd's dummy driver under a name of its own, which the environment then carries.

    `realtime` needs rights; without it a busy machine makes the server lose messages.
    """
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
