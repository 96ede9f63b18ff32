"""Nobody comes in who was not let in: every route, found in the application's own table."""

import json
import logging
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from rigs.page_server import Answer, PageServer, page_server
from starlette.routing import Route, WebSocketRoute
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import connect

import biofeedback.web

STATIC = Path(biofeedback.web.__file__).parent / "static"
ROLES = ("listener", "therapist", "observer")
FILLED = {"station": "home", "session": "20260101T000000Z", "file": "report.html", "id": "ab",
          "name": "style.css", "secret": "wrong"}  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
    with page_server(tmp_path_factory.mktemp("out")) as made:
        yield made
    monkeypatch.undo()


def later(server: PageServer) -> None:
    """Let strangers' patience of the server grow back."""
    server.later["s"] += 60.0


def routes(server: PageServer) -> list[tuple[str, str, frozenset[str]]]:
    """Return method, path and roles of every HTTP route but the entrance."""
    found = []
    for route in server.table:
        if isinstance(route, Route) and not route.path.startswith("/enter/"):
            path = re.sub(r"{(\w+)}", lambda m: FILLED[m[1]], route.path)
            found += [(m, path, route.endpoint.roles) for m in route.methods or () if m != "HEAD"]
    return found


def ask_all(server: PageServer, **options: object) -> set[int]:
    statuses = set()
    for method, path, _ in routes(server):
        later(server)
        body = b"{}" if method == "POST" else None
        statuses.add(server.ask(method, path, body=body, **options).status)
    return statuses


def socket_opens(server: PageServer, cookie: str = "", **headers: str) -> bool:
    later(server)
    sent = {"Origin": server.origin, **headers} | ({"Cookie": cookie} if cookie else {})
    host = sent.pop("Host", None)
    address = f"ws://{host or server.origin.partition('://')[2]}/live"
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        try:
            with connect(address, sock=raw, additional_headers=sent, proxy=None) as opened:
                return bool(opened.recv(timeout=5))
        except (InvalidStatus, InvalidHandshake):
            return False


def test_the_table_has_every_kind_of_route(server: PageServer) -> None:
    assert len(routes(server)) >= 20
    assert [r.path for r in server.table if isinstance(r, WebSocketRoute)] == ["/live"]


def test_without_a_cookie_nothing_answers(server: PageServer) -> None:
    assert ask_all(server) == {401}
    assert not socket_opens(server)


@pytest.mark.parametrize("cookie", ["biofeedback=", "biofeedback=wrong", "biofeedback=" + "a" * 43,
                                    "other=1", "biofeedback=\xff", "=;;=\x01"])  # fmt: skip
def test_a_wrong_cookie_is_none(server: PageServer, cookie: str) -> None:
    later(server)
    assert server.ask("GET", "/", cookie=cookie).status == 401
    assert server.ask("POST", "/api/stations/home/silence", cookie=cookie, body=b"{}").status == 401


def test_a_wrong_cookie_opens_no_route(server: PageServer) -> None:
    assert ask_all(server, cookie="biofeedback=wrong") == {401}
    assert not socket_opens(server, "biofeedback=wrong")


def test_an_expired_grant_opens_no_route(server: PageServer) -> None:
    cookie, _ = server.invite("therapist", stay_s=100.0)
    assert server.ask("GET", "/", cookie=cookie).status == 200
    server.later["s"] += 101.0
    assert ask_all(server, cookie=cookie) == {401}
    assert not socket_opens(server, cookie)


def test_a_revoked_grant_opens_no_route_and_its_open_socket_closes(server: PageServer) -> None:
    cookie, grant = server.invite("observer")
    with connect(
        f"ws://127.0.0.1:{server.port}/live",
        additional_headers={"Cookie": cookie, "Origin": server.origin},
    ) as opened:
        assert "home" in opened.recv(timeout=5)
        server.tokens.revoke(grant)
        with suppress(ConnectionClosed):
            list(opened)
        assert opened.close_code == 4401
    assert ask_all(server, cookie=cookie) == {401}
    assert not socket_opens(server, cookie)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_its_own_routes_only(server: PageServer, role: str) -> None:
    for method, path, roles in routes(server):
        cookie, _ = server.invite(role)  # one of these routes is the way out
        later(server)
        status = server.ask(method, path, cookie=cookie, body=b"[]").status
        assert (status == 403) == (role not in roles), (method, path, status)


def test_an_observer_has_no_route_that_changes_anything(server: PageServer) -> None:
    changing = {path for method, path, roles in routes(server) if method != "GET"
                and "observer" in roles}  # fmt: skip
    assert changing == {"/leave"}


def test_a_guest_of_one_station_has_no_route_to_another(server: PageServer) -> None:
    for role in ROLES:
        cookie, _ = server.invite(role, "elsewhere")
        for method, path, _ in routes(server):
            if "/stations/" in path:
                later(server)
                assert server.ask(method, path, cookie=cookie, body=b"{}").status == 403


