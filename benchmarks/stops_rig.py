"""What the measurements of stops share: the slow program, its server, a page and a device."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from websockets.sync.client import connect

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from rigs.stops import Device

PROGRAM = str(Path(__file__).parents[1] / "tests" / "rigs" / "slow_program.py")
SLOW, SLOW_PLAYER = "1.5,1,3", "1.5,1"
PATIENCE_S = 60.0


class Heard(Device):
    """A device that is read all the time, and knows since when nothing sounds."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.quiet_s = time.monotonic()
        self._over = threading.Event()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        while not self._over.wait(0.002):
            begun = self.begun
            self.read()
            if self.held or self.begun != begun:
                self.quiet_s = time.monotonic()

    def close(self) -> None:
        """Stop reading, and take the device away."""
        self._over.set()
        self._reading.join()
        self.unplug()


def environment(folder: Path) -> dict[str, str]:
    """Return what the slow program needs to know, with a data folder of its own."""
    cables = folder / "cables"
    cables.mkdir(exist_ok=True)
    return os.environ | {
        "XDG_DATA_HOME": str(folder / "data"), "CABLES": str(cables), "SLOW": SLOW,
        "SLOW_PLAYER": SLOW_PLAYER, "TERM": "xterm",
    }  # fmt: skip


def wait(true: Callable[[], object], what: str) -> None:
    """Wait until something is true."""
    until_s = time.monotonic() + PATIENCE_S
    while not true():
        if time.monotonic() > until_s:
            raise RuntimeError(f"never came: {what}")
        threading.Event().wait(0.02)


@contextmanager
def server(folder: Path) -> Iterator[tuple[int, str, str]]:
    """Run the pages' server; yield its port and the links of a listener and a therapist."""
    command = [sys.executable, PROGRAM, "serve", "--port", "0", "--no-open"]
    command += ["--out", str(folder / "out")]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=(folder / "log").open("w"), text=True,
        env=environment(folder),
    )  # fmt: skip
    try:
        assert child.stdout
        listener, therapist = (child.stdout.readline().split()[-1] for _ in range(2))
        yield int(re.findall(r":(\d+)/", listener)[0]), listener, therapist
    finally:
        child.send_signal(signal.SIGINT)
        child.wait(60)


class Client:
    """Asks as a page does."""

    def __init__(self, port: int, link: str) -> None:
        self._port = port
        self._headers = {"Origin": f"http://localhost:{port}", "Content-Type": "application/json"}
        answer = self._ask("POST", link[link.index("/enter") :])
        self._headers["Cookie"] = answer.headers["set-cookie"].split(";")[0]
        page = self._ask("GET", "/").read().decode()
        self.station = json.loads(re.findall(r'id="facts">(.*?)</script>', page)[0])["station"]

    def _ask(self, method: str, path: str, value: object = None) -> http.client.HTTPResponse:
        line = http.client.HTTPConnection("localhost", self._port, timeout=60)
        line.request(method, path, None if value is None else json.dumps(value), self._headers)
        return line.getresponse()

    def post(self, path: str, value: object) -> dict[str, object]:
        """Return the answer to a change."""
        return dict(json.loads(self._ask("POST", path, value).read()))

    def pictures(self) -> Iterator[dict[str, object]]:
        """Yield what the page is shown."""
        extra = {"Cookie": self._headers["Cookie"]}
        address, origin = f"ws://localhost:{self._port}/live", self._headers["Origin"]
        with connect(address, origin=origin, additional_headers=extra) as live:
            while True:
                told = json.loads(live.recv(timeout=60))
                if told.get("station", {}).get("id") == self.station:
                    yield told["station"]
