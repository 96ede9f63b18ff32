"""Nobody is locked out: cookies that last, links that can be had again, pages that say how."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from rigs import chromium
from rigs.page_server import PageServer, page_server
from rigs.served import served

from biofeedback.cli.app import run
from biofeedback.storage.paths import data_folder
from biofeedback.web.links import WebLinks
from biofeedback.web.tokens import STAY_S


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PageServer]:
    with page_server(tmp_path / "out") as made:
        yield made


def printed(capsys: pytest.CaptureFixture[str], *line: str) -> dict[str, object]:
    assert run(["serve", "--link", "--json", *line]) == 0
    return dict(json.loads(capsys.readouterr().out))


def enters(server: PageServer, secret: object) -> int:
    return server.ask("POST", f"/enter/{str(secret).rpartition('/')[2]}").status


def page(server: PageServer, method: str, path: str, *, cookie: str = "", **headers: str) -> str:
    """Return what a person sees who opens an address in a browser."""
    told = {"Accept": "text/html,*/*", **{k.replace("_", "-"): v for k, v in headers.items()}}
    answer = server.ask(method, path, cookie=cookie, headers=told)
    assert answer.headers["content-type"].startswith("text/html"), answer.body
    assert "script-src 'sha256-" in answer.headers["content-security-policy"]
    return answer.body.decode()


@pytest.mark.parametrize("stay_s", [STAY_S, 3600.0])
def test_the_cookie_lives_as_long_as_its_grant(server: PageServer, stay_s: float) -> None:
    _, secret = server.tokens.invite("listener", "home", "home", stay_s=stay_s)
    entered = server.ask("POST", f"/enter/{secret}")
    cookie = SimpleCookie(entered.headers["set-cookie"])["biofeedback"]
    assert stay_s - 5 <= int(cookie["max-age"]) <= stay_s
    assert cookie["httponly"]
    assert cookie["samesite"] == "strict"
    assert cookie["path"] == "/"


def test_a_used_link_leads_who_is_in_to_their_page(server: PageServer) -> None:
    _, secret = server.tokens.invite("listener", "home", "home")
    entered = server.ask("POST", f"/enter/{secret}")
    cookie = entered.headers["set-cookie"].split(";")[0]
    again = server.ask("GET", f"/enter/{secret}", cookie=cookie)
    assert (again.status, again.headers["location"]) == (303, "/")


def test_another_link_is_had_while_the_server_runs(
    server: PageServer, capsys: pytest.CaptureFixture[str]
) -> None:
    WebLinks(server.port).publish(server.place.origins, server.stations.guests())
    first = printed(capsys, "--port", str(server.port))
    assert first["running"]
    assert first["role"] == "listener"
    assert str(first["link"]).startswith(server.origin)
    assert enters(server, first["link"]) == 303
    assert enters(server, first["link"]) == 401
    desk = printed(capsys, "--for", "desk")
    assert desk["role"] == "therapist"
    assert enters(server, desk["link"]) == 303


def test_a_newer_link_takes_the_place_of_an_unused_one_and_who_is_in_stays(
    server: PageServer,
) -> None:
    links = WebLinks(server.port)
    _, started = server.tokens.invite("listener", "home", "home")
    within = server.tokens.enter(links.make("listener", "home", "home", 900.0)[0])
    assert within is not None
    unused, _ = links.make("listener", "home", "home", 900.0)
    newest, _ = links.make("listener", "home", "home", 900.0)
    assert [enters(server, secret) for secret in (started, unused, newest)] == [401, 401, 303]
    assert server.ask("GET", "/", cookie=f"biofeedback={within[1]}").status == 200


@pytest.mark.rig
def test_a_link_for_the_next_server_lets_in_beside_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(tmp_path) as server:
        port = str(server.port)
    made = printed(capsys, "--port", port)
    assert not made["running"]
    with served(tmp_path, "--port", port) as server:
        assert str(made["link"]).partition("/enter/")[0] == server.listener.partition("/enter/")[0]
        assert server.cookie(str(made["link"]))
        assert server.cookie(server.listener)


def test_a_guest_who_lost_theirs_is_let_in_again_to_their_own_place(
    server: PageServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.stations.changed_guests = lambda: WebLinks(server.port).publish(
        server.place.origins, server.stations.guests()
    )
    desk, _ = server.invite("therapist")
    body = json.dumps({"role": "listener", "name": "Kim"}).encode()
    made = json.loads(server.ask("POST", "/api/invitations", cookie=desk, body=body).body)
    assert printed(capsys, "--for", "Kim")["station"] == made["station"]
    path = f"/api/invitations/{made['id']}/again"
    again = json.loads(server.ask("POST", path, cookie=desk, body=b"{}").body)
    assert again["station"] == made["station"]
    assert enters(server, made["link"]) == 401
    assert enters(server, again["link"]) == 303
    other, _ = server.invite("listener", "home")
    assert server.ask("POST", path, cookie=other, body=b"{}").status == 409


def test_what_whoever_started_the_server_gave_is_nobody_elses_to_give_again(
    server: PageServer,
) -> None:
    given, _ = server.tokens.invite("listener", "home", "home")
    desk, _ = server.invite("therapist")
    own, _ = server.tokens.invite("observer", "Kim", "home", by=server.invite("listener")[1])
    listed = json.loads(server.ask("GET", "/api/invitations", cookie=desk).body)
    assert {i["id"]: i["again"] for i in listed if i["id"] in (given.id, own.id)} == {
        given.id: False, own.id: True,
    }  # fmt: skip
    for invitation, status in ((given, 409), (own, 200)):
        path = f"/api/invitations/{invitation.id}/again"
        assert server.ask("POST", path, cookie=desk, body=b"{}").status == status


def test_who_leaves_takes_nobody_with_them(server: PageServer) -> None:
    invitation, first = server.tokens.invite("listener", "home", "home")
    phone = server.tokens.enter(first)
    second = server.tokens.again(invitation.id)
    other = server.tokens.enter(second or "")
    _, asked = server.tokens.invite("therapist", "Kim", "home", by=invitation.id)
    guest = server.tokens.enter(asked)
    assert phone is not None
    assert other is not None
    assert guest is not None
    assert server.ask("POST", "/leave", cookie=f"biofeedback={phone[1]}").status == 303
    cookies = [f"biofeedback={entered[1]}" for entered in (phone, other, guest)]
    statuses = [server.ask("GET", "/api/here", cookie=cookie).status for cookie in cookies]
    assert statuses == [401, 200, 200]


def test_only_the_owner_of_the_data_makes_links(server: PageServer) -> None:
    links = WebLinks(server.port)
    folder = data_folder() / "web"
    secret, _ = links.make("therapist", "desk", None, 900.0)
    (path,) = folder.glob("link-*")
    assert (folder.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)
    assert secret.encode() not in path.read_bytes()
    path.chmod(0o666)  # somebody else may have written it
    assert enters(server, secret) == 401
    secret, _ = links.make("therapist", "desk", None, 900.0)
    (folder / f"link-{server.port}-x.json").write_text("{")
    assert enters(server, secret) == 303


def test_a_link_is_printed_with_a_code_and_with_what_becomes_of_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["serve", "--link", "--port", "8499"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("Page of the listener: http://localhost:8499/enter/")
    assert len([line for line in said.out.splitlines() if line.count("█") > 8]) > 15
    assert "No server runs on port 8499 now" in said.err
    assert "An earlier link" in said.err


@pytest.mark.parametrize("line", ["--port 0", "--for nobody", "--host example.org --port 0"])
def test_a_link_that_cannot_be_is_refused(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", "--link", *line.split()]) == 2
    assert capsys.readouterr().err.count("Error:") == 1


def test_who_is_not_let_in_is_told_what_to_do_in_their_language(server: PageServer) -> None:
    for path in ("/", "/enter/used-up"):
        said = page(server, "GET", path, Accept_Language="de-AT,en;q=0.5")
        assert 'lang="de"' in said
        assert "biofeedback serve --link" in said
        assert "Strg-C" in said
    english = page(server, "GET", "/", cookie="biofeedback=of-an-earlier-server")
    assert "needs a new link" in english
    chosen = page(server, "GET", "/", cookie="language=de", Accept_Language="en")
    assert "braucht einen neuen Link" in chosen
    elsewhere = page(server, "GET", "/", Host="phone.example:8484", Accept_Language="de")
    assert "biofeedback serve --lan" in elsewhere
    while server.ask("GET", "/").status != 429:
        pass
    assert "von selbst" in page(server, "GET", "/", Accept_Language="de")


def test_an_open_page_can_ask_whether_it_is_let_in(server: PageServer) -> None:
    cookie, grant = server.invite("observer")
    assert server.ask("GET", "/api/here", cookie=cookie).status == 200
    server.tokens.revoke(grant)
    refused = server.ask("GET", "/api/here", cookie=cookie)
    assert refused.status == 401
    assert "serve --link" in json.loads(refused.body)["error"]


def test_a_new_link_lets_in_where_others_of_the_same_address_ask_too_often(
    server: PageServer,
) -> None:
    while server.ask("GET", "/").status != 429:
        pass
    _, secret = server.tokens.invite("listener", "home", "home")
    assert server.ask("GET", f"/enter/{secret}").status == 200
    assert enters(server, secret) == 303


@pytest.mark.rig
@pytest.mark.skipif(chromium.PATH is None, reason=chromium.REASON)
def test_an_open_page_outlives_the_server_and_goes_on_with_a_new_link(tmp_path: Path) -> None:
    with chromium.browser() as browser, served(tmp_path) as server:
        page, port = browser.page(), server.port
        page.open(server.listener)
        page.wait("document.activeElement.matches('button')")
        page.press("Enter")
        page.wait("document.querySelectorAll('input[name=programme]').length")
        server.process.send_signal(signal.SIGSTOP)  # it hangs
        page.wait("!document.querySelector('#link').hidden")
        server.process.send_signal(signal.SIGCONT)
        page.wait("document.querySelector('#link').hidden")
        server.process.send_signal(signal.SIGINT)
        server.process.wait(20)
        page.wait("!document.querySelector('#link').hidden")
        with served(tmp_path, "--port", str(port)) as anew:
            page.wait("document.querySelector('#link').textContent.includes('serve --link')")
            page.run("window.before = true")
            page.run(f"fetch('{anew.listener}', {{method: 'POST', redirect: 'manual'}})")
            page.wait("!window.before && document.querySelector('#link')?.hidden")
            page.wait("document.querySelectorAll('input[name=programme]').length")


@pytest.mark.rig
@pytest.mark.skipif(chromium.PATH is None, reason=chromium.REASON)
def test_a_page_before_the_door_goes_on_by_itself(server: PageServer) -> None:
    with chromium.browser() as browser:
        page = browser.page()
        page.open(f"{server.origin}/")
        page.wait("document.querySelector('pre').textContent.includes('serve --link')")
        _, secret = server.tokens.invite("listener", "home", "home")
        page.run(f"fetch('/enter/{secret}', {{method: 'POST', redirect: 'manual'}})")
        page.wait("document.querySelector('#choose')")