def test_a_foreign_host_is_refused(server: PageServer) -> None:
    cookie, _ = server.invite("listener")
    for host in ("evil.example", f"evil.example:{server.port}", "127.0.0.1", ""):
        assert ask_all(server, cookie=cookie, headers={"Host": host}) == {400}
    assert not socket_opens(server, cookie, Host=f"localhost.evil.example:{server.port}")


def test_a_foreign_origin_is_refused(server: PageServer) -> None:
    cookie, _ = server.invite("listener")
    for origin in ("http://evil.example", "null", f"https://127.0.0.1:{server.port}", ""):
        assert ask_all(server, cookie=cookie, headers={"Origin": origin}) == {403}
        assert not socket_opens(server, cookie, Origin=origin)


def test_whatever_changes_something_needs_an_origin(server: PageServer) -> None:
    cookie, _ = server.invite("listener")
    request = (
        f"POST /api/stations/home/silence HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        f"Cookie: {cookie}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
    )
    assert raw(server, request.encode()).startswith(b"HTTP/1.1 403")


def test_what_is_too_large_is_refused(server: PageServer) -> None:
    cookie, _ = server.invite("listener")
    large = b'{"what": "note", "value": "' + b"a" * 70_000 + b'"}'
    path = "/api/stations/home/command"
    assert server.ask("POST", path, cookie=cookie, body=large).status == 413
    chunk = b"1000\r\n" + b"a" * 4096 + b"\r\n"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nOrigin: {server.origin}\r\n"
        f"Content-Type: application/json\r\nCookie: {cookie}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    assert raw(server, head.encode() + chunk * 17 + b"0\r\n\r\n").startswith(b"HTTP/1.1 413")


BODIES = [b"", b"{", b"[1]", b'"x"', b'{"what": 1}', b'{"what": "stop", "x": 1}',
          b'{"what": "stop", "value": null}', b"\xff\xfe", b"null"]  # fmt: skip


@pytest.mark.parametrize("body", BODIES)
def test_what_is_malformed_is_refused(server: PageServer, body: bytes) -> None:
    cookie, _ = server.invite("listener")
    assert server.ask("POST", "/api/stations/home/command", cookie=cookie, body=body).status == 400
    assert server.ask("POST", "/api/stations/home/start", cookie=cookie, body=body).status == 400


def test_a_form_of_another_page_is_no_request(server: PageServer) -> None:
    cookie, _ = server.invite("listener")
    headers = {"Content-Type": "text/plain"}
    body = b'{"what": "stop"}'
    path = "/api/stations/home/command"
    assert server.ask("POST", path, cookie=cookie, body=body, headers=headers).status == 409


@pytest.mark.parametrize("wish", [
    {"sensor": "file:/etc/passwd", "output": "null:"},
    {"sensor": "e4:10.0.0.1:80", "output": "null:"},
    {"sensor": "sim:../../x", "output": "null:"}, {"sensor": "sim:", "output": "wav:/tmp/x.wav"},
    {"sensor": "sim:", "output": "mid:/tmp/x.mid"},
    {"sensor": "sim:", "output": "midi:x?map=secret.toml"},
    {"sensor": "ble:x?profile=secret", "output": "null:"},
    {"sensor": "sim:", "output": "osc:10.0.0.1:9"},
    {"sensor": "sim:", "output": "null:", "programme": "/etc/passwd"},
    {"sensor": "sim:", "output": "null:", "style": "../../x"},
])  # fmt: skip
def test_files_and_other_computers_cannot_be_named(
    server: PageServer, wish: dict[str, str]
) -> None:
    cookie, _ = server.invite("listener")
    body = json.dumps(wish).encode()
    answer = server.ask("POST", "/api/stations/home/start", cookie=cookie, body=body)
    assert answer.status == 409
    assert server.stations.home.stage == "idle"


TRICKS = ["..", "%2e%2e", "..%2f..%2fetc", "%2fetc%2fpasswd", "....//", "a%00b", "C:%5Cx", ".",
          "20260101T000000Z%2f..", "~", "%ff"]  # fmt: skip


@pytest.mark.parametrize("trick", TRICKS)
def test_path_tricks_lead_nowhere(server: PageServer, trick: str) -> None:
    cookie, _ = server.invite("listener")
    (server.out.parent / "report.html").write_text("secret")
    for path in (
        f"/api/stations/home/sessions/{trick}/report.html",
        f"/api/stations/home/sessions/20260101T000000Z/{trick}",
        f"/static/{trick}",
        f"/api/stations/{trick}/sessions",
    ):
        answer = server.ask("GET", path, cookie=cookie)
        assert answer.status in (400, 404), path
        assert b"secret" not in answer.body
    answer = server.ask(
        "POST", f"/api/stations/home/sessions/{trick}/delete", cookie=cookie, body=b""
    )
    assert answer.status in (400, 404)


def test_a_link_works_once_and_only_when_its_button_is_pressed(server: PageServer) -> None:
    later(server)
    _, secret = server.tokens.invite("observer", "somebody")
    path = f"/enter/{secret}"
    assert server.ask("GET", path).status == 200  # a preview
    assert server.ask("GET", path).status == 200
    entered = server.ask("POST", path)
    assert entered.status == 303
    assert entered.headers["location"] == "/"
    cookie = entered.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert server.ask("GET", path).status == 401
    assert server.ask("POST", path).status == 401


