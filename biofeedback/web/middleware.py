"""What every request passes before anything answers it, the socket's opening included.

The rules, in this order: a Host that is ours, an Origin that is ours wherever something is
changed, not too often, not too large, and a cookie that somebody was given. The first alone stops
a foreign page that has its own name point at this computer. STOP is never too often.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from biofeedback.web.tokens import Grant, Tokens

__all__ = [
    "BODY_S",
    "CONNECTION",
    "COOKIE",
    "ENTRANCE",
    "LARGEST_BODY",
    "STOP",
    "GuardMiddleware",
    "RateLimit",
]


#: Requests a second in the long run, and at once. A page takes some twenty; whoever loads it again
#: and again must not lose it. A stranger has no reason to come often.
_KNOWN = (30.0, 500.0)
_STRANGER = (2.0, 30.0)
_MOST = 1000  #: buckets that are kept; beyond it the one that was used longest ago is forgotten


class RateLimit:
    """Says who asks too often; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, who: str, *, known: bool) -> bool:
        """Count one request; return False when it is one too many."""
        per_s, at_once = _KNOWN if known else _STRANGER
        now_s = self._clock()
        left, then_s = self._buckets.pop(who, (at_once, now_s))
        left = min(at_once, left + (now_s - then_s) * per_s)
        allowed = left >= 1.0
        self._buckets[who] = (left - allowed, now_s)
        if len(self._buckets) > _MOST:
            self._buckets.popitem(last=False)
        return allowed


if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from biofeedback.web.connections import Connection


COOKIE = "biofeedback"
CONNECTION = "connection"  #: under which a request's state names the connection it came on
ENTRANCE = "/enter/"  #: the only path that answers without a cookie
STOP = "/silence"  #: how the path of a station ends that silences its music
_STOPS = re.compile(r"/api/stations/[^/]+" + STOP)
LARGEST_BODY = 64 * 1024
BODY_S = 10.0  #: until all of a request has come
_log = logging.getLogger("biofeedback.web")
_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}
#: What is said to programs; a browser that opens an address gets a page, in its language.
_WORDS = {
    400: "This address is not served here.",
    401: "You need a new link: biofeedback serve --link, on the computer that plays.",
    403: "This request comes from another page.",
    413: "This request is too large.",
    429: "Too many requests. Wait a moment.",
}
_PAGES = {400: "foreign.html", 401: "stranger.html", 403: "foreign.html", 429: "busy.html"}


class GuardMiddleware:
    """Wraps an application; `origins` are those under which it is served, as http://host:port."""

    def __init__(
        self, app: ASGIApp, tokens: Tokens, origins: frozenset[str], clock: Callable[[], float]
    ) -> None:
        self._app = app
        self._tokens = tokens
        self._origins = origins
        self._hosts = frozenset(origin.partition("://")[2] for origin in origins)
        self._rates = RateLimit(clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it in a few words."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        connection: Connection | None = scope["state"].get(CONNECTION)
        scope["state"] = {"grant": None}
        status = self._refusal(scope, headers)
        grant: Grant | None = scope["state"]["grant"]
        place: AbstractContextManager[bool] = nullcontext(True)
        if connection is not None and grant is not None:
            place = connection.answering(grant.id)
        with place as has_room:
            if not (status or has_room or _stops(scope)):
                status = 429
            if status:
                await _refuse(scope, receive, send, status, headers)
                _note(scope, status)
                return

            async def answer(message: Message) -> None:
                if message["type"] == "http.response.start":
                    message["headers"] = _with_ours(message.get("headers", []))
                    _note(scope, message["status"])
                await send(message)

            await self._app(scope, _limited(scope, receive), answer)

    def _refusal(self, scope: Scope, headers: Mapping[str, str]) -> int:
        """Return the status to refuse with, or 0."""
        client = (scope.get("client") or ("", 0))[0]
        names = [key for key, _ in scope["headers"]]
        if names.count(b"host") != 1 or headers["host"].lower() not in self._hosts:
            return 400
        if not self._is_from_here(scope, headers):
            return 403
        grant = self._tokens.who(_cookies(headers.get("cookie", "")).get(COOKIE, ""))
        known = grant is not None
        stops = known and _stops(scope)
        who = client if grant is None else grant.id
        is_entrance = scope["type"] == "http" and scope["path"].startswith(ENTRANCE)
        invited = is_entrance and self._tokens.is_open(scope["path"].removeprefix(ENTRANCE))
        if not self._rates.allows(who, known=known) and not (stops or invited):
            return 429
        if int(headers.get("content-length") or 0) > LARGEST_BODY:
            return 413
        scope["state"]["grant"] = grant
        return 0 if known or is_entrance else 401

    def _is_from_here(self, scope: Scope, headers: Mapping[str, str]) -> bool:
        origin = headers.get("origin")
        if origin is None:
            looks_only = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
            return looks_only
        return origin.lower() in self._origins


def _cookies(text: str) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(text).items()}
    except CookieError:
        return {}


def _stops(scope: Scope) -> bool:
    return scope.get("method") == "POST" and bool(_STOPS.fullmatch(scope["path"]))


def _limited(scope: Scope, receive: Receive) -> Receive:
    """Count what is read, since a length need not be announced; and do not wait for it for ever."""
    from starlette.exceptions import HTTPException

    if scope["type"] == "websocket":
        return receive
    size, whole = 0, False
    until_s = asyncio.get_running_loop().time() + BODY_S

    async def counted() -> Message:
        nonlocal size, whole
        if whole:  # what comes now is that the asker has gone
            return await receive()
        try:
            async with asyncio.timeout_at(until_s):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408) from None
        if message["type"] == "http.request":
            size += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if size > LARGEST_BODY:
                raise HTTPException(413)
        return message

    return counted


def _with_ours(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Add our headers, but to an answer that brings its own keep those."""
    there = {key.lower() for key, _ in headers}
    added = [(k.encode(), v.encode()) for k, v in _HEADERS.items() if k.encode() not in there]
    return [*headers, *added]


async def _refuse(
    scope: Scope, receive: Receive, send: Send, status: int, headers: Mapping[str, str]
) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return

    async def plainly(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = _with_ours([*message["headers"], (b"connection", b"close")])
        await send(message)

    response = _refusal(scope, status, headers)
    await response(scope, receive, plainly)


def _refusal(scope: Scope, status: int, headers: Mapping[str, str]) -> Response:
    """Return a page for a person, JSON for a page's script, a sentence for whoever else asks."""
    from starlette.responses import JSONResponse, PlainTextResponse

    words = _WORDS[status]
    if "text/html" in headers.get("accept", "") and status in _PAGES:
        from biofeedback.web import templates

        spoken = templates.tongue(headers, _cookies(headers.get("cookie", "")))
        return templates.before_access(_PAGES[status], spoken, status)
    if scope["path"].startswith("/api/"):
        return JSONResponse({"error": words, "hint": ""}, status)
    return PlainTextResponse(words, status)


def _note(scope: Scope, status: int) -> None:
    """Write the access log: what was asked for as the route that answered it, never the address.

    Paths and queries can hold a link's secret, headers the cookie's.
    """
    grant = scope["state"]["grant"]
    route = scope.get("route")
    _log.info(
        "%s %s %s %s",
        scope.get("method", "WS"),
        getattr(route, "path", "-"),
        status,
        grant.id if grant else "-",
    )
