"""Serves an application on a socket of this computer, until cancelled."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from biofeedback.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from biofeedback.web.guard import Guard

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
            bound.listen(128)  # whoever comes before the first answer waits
        except OSError as error:
            raise ConfigError(
                f"port {port} on {host} cannot be used: {error.strerror}",
                hint="Choose another with --port; 0 takes any that is free.",
            ) from error
        yield bound


async def run(application: Guard, bound: socket.socket, certificate: Certificate | None) -> None:
    """Serve until cancelled; whoever is connected then is cut off within two seconds."""
    import uvicorn

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
        limit_concurrency=300,
        timeout_graceful_shutdown=_CLOSING_S,
        h11_max_incomplete_event_size=16 * 1024,
        ssl_certfile=certificate.certificate if certificate else None,
        ssl_keyfile=certificate.key if certificate else None,
    )
    server = Server(config)
    serving = asyncio.create_task(server.serve([bound]))
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await serving
