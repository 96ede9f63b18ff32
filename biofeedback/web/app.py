"""The application: every route, behind the guard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from biofeedback.web.api import Api, Surroundings
from biofeedback.web.middleware import ENTRANCE, GuardMiddleware
from biofeedback.web.pages import Pages
from biofeedback.web.stations import Stations
from biofeedback.web.stream import serve
from biofeedback.web.tokens import Tokens

if TYPE_CHECKING:
    from starlette.routing import BaseRoute
    from starlette.websockets import WebSocket

__all__ = ["ServedAt", "application", "routes"]


@dataclass(frozen=True, slots=True)
class ServedAt:
    """Where the pages are served: the origins, as http://host:port; the first is for links."""

    origins: tuple[str, ...]

    @property
    def secure(self) -> bool:
        """Whether all that is said on the way is encrypted."""
        return all(origin.startswith("https://") for origin in self.origins)

    def entrance(self, secret: str) -> str:
        """Return the address of a link."""
        return f"{self.origins[0]}{ENTRANCE}{secret}"


def routes(
    stations: Stations,
    tokens: Tokens,
    place: ServedAt,
    around: Surroundings,
    out: Path,
    contacts: list[dict[str, str]],
) -> list[BaseRoute]:
    """Return every route that there is, the socket's included."""
    from starlette.routing import WebSocketRoute

    async def live(socket: WebSocket) -> None:
        await serve(socket, stations, tokens)

    api = Api(stations, tokens, around, out, contacts, place.entrance)
    pages = Pages(tokens, secure=place.secure)
    return [*pages.routes(), *api.routes(), WebSocketRoute("/live", live)]


def application(
    table: list[BaseRoute], tokens: Tokens, place: ServedAt, clock: Callable[[], float]
) -> GuardMiddleware:
    """Return the routes of a table behind the guard."""
    from starlette.applications import Starlette

    app = Starlette(routes=table)
    app.router.redirect_slashes = False
    return GuardMiddleware(app, tokens, frozenset(place.origins), clock)