def test_a_link_expires(server: PageServer) -> None:
    _, secret = server.tokens.invite("observer", "somebody", link_s=60.0)
    server.later["s"] += 61.0
    assert server.ask("GET", f"/enter/{secret}").status == 401
    assert server.ask("POST", f"/enter/{secret}").status == 401


def test_whoever_is_invited_goes_when_the_inviter_goes(server: PageServer) -> None:
    therapist, grant = server.invite("therapist")
    body = json.dumps({"role": "observer", "name": "Robin"}).encode()
    made = json.loads(server.ask("POST", "/api/invitations", cookie=therapist, body=body).body)
    secret = made["link"].rpartition("/")[2]
    entered = server.tokens.enter(secret)
    assert entered is not None
    server.tokens.revoke(grant)
    assert server.ask("GET", "/", cookie=f"biofeedback={entered[1]}").status == 401


def test_nobody_gives_more_than_they_have(server: PageServer) -> None:
    listener, _ = server.invite("listener", "home")
    for role, status in (("listener", 409), ("therapist", 200), ("observer", 200)):
        body = json.dumps({"role": role, "name": "Robin"}).encode()
        answer = server.ask("POST", "/api/invitations", cookie=listener, body=body)
        assert answer.status == status
        if status == 200:
            assert json.loads(answer.body)["station"] == "home"


@pytest.mark.slow
def test_a_thousand_tries_find_nothing_and_disturb_nobody(server: PageServer) -> None:
    known, _ = server.invite("listener")
    later(server)
    statuses = [server.ask("POST", f"/enter/{n:043}").status for n in range(1000)]
    assert set(statuses) == {401, 429}
    assert statuses.count(429) > 900
    assert server.ask("GET", "/", cookie=known).status == 200
    assert socket_opens(server, known)


@pytest.mark.slow
def test_who_asks_far_too_often_can_still_stop(server: PageServer) -> None:
    known, _ = server.invite("listener", "home")
    home = "/api/stations/home"

    def asked(method: str, path: str, body: bytes | None = None) -> int:
        return server.ask(method, path, cookie=known, body=body).status

    def exhausted() -> bool:
        return any(asked("GET", "/api/contacts") == 429 for _ in range(5000))

    for _ in range(5):
        assert exhausted()
        assert asked("POST", f"{home}/silence", b"{}") != 429
    assert exhausted()
    assert 429 in {asked("GET", f"{home}/sessions/20260101T000000Z/silence") for _ in range(50)}
    later(server)


@pytest.mark.slow
def test_a_page_that_is_loaded_again_and_again_is_there(server: PageServer) -> None:
    known, _ = server.invite("listener", "home")
    paths = ["/", "/api/choices", *(f"/static/{path.name}" for path in STATIC.glob("*.js"))]
    for _ in range(10):
        assert {server.ask("GET", path, cookie=known).status for path in paths} == {200}


def test_the_pages_load_nothing_from_elsewhere(server: PageServer) -> None:
    cookie, _ = server.invite("listener")
    answer = server.ask("GET", "/", cookie=cookie)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'")
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    for name in ("script", "style"):
        assert f"<{name}>" not in answer.body.decode()


def test_no_secret_is_ever_logged(server: PageServer, caplog: pytest.LogCaptureFixture) -> None:
    later(server)
    with caplog.at_level(logging.DEBUG):
        _, secret = server.tokens.invite("listener", "somebody", "home")
        entered = server.ask("POST", f"/enter/{secret}")
        cookie = entered.headers["set-cookie"].split(";")[0]
        server.ask("GET", "/", cookie=cookie)
        server.ask("GET", f"/enter/{secret}")
        server.ask("GET", f"/{secret}?token={secret}", cookie=cookie)
        socket_opens(server, cookie)
    ours = [r for r in caplog.records if not r.name.startswith("websockets.client")]
    said = "\n".join(record.getMessage() for record in ours)
    assert "/enter/{secret}" in said
    assert secret not in said
    assert cookie.partition("=")[2] not in said


def raw(server: PageServer, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request)
        return connection.recv(4096)


def test_the_entrance_is_the_only_route_without_a_role(server: PageServer) -> None:
    bare = [r.path for r in server.table if isinstance(r, Route)
            and not hasattr(r.endpoint, "roles")]  # fmt: skip
    assert set(bare) == {"/enter/{secret}"}


def test_refusals_are_plain(server: PageServer) -> None:
    later(server)
    refused: Answer = server.ask("GET", "/")
    assert refused.headers["content-type"].startswith("text/plain")
    assert b"Traceback" not in refused.body


def test_an_own_folder_that_is_no_session_is_none(server: PageServer) -> None:
    cookie, _ = server.invite("listener")
    folder = Path(server.out) / "20260102T000000Z"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.html").write_text("secret")
    path = "/api/stations/home/sessions/20260102T000000Z/report.html"
    assert server.ask("GET", path, cookie=cookie).status == 404
