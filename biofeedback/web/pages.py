"""The pages themselves, the files that they use, and the way in and out."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from biofeedback.common.errors import LogError
from biofeedback.config.styles import style_titles
from biofeedback.views.picture import GONE_S, OLD_S, WORDLESS_S
from biofeedback.web import templates
from biofeedback.web.middleware import COOKIE, ENTRANCE
from biofeedback.web.routes import ANYBODY, answer, grant_of, route
from biofeedback.web.tokens import Tokens

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route
__all__ = ["Pages"]

_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class Pages:
    """Serves the page that belongs to a role, and turns links into cookies."""

    def __init__(self, tokens: Tokens, *, secure: bool) -> None:
        self._tokens = tokens
        self._secure = secure

    def routes(self) -> list[Route]:
        """Return all routes of this file; the entrance alone has no role."""
        from starlette.routing import Route

        return [
            route("/", self._home, roles=ANYBODY),
            route("/static/{name}", self._static, roles=ANYBODY),
            route("/api/here", self._here, roles=ANYBODY),
            route("/leave", self._leave, methods=("POST",), roles=ANYBODY),
            Route(f"{ENTRANCE}{{secret}}", self._knock, methods=["GET"]),
            Route(f"{ENTRANCE}{{secret}}", self._enter, methods=["POST"]),
        ]

    async def _home(self, request: Request) -> Response:
        grant = grant_of(request)
        page = "listener.html" if grant.role == "listener" else "desk.html"
        tongue = _tongue(request)
        facts = {
            "role": grant.role, "name": grant.name, "station": grant.station or "",
            "styles": style_titles(tongue),
            "old_s": OLD_S, "gone_s": GONE_S, "wordless_s": WORDLESS_S,
        }  # fmt: skip
        return templates.page(page, tongue, facts)

    async def _here(self, request: Request) -> Response:
        """Tell a page that it is let in; whoever is not has been told so by the guard."""
        return answer({"left_s": self._tokens.left_s(grant_of(request))})

    async def _static(self, request: Request) -> Response:
        from starlette.responses import Response

        found = _files().get(request.path_params["name"])
        if found is None:
            raise LogError("there is no such file")
        content, media_type = found
        return Response(content, media_type=media_type)

    async def _knock(self, request: Request) -> Response:
        """Show the way in; only the button uses the link up, so that a preview of it does not.

        It also lets the cookie count as this page's own: a browser holds a strict one back on the
        way from another site.
        """
        from starlette.responses import RedirectResponse

        if self._tokens.is_open(request.path_params["secret"]):
            return templates.before_access("enter.html", _tongue(request))
        if request.state.grant is not None:  # the link that once led in is used as a bookmark
            return RedirectResponse("/", 303)
        return templates.before_access("closed.html", _tongue(request), 401)

    async def _enter(self, request: Request) -> Response:
        """Let somebody in for as long as the grant says, also when the browser was closed."""
        from starlette.responses import RedirectResponse

        entered = self._tokens.enter(request.path_params["secret"])
        if entered is None:
            return templates.before_access("closed.html", _tongue(request), 401)
        grant, cookie = entered
        response = RedirectResponse("/", 303)
        response.set_cookie(
            COOKIE,
            cookie,
            max_age=int(self._tokens.left_s(grant)),
            httponly=True,
            samesite="strict",
            secure=self._secure,
            path="/",
        )
        return response

    async def _leave(self, request: Request) -> Response:
        from starlette.responses import RedirectResponse

        self._tokens.leave(request.cookies.get(COOKIE, ""))
        response = RedirectResponse("/", 303)
        response.delete_cookie(COOKIE, path="/")
        return response


def _tongue(request: Request) -> str:
    return templates.tongue(request.headers, request.cookies)


@cache
def _files() -> dict[str, tuple[bytes, str]]:
    return {
        path.name: (path.read_bytes(), _TYPES[path.suffix])
        for path in templates.FOLDER.iterdir()
        if path.suffix in _TYPES
    }
