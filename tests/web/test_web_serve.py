"""`biofeedback serve` as a program: encrypted for others; a page's end ends no music."""

import http.client
import json
import signal
import socket
import ssl
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from rigs.served import Served, served
from websockets.sync.client import connect

from biofeedback.cli.app import run


def ask(server: Served, method: str, path: str, cookie: str, body: object = None) -> bytes:
    connection = http.client.HTTPConnection("localhost", server.port, timeout=20)
    headers = {"Cookie": cookie, "Origin": f"http://localhost:{server.port}",
               "Content-Type": "application/json"}  # fmt: skip
    connection.request(method, path, json.dumps(body), headers)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    assert response.status == 200, content
    return content


def pictures(server: Served, cookie: str, until: Callable[[dict[str, object]], bool]) -> None:
    """Watch as a page does until a picture is as wanted; then go without a farewell."""
    address = f"ws://localhost:{server.port}/live"
    headers = {"Cookie": cookie, "Origin": f"http://localhost:{server.port}"}
    with connect(address, additional_headers=headers, proxy=None) as opened:
        while not until(json.loads(opened.recv(timeout=30)).get("station", {})):
            pass
        opened.socket.close()


def log_of(folder: Path) -> list[dict[str, object]]:
    (path,) = (folder / "out").glob("*/session.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.rig
def test_music_goes_on_without_a_page_and_ends_with_the_server(tmp_path: Path) -> None:
    with served(tmp_path, "--volume-cap", "0.3") as server:
        cookie = server.cookie(server.listener)
        choice = {"sensor": "sim:", "output": "null:"}
        ask(server, "POST", "/api/stations/home/start", cookie, choice)

        def sounds(station: dict[str, dict[str, object]]) -> bool:
            return bool(station.get("picture", {}).get("music"))

        pictures(server, cookie, sounds)  # type: ignore[arg-type]
        (path,) = (tmp_path / "out").glob("*/session.jsonl")
        before, pause = path.stat().st_size, threading.Event()
        for _ in range(100):
            pause.wait(0.1)
            if path.stat().st_size > before + 5000:
                break
        assert path.stat().st_size > before + 5000
        pictures(server, cookie, lambda station: station.get("stage") == "playing")
        wish = {"what": "volume", "value": "0.9"}
        ask(server, "POST", "/api/stations/home/command", cookie, wish)
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(60) == 130
    assert "Traceback" not in server.log.read_text()
    log = log_of(tmp_path)
    assert log[-1]["kind"] == "end"
    assert log[-1]["reason"] == "interrupted"
    assert [line["value"] for line in log if line["kind"] == "command"] == ["0.300"]
    assert run(["verify", str(path)]) == 0


@pytest.mark.rig
def test_other_devices_are_served_encrypted_only(tmp_path: Path) -> None:
    with served(tmp_path, "--lan", "--host", "music.example.org") as server:
        folder = tmp_path / "data" / "biofeedback" / "certificate"
        assert server.listener.startswith("https://music.example.org:")
        assert stat.S_IMODE((folder / "key.pem").stat().st_mode) == 0o600
        trusting = ssl.create_default_context(cafile=str(folder / "certificate.pem"))
        path = server.listener[server.listener.index("/enter") :]
        connection = http.client.HTTPSConnection(
            "localhost", server.port, context=trusting, timeout=10
        )
        connection.request("POST", path, headers={"Origin": f"https://localhost:{server.port}"})
        response = connection.getresponse()
        response.read()
        assert response.status == 303
        assert "Secure" in response.headers["set-cookie"]
        connection.close()
        with socket.create_connection(("localhost", server.port), timeout=5) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert not plain.recv(100).startswith(b"HTTP")
    assert "fingerprint" in server.log.read_text()


@pytest.mark.parametrize("line", [
    "--host example.org", "--lan --certificate a.pem", "--lan --certificate a.pem --key b.pem",
    "--contacts nowhere.toml", "--profile a/b",
])  # fmt: skip
def test_a_mistake_is_told_before_anything_is_served(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert run(["serve", "--port", "0", "--no-open", *line.split()]) == 2
    said = capsys.readouterr()
    assert said.err.count("Error:") == 1
    assert said.out == ""
