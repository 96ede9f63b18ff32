"""Nobody takes every place: slow ones are cut off, crowds make room themselves, STOP is served."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from rigs.page_server import PageServer, page_server

from biofeedback.web import middleware
from biofeedback.web.connections import (
    EACH_ADDRESS,
    EACH_GRANT,
    HEADERS_S,
    MOST,
    Connection,
    Connections,
)
from biofeedback.web.server import listening

HALF = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PageServer]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with page_server(tmp_path / "out") as made:
        yield made


@contextmanager
def crowd(port: int, count: int, address: str = "127.0.0.2") -> Iterator[list[socket.socket]]:
    """Hold connections from an address, each with half of its headers said."""
    with ExitStack() as opened:
        held = []
        for _ in range(count):
            one = opened.enter_context(socket.socket())
            one.settimeout(10)
            one.bind((address, 0))
            one.connect(("127.0.0.1", port))
            one.sendall(HALF)
            held.append(one)
        yield held


def until(what: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(200):
        if what():
            return
        pause.wait(0.05)
    raise AssertionError("it never came to that")


def is_cut(one: socket.socket) -> bool:
    with suppress(ConnectionResetError):
        while one.recv(4096):
            pass
    return True  # else it timed out


def stop(server: PageServer, cookie: str) -> int:
    return server.ask("POST", "/api/stations/home/silence", cookie=cookie, body=b"{}").status


def heads(server: PageServer, cookie: str, *more: str) -> bytes:
    lines = [f"Host: localhost:{server.port}", f"Origin: http://localhost:{server.port}",
             f"Cookie: {cookie}", *more]  # fmt: skip
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


def test_three_hundred_half_open_connections_of_one_address_keep_nobody_out(
    server: PageServer,
) -> None:
    cookie, _ = server.invite("listener", "home")
    with crowd(server.port, 310):
        assert stop(server, cookie) == 200
        assert server.ask("GET", "/", cookie=cookie).status == 200


def test_whoever_does_not_finish_the_headers_is_cut_off(server: PageServer) -> None:
    with crowd(server.port, 3) as held:
        until(lambda: len(server.connections.all()) == 3)
        server.later["s"] += HEADERS_S - 2.0
        held[0].sendall(b"drop")  # a byte now and then is no progress
        server.later["s"] += 3.0
        assert all(is_cut(one) for one in held)


def test_a_known_connection_that_dribbles_its_next_request_is_cut_off_too(
    server: PageServer,
) -> None:
    cookie, _ = server.invite("listener", "home")
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as one:
        one.sendall(b"GET /api/contacts HTTP/1.1\r\n" + heads(server, cookie))
        assert one.recv(4096).startswith(b"HTTP/1.1 200")
        until(lambda: not any(held.busy for held in server.connections.all()))
        one.sendall(HALF)
        server.later["s"] += HEADERS_S + 1.0
        assert is_cut(one)


def test_a_body_that_never_ends_is_not_waited_for(
    server: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "BODY_S", 0.2)
    cookie, _ = server.invite("listener", "home")
    head = heads(server, cookie, "Content-Type: application/json", "Content-Length: 100")
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as one:
        one.sendall(b"POST /api/stations/home/command HTTP/1.1\r\n" + head + b"{")
        assert one.recv(4096).startswith(b"HTTP/1.1 408")


def test_a_stop_whose_body_never_comes_stops(server: PageServer) -> None:
    cookie, _ = server.invite("listener", "home")
    head = heads(server, cookie, "Content-Type: application/json", "Content-Length: 2")
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as one:
        one.sendall(b"POST /api/stations/home/silence HTTP/1.1\r\n" + head)
        assert one.recv(4096).startswith(b"HTTP/1.1 200")


@pytest.mark.slow
def test_who_makes_it_crowded_makes_the_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with page_server(tmp_path / "out", most=20) as server:
        cookie, _ = server.invite("listener", "home")
        key = "Sec-WebSocket-Key: " + "A" * 22 + "=="
        upgrade = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", key)
        with (
            socket.create_connection(("127.0.0.1", server.port), timeout=10) as watching,
            crowd(server.port, 3, "127.0.0.3") as few,
        ):
            watching.sendall(b"GET /live HTTP/1.1\r\n" + heads(server, cookie, *upgrade))
            assert watching.recv(4096).startswith(b"HTTP/1.1 101")
            with crowd(server.port, 60) as many:
                assert stop(server, cookie) == 200
                assert len(server.connections.all()) <= 20
                assert is_cut(many[0])
            few[0].sendall(b"\r\n\r\n")  # they were not put out for it
            assert few[0].recv(4096).startswith(b"HTTP/1.1 400")
            assert watching.recv(4096)


@pytest.mark.slow
def test_a_hundred_listeners_with_six_connections_each_are_served(server: PageServer) -> None:
    cookies = [server.invite("listener", "home")[0] for _ in range(100)]
    with ExitStack() as opened:
        held = [
            (cookie, opened.enter_context(socket.create_connection(("127.0.0.1", server.port), 20)))
            for _ in range(6)
            for cookie in cookies
        ]
        for cookie, one in held:
            one.sendall(b"GET /api/contacts HTTP/1.1\r\n" + heads(server, cookie))
        assert {one.recv(4096)[:12] for _, one in held} == {b"HTTP/1.1 200"}


def test_one_grant_cannot_take_the_places_of_others(server: PageServer) -> None:
    cookie, _ = server.invite("observer")
    with ExitStack() as opened:
        for _ in range(EACH_GRANT + 20):
            one = opened.enter_context(socket.create_connection(("127.0.0.1", server.port), 20))
            one.sendall(b"GET /api/contacts HTTP/1.1\r\n" + heads(server, cookie))
            assert one.recv(4096).startswith(b"HTTP/1.1 200")
        assert len(server.connections.all()) <= EACH_GRANT


def test_there_is_room_for_more_than_all_whom_we_promise() -> None:
    assert MOST > EACH_ADDRESS >= 100 * 6


class Flood(asyncio.Protocol):
    """Sends more than the system keeps for somebody who does not read."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(bytes(64 * 2**20))
        self.connection.busy = True


@pytest.mark.slow
def test_whoever_reads_nothing_is_cut_off_and_whoever_reads_slowly_is_not() -> None:
    async def both() -> None:
        loop, later = asyncio.get_running_loop(), {"s": 0.0}
        places = Connections(lambda: loop.time() + later["s"])
        with listening("127.0.0.1", 0) as bound:
            letting_in = asyncio.create_task(
                places.let_in(bound, lambda loop, connection: Flood(connection), None)
            )
            ends = [await asyncio.open_connection(*bound.getsockname()) for _ in range(2)]
            for _ in range(5):
                await asyncio.sleep(0.6)
                later["s"] += 6.0
                await ends[0][0].readexactly(4 * 2**20)
            assert len(places.all()) == 1
            letting_in.cancel()
            await asyncio.gather(letting_in, return_exceptions=True)
            for _, writer in ends:
                writer.close()
            for one in places.all():
                one.cut()

    asyncio.run(both())
