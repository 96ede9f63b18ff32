"""Serves an application on a socket of this computer, until cancelled."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from biofeedback.common.errors import ConfigError
from biofeedback.web.connections import Connection, Connections
from biofeedback.web.middleware import CONNECTION

if TYPE_CHECKING:
    from pathlib import Path

    from biofeedback.web.middleware import GuardMiddleware

__all__ = ["Certificate", "listening", "run"]

_CLOSING_S = 2


@dataclass(frozen=True, slots=True)
class Certificate:
    """The files of a certificate and of its key, in PEM."""

    certificate: Path
    key: Path


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Yield a socket that is bound; port 0 takes any that is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((host, port))
            bound.listen(4096)  # whoever comes before the first answer waits
        except OSError as error:
            raise ConfigError(
                f"port {port} on {host} cannot be used: {error.strerror}",
                hint="Choose another with --port; 0 takes any that is free.",
            ) from error
        yield bound


async def run(
    application: GuardMiddleware,
    bound: socket.socket,
    certificate: Certificate | None,
    connections: Connections | None = None,
    leaving: Callable[[], None] = lambda: None,
) -> None:
    """Serve until cancelled; `leaving` is called then, and whoever is connected is cut off.

    The latter takes up to two seconds.
    """
    import uvicorn
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Server(uvicorn.Server):
        """A server that leaves signals to whoever runs the loop."""

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    config = uvicorn.Config(
        application,
        log_config=None,
        access_log=False,  # ours names routes; an address can hold a secret
        log_level="warning",  # at debug level it tells headers
        server_header=False,
        date_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="websockets-sansio",
        ws_max_size=4096,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=_CLOSING_S,
        h11_max_incomplete_event_size=16 * 1024,
        ssl_certfile=certificate.certificate if certificate else None,
        ssl_keyfile=certificate.key if certificate else None,
    )
    config.load()
    server = Server(config)

    def protocol(loop: asyncio.AbstractEventLoop, connection: Connection) -> asyncio.Protocol:
        known = {CONNECTION: connection}
        return H11Protocol(config, server.server_state, known, _loop=loop)

    if connections is None:
        connections = Connections(asyncio.get_running_loop().time)
    serving = asyncio.create_task(server.serve([]))
    letting_in = asyncio.create_task(connections.let_in(bound, protocol, config.ssl))
    try:
        await asyncio.wait((serving, letting_in), return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving()
        server.should_exit = True
        letting_in.cancel()
        await asyncio.gather(serving, letting_in, return_exceptions=True)
    for ended in (serving, letting_in):  # neither ends by itself, unless it failed
        if not ended.cancelled():
            ended.result()
