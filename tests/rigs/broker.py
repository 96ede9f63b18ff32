"""A real mosquitto on loopback, from the files that `mqtt setup` makes, TLS and rules included."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from biofeedback.mqtt import setup
from biofeedback.mqtt.address import Login, load

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")


class Broker:
    """Its process can be ended in all ways and started again; `login` is a user's."""

    def __init__(self, folder: Path, wearers: tuple[str, ...]) -> None:
        assert MOSQUITTO is not None
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.conf = setup.create(folder, "localhost", self.port, "127.0.0.1")
        for name in wearers:
            setup.add(folder, name, "wearer")
        setup.add(folder, "ann", "therapist")
        setup.add(folder, "olga", "observer")
        self._process: subprocess.Popen[bytes] | None = None

    def path(self, name: str) -> Path:
        return self.folder / "logins" / f"{name}.toml"

    def login(self, name: str) -> Login:
        return load(str(self.path(name)))

    @property
    def said(self) -> str:
        return (self.folder / "said").read_text()

    def start(self) -> None:
        with (self.folder / "said").open("ab") as said:
            self._process = subprocess.Popen(
                [str(MOSQUITTO), "-c", str(self.conf)], stdout=said, stderr=said
            )
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"the broker does not start: {self.said}")

    @property
    def cpu_s(self) -> float:
        """The CPU time that its process has taken."""
        assert self._process is not None
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def tell(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(10)
            self._process = None


@contextmanager
def broker(folder: Path, *wearers: str) -> Iterator[Broker]:
    """Run a broker with these wearers, the therapist ann and the observer olga."""
    made = Broker(folder, wearers)
    made.start()
    try:
        yield made
    finally:
        made.stop(signal.SIGKILL)


needs_mosquitto = pytest.mark.skipif(MOSQUITTO is None, reason="there is no mosquitto here")
