"""The pages' server inside the test's own process, on a thread, with a clock that can be moved."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from biofeedback.web import app, server
from biofeedback.web.api import Surroundings
from biofeedback.web.connections import MOST, Connections
from biofeedback.web.links import WebLinks
from biofeedback.web.requests import ChoiceItem
from biofeedback.web.stations import Stations
from biofeedback.web.tokens import Tokens


@dataclass
class Answer:
    """What the server said."""

    status: int
    body: bytes
    headers: http.client.HTTPMessage


@dataclass
class PageServer:
    """A server with its parts at hand; `later_s` moves its clock on."""

    loop: asyncio.AbstractEventLoop
    stations: Stations
    tokens: Tokens
    place: app.ServedAt
    table: list[Any]
    out: Path
    connections: Connections
    later: dict[str, float] = field(default_factory=lambda: {"s": 0.0})

    @property
    def origin(self) -> str:
        return self.place.origins[0]

    @property
    def port(self) -> int:
        return int(self.origin.rpartition(":")[2])

    def do(self, coroutine: Any) -> Any:
        """Run something on the server's own loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(20)

    def invite(self, role: Any, station: str | None = None, **options: Any) -> tuple[str, str]:
        """Return a new cookie for a role, and the public id of its grant."""
        _, secret = self.tokens.invite(role, "somebody", station, **options)
        entered = self.tokens.enter(secret)
        assert entered is not None
        return f"biofeedback={entered[1]}", entered[0].id

    def ask(
        self,
        method: str,
        path: str,
        *,
        cookie: str = "",
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Ask as a page of ours would, unless `headers` say otherwise."""
        sent = {"Cookie": cookie} if cookie else {}
        if method == "POST":
            sent |= {"Origin": self.origin, "Content-Type": "application/json"}
        sent |= headers or {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.putrequest(method, path, skip_host="Host" in sent)
            if body is not None and "Content-Length" not in sent:
                sent["Content-Length"] = str(len(body))
            for name, value in sent.items():
                connection.putheader(name, value)
            connection.endheaders()
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.send(body or b"")
            response = connection.getresponse()
            return Answer(response.status, response.read(), response.headers)
        finally:
            connection.close()


async def _nothing() -> list[ChoiceItem]:
    return []


@contextmanager
def page_server(out: Path, most: int = MOST) -> Iterator[PageServer]:
    """Serve on a free port of this computer until the block ends; `most` connections at a time."""
    later = {"s": 0.0}

    def clock() -> float:
        return time.monotonic() + later["s"]

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    with server.listening("127.0.0.1", 0) as bound:
        port = bound.getsockname()[1]
        place = app.ServedAt((f"http://127.0.0.1:{port}", f"http://localhost:{port}"))
        stations, tokens = Stations(out), Tokens(clock, WebLinks(port).take)
        around = Surroundings(_nothing, _nothing)
        table = app.routes(stations, tokens, place, around, out, [])
        application = app.application(table, tokens, place, clock)
        places = Connections(clock, most)
        made = PageServer(loop, stations, tokens, place, table, out, places, later)
        serving = made.do(_begun(server.run(application, bound, None, places)))
        try:
            _until_it_answers(port)
            yield made
        finally:
            made.do(stations.close())
            made.do(_ended(serving))
            made.do(loop.shutdown_default_executor())
            loop.call_soon_threadsafe(loop.stop)
            thread.join(10)
            loop.close()


async def _begun(coroutine: Any) -> asyncio.Task[None]:
    return asyncio.create_task(coroutine)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _until_it_answers(port: int) -> None:
    pause = threading.Event()
    for _ in range(200):
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        pause.wait(0.02)
    raise AssertionError("the server does not answer")
