"""The pages' server as a program of its own, and what it said on its first lines."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Served:
    """A running server; `listener` and `therapist` are links that work once."""

    process: subprocess.Popen[str]
    listener: str
    therapist: str
    log: Path

    @property
    def port(self) -> int:
        return int(re.findall(r":(\d+)/", self.listener)[0])

    def cookie(self, link: str) -> str:
        """Use a link up as a browser does, and return the cookie header that it gave."""
        connection = http.client.HTTPConnection("localhost", self.port, timeout=10)
        origin = {"Origin": f"http://localhost:{self.port}"}
        connection.request("POST", link[link.index("/enter") :], headers=origin)
        response = connection.getresponse()
        assert response.status == 303, response.read()
        connection.close()
        return response.headers["set-cookie"].split(";")[0]


@contextmanager
def served(folder: Path, *options: str) -> Iterator[Served]:
    """Run `biofeedback serve` with a data folder of its own; interrupt it at the end."""
    log = folder / "server.log"
    environment = os.environ | {"XDG_DATA_HOME": str(folder / "data")}
    command = [sys.executable, "-P", "-m", "biofeedback", "serve", "--port", "0", "--no-open"]
    command += ["--out", str(folder / "out"), *options]
    with log.open("w") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
        )
        timer = threading.Timer(60.0, process.kill)
        timer.start()
        try:
            assert process.stdout
            links = [process.stdout.readline().split()[-1:] for _ in range(2)]
            timer.cancel()
            assert all(links), log.read_text()
            yield Served(process, links[0][0], links[1][0], log)
        finally:
            timer.cancel()
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.wait(20)
            if process.stdout:
                process.stdout.close()
