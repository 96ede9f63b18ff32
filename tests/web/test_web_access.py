"""Who looks at a listener's data from a desk is written down, and shown to the listener alone."""

import json
from contextlib import ExitStack
from pathlib import Path

import pytest
from rigs.page_server import PageServer, page_server
from websockets.sync.client import ClientConnection, connect

from biofeedback.cli.app import run
from biofeedback.personal import trail

pytestmark = pytest.mark.slow  # a session in real time

STATION = "/api/stations/home"


def watching(server: PageServer, cookie: str) -> ClientConnection:
    headers = {"Cookie": cookie, "Origin": server.origin}
    address = f"ws://127.0.0.1:{server.port}/live"
    return connect(address, additional_headers=headers, proxy=None)


def asked(server: PageServer, cookie: str, path: str, body: object = None) -> tuple[int, object]:
    data = None if body is None else json.dumps(body).encode()
    told = server.ask(
        "GET" if body is None else "POST", f"{STATION}/{path}", cookie=cookie, body=data
    )
    return told.status, json.loads(told.body)


def test_each_session_that_a_desk_sees_is_noted_once_and_a_listener_is_no_stranger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with page_server(tmp_path / "out") as server:
        listener, _ = server.invite("listener", "home")
        therapist, _ = server.invite("therapist")
        choice = {"sensor": "sim:", "output": "null:", "programme": "mirror"}
        with ExitStack() as stack:
            own, desk = (stack.enter_context(watching(server, c)) for c in (listener, therapist))
            assert asked(server, listener, "access") == (200, [])
            assert asked(server, listener, "start", choice)[0] == 200
            while not trail.looks(None):
                own.recv(timeout=10)
                desk.recv(timeout=10)
            for _ in range(5):  # more pictures of the same session are no other look
                desk.recv(timeout=10)
            asked(server, listener, "command", {"what": "stop"})
            assert asked(server, therapist, "access")[0] == 403
            _, looks = asked(server, listener, "access")
    assert isinstance(looks, list)
    assert [(look["who"], look["role"], look["what"]) for look in looks] == [
        ("somebody", "therapist", "live")
    ]
    assert run(["profile", "access"]) == 0
    assert "somebody (therapist)" in capsys.readouterr().out
