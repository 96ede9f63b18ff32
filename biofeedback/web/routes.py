"""One route for each thing that can be asked for: a path, who may, and what answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from biofeedback.common.errors import ConfigError, LogError, hint_of
from biofeedback.views.permissions import Role
from biofeedback.web.tokens import Grant

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

__all__ = [
    "ANYBODY",
    "LISTENER",
    "STEERS",
    "answer",
    "body",
    "grant_of",
    "route",
]

ANYBODY: frozenset[Role] = frozenset({"listener", "therapist", "observer"})
STEERS: frozenset[Role] = frozenset({"listener", "therapist"})
LISTENER: frozenset[Role] = frozenset({"listener"})

T = TypeVar("T")
Endpoint = Callable[["Request"], Awaitable["Response"]]


def route(
    path: str, endpoint: Endpoint, *, methods: tuple[str, ...] = ("GET",), roles: frozenset[Role]
) -> Route:
    """Return a route that lets only some roles in, and others only to stations that are theirs.

    Mistakes come back as JSON with `error` and `hint`.
    """
    from starlette.routing import Route

    async def guarded(request: Request) -> Response:
        grant = grant_of(request)
        station = request.path_params.get("station")
        if grant.role not in roles or (station is not None and not grant.sees(station)):
            return answer({"error": "This is not for you.", "hint": ""}, 403)
        try:
            return await endpoint(request)
        except LogError as error:
            return answer({"error": str(error), "hint": error.hint}, 404)
        except msgspec.DecodeError as error:
            return answer({"error": f"The request is malformed: {error}", "hint": ""}, 400)
        except Exception as error:
            if (hint := hint_of(error)) is None:
                raise
            return answer({"error": str(error), "hint": hint}, 409)

    guarded.roles = roles  # type: ignore[attr-defined]
    return Route(path, guarded, methods=list(methods))


def grant_of(request: Request) -> Grant:
    """Return who asks."""
    grant: Grant = request.state.grant
    return grant


async def body(request: Request, kind: type[T]) -> T:
    """Return a request's JSON as a value of a type."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise ConfigError("the request is not JSON")
    return msgspec.json.decode(await request.body(), type=kind)


def answer(value: Any, status: int = 200) -> Response:
    """Return a value as JSON."""
    from starlette.responses import Response

    return Response(msgspec.json.encode(value), status, media_type="application/json")
