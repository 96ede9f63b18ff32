"""The therapist's page shows wearers at other computers, and steers them."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rigs.broker import Broker, broker, needs_mosquitto
from rigs.served import Served, served

from biofeedback.record.reader import LOG_NAME
from biofeedback.record.rebuild import core_of
from biofeedback.record.verify import verify

pytestmark = [pytest.mark.rig, needs_mosquitto]
websockets = pytest.importorskip("websockets.sync.client", reason="needs biofeedback[web]")


@contextmanager
def worn(there: Broker, name: str, out: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a wearer's session as a program of its own; interrupt it at the end."""
    command = [sys.executable, "-m", "biofeedback", "run", "-s", "sim:", "-o", "null:"]
    command += ["--mqtt", str(there.path(name)), "--out", str(out)]
    environment = os.environ | {"XDG_DATA_HOME": str(out / "data")}
    child = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        yield child
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGINT)
        child.communicate(timeout=30)


class Desk:
    """Speaks to the server as the desk's page does."""

    def __init__(self, server: Served) -> None:
        self._server = server
        self.cookie = server.cookie(server.therapist)

    def post(self, path: str, value: object) -> tuple[int, dict[str, str]]:
        line = http.client.HTTPConnection("localhost", self._server.port, timeout=20)
        headers = {"Cookie": self.cookie, "Content-Type": "application/json"}
        headers["Origin"] = f"http://localhost:{self._server.port}"
        line.request("POST", path, json.dumps(value), headers)
        response = line.getresponse()
        said = json.loads(response.read())
        line.close()
        return response.status, said

    def until(self, seen: Callable[[dict[str, object]], bool]) -> dict[str, object]:
        """Return the first picture of a station that looks as it should."""
        origin = f"http://localhost:{self._server.port}"
        with websockets.connect(
            f"ws://localhost:{self._server.port}/live",
            origin=origin, additional_headers={"Cookie": self.cookie},
        ) as socket:  # fmt: skip
            until_s = time.monotonic() + 20.0
            while time.monotonic() < until_s:
                told = json.loads(socket.recv(timeout=20))
                if "station" in told and seen(told["station"]):
                    return dict(told["station"])
        raise AssertionError("it never looked so")


def test_a_wearer_elsewhere_is_seen_and_steered_and_outlives_desk_and_broker(
    tmp_path: Path,
) -> None:
    remote = "/api/stations/remote-robin"
    with broker(tmp_path / "broker", "robin") as there:
        robin = tmp_path / "robin"
        with worn(there, "robin", robin) as child:
            with served(tmp_path, "--mqtt", str(there.path("ann"))) as server:
                desk = Desk(server)
                station = desk.until(
                    lambda s: s["id"] == "remote-robin" and s["stage"] == "playing"
                )
                assert station["simulated"]
                assert desk.post(f"{remote}/command", {"what": "hold"})[0] == 200
                held = desk.until(
                    lambda s: s["id"] == "remote-robin" and bool(s["picture"].get("held"))
                )
                assert held["problem"] == ""
                code, said = desk.post(f"{remote}/command", {"what": "rating", "value": "calm=1"})
                assert code == 409, said
                assert desk.post(f"{remote}/start", {})[0] in (403, 404)
                assert desk.post("/api/stations/remote-kim/command", {"what": "hold"})[0] == 404
                there.stop(signal.SIGKILL)
                gone = desk.until(lambda s: s["id"] == "remote-robin" and bool(s["problem"]))
                assert "music may go on" in str(gone["problem"])
                code, said = desk.post(f"{remote}/command", {"what": "resume"})
                assert code == 409
                assert "no link to the broker" in said["error"]
                there.start()
                desk.until(lambda s: s["id"] == "remote-robin" and not s["problem"])
                assert desk.post(f"{remote}/command", {"what": "resume"})[0] == 200
                server.process.kill()
            assert child.poll() is None
            log = next(robin.glob(f"2*/{LOG_NAME}"))
            lines = log.read_bytes().count(b"\n")
            (tmp_path / "again").mkdir()
            with served(tmp_path / "again", "--mqtt", str(there.path("ann"))) as server:
                desk = Desk(server)
                desk.until(lambda s: s["id"] == "remote-robin" and s["stage"] == "playing")
                assert desk.post(f"{remote}/silence", {})[0] == 200
                output, _ = child.communicate(timeout=30)
            assert child.returncode == 0, output.decode()
    assert log.read_bytes().count(b"\n") > lines
    verdict = verify(log, core_of)
    assert verdict.complete
    assert verdict.difference is None
    text = log.read_text()
    assert '"who":"mqtt:ann:desk","what":"hold"' in text
    assert '"who":"mqtt:ann:desk","what":"stop"' in text
