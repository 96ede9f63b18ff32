"""The browser or the server is killed in mid-session: the music's own rule decides, not they."""

from __future__ import annotations

import http.client
import json
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rigs import chromium
from rigs.served import Served, served

from biofeedback.record.reader import read
from biofeedback.record.rebuild import core_of
from biofeedback.record.verify import verify

pytestmark = pytest.mark.rig


def post(server: Served, cookie: str, path: str, value: object) -> None:
    line = http.client.HTTPConnection("localhost", server.port, timeout=20)
    headers = {"Cookie": cookie, "Origin": f"http://localhost:{server.port}",
               "Content-Type": "application/json"}  # fmt: skip
    line.request("POST", path, json.dumps(value), headers)
    response = line.getresponse()
    said = response.read()
    line.close()
    assert response.status == 200, said


def until(what: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(600):
        if what():
            return
        pause.wait(0.05)
    raise AssertionError("it never came to that")


def notes(folder: Path) -> int:
    return sum(log.read_bytes().count(b'"kind":"note"') for log in logs(folder))


def logs(folder: Path) -> list[Path]:
    return list((folder / "out").glob("*/session.jsonl"))


@pytest.mark.skipif(chromium.PATH is None, reason=chromium.REASON)
def test_a_browser_that_is_killed_takes_no_music_with_it(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        therapist = server.cookie(server.therapist)
        with chromium.browser() as browser:
            page = browser.page()
            page.open(server.listener)
            page.wait("document.activeElement.matches('button')")
            page.press("Enter")
            page.wait("document.querySelectorAll('input[name=programme]').length")
            page.run(
                "fetch('/api/stations/home/start', {method: 'POST', headers: {'content-type': "
                "'application/json'}, body: JSON.stringify({sensor: 'sim:', output: 'null:'})})"
            )
            until(lambda: notes(tmp_path) > 0)
            assert browser.process is not None
            browser.process.kill()
            browser.process.wait()
        before = notes(tmp_path)
        until(lambda: notes(tmp_path) > before + 2)
        post(
            server, therapist, "/api/stations/home/command", {"what": "note", "value": "still here"}
        )
        post(server, therapist, "/api/stations/home/silence", {})
        (log,) = logs(tmp_path)
        until(lambda: b'"kind":"end"' in log.read_bytes())
    verdict = verify(log, core_of)
    assert verdict.complete
    assert verdict.difference is None
    assert b"still here" in log.read_bytes()
    assert "Traceback" not in server.log.read_text()


def test_a_server_that_is_killed_leaves_every_stations_log_whole_up_to_its_last_second(
    tmp_path: Path,
) -> None:
    with served(tmp_path) as server:
        cookie = server.cookie(server.listener)
        choice = {"sensor": "sim:", "output": "null:"}
        post(server, cookie, "/api/stations/home/start", choice)
        until(lambda: notes(tmp_path) > 4)
        (log,) = logs(tmp_path)
        last = json.loads(log.read_bytes().splitlines()[-1])
        began_s = time.monotonic() - last["t"]
        server.process.send_signal(signal.SIGKILL)
        killed_s = time.monotonic() - began_s
        server.process.wait(10)
    last_line = [line for _, line in read(log)][-1]
    assert killed_s - last_line.t <= 2.0
    verdict = verify(log, core_of)
    assert verdict.difference is None
    assert not verdict.complete
    assert verdict.derived > 10
