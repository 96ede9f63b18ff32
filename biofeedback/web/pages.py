"""The pages themselves: templates and words, read once, and the files that they use."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from biofeedback.errors import LogError
from biofeedback.views.age import GONE_S, OLD_S, WORDLESS_S
from biofeedback.web.doors import ANYBODY, door, grant_of
from biofeedback.web.guard import COOKIE, ENTRANCE
from biofeedback.web.tokens import Tokens
from biofeedback.web.words import catalogue, filled, language
from synth.params import STYLE_NAMES

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route
__all__ = ["Pages"]

_FOLDER = Path(__file__).with_name("static")
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_SCRIPT = "script."  #: words whose key starts so are for scripts as well
_CHOSEN = "language"  #: the cookie of whoever wants another language than the browser


class Pages:
    """Serves the page that belongs to a role, and turns links into cookies."""

    def __init__(self, tokens: Tokens, *, secure: bool) -> None:
        self._tokens = tokens
        self._secure = secure

    def routes(self) -> list[Route]:
        """Return all doors of this file; the entrance alone has no role."""
        from starlette.routing import Route

        return [
            door("/", self._home, roles=ANYBODY),
            door("/static/{name}", self._static, roles=ANYBODY),
            door("/leave", self._leave, methods=("POST",), roles=ANYBODY),
            Route(f"{ENTRANCE}{{secret}}", self._knock, methods=["GET"]),
            Route(f"{ENTRANCE}{{secret}}", self._enter, methods=["POST"]),
        ]

    async def _home(self, request: Request) -> Response:
        grant = grant_of(request)
        page = "listener.html" if grant.role == "listener" else "desk.html"
        facts = {"role": grant.role, "name": grant.name, "seat": grant.seat or ""}
        facts["styles"] = " ".join(STYLE_NAMES)
        facts |= {"old_s": f"{OLD_S}", "gone_s": f"{GONE_S}", "wordless_s": f"{WORDLESS_S}"}
        return self._page(request, page, facts)

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
        if not self._tokens.is_open(request.path_params["secret"]):
            return self._page(request, "closed.html", {}, 401)
        return self._page(request, "enter.html", {})

    async def _enter(self, request: Request) -> Response:
        from starlette.responses import RedirectResponse

        entered = self._tokens.enter(request.path_params["secret"])
        if entered is None:
            return self._page(request, "closed.html", {}, 401)
        response = RedirectResponse("/", 303)
        response.set_cookie(
            COOKIE, entered[1], httponly=True, samesite="strict", secure=self._secure, path="/"
        )
        return response

    async def _leave(self, request: Request) -> Response:
        from starlette.responses import RedirectResponse

        self._tokens.revoke(grant_of(request).id)
        response = RedirectResponse("/", 303)
        response.delete_cookie(COOKIE, path="/")
        return response

    def _page(
        self, request: Request, name: str, facts: dict[str, str], status: int = 200
    ) -> Response:
        from starlette.responses import HTMLResponse

        chosen = request.cookies.get(_CHOSEN, "")
        tongue = language(chosen or request.headers.get("accept-language", ""))
        headers = {"content-security-policy": _at_the_door()} if not facts else None
        return HTMLResponse(_filled(name, tongue, json.dumps(facts)), status, headers)


@cache
def _template(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


@cache
def _at_the_door() -> str:
    """Return the policy of the pages before the door, which can load no file, only this style."""
    digest = hashlib.sha256(_template("doorway.css").encode()).digest()
    return (
        f"default-src 'none'; style-src 'sha256-{base64.b64encode(digest).decode()}'; "
        "img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )


@cache
def _words_for_scripts(tongue: str) -> str:
    words = {
        key.removeprefix(_SCRIPT): text
        for key, text in catalogue(tongue).items()
        if key.startswith(_SCRIPT)
    }
    return _harmless(json.dumps(words, ensure_ascii=False))


def _filled(name: str, tongue: str, facts: str) -> str:
    extra = {"language": tongue, "facts": _harmless(facts), "words": _words_for_scripts(tongue)}
    extra["doorway"] = _template("doorway.css")
    return filled(_template(name), {**catalogue(tongue), **extra})


def _harmless(text: str) -> str:
    """Return JSON that cannot end the element it stands in."""
    return text.replace("<", "\\u003c")


@cache
def _files() -> dict[str, tuple[bytes, str]]:
    return {
        path.name: (path.read_bytes(), _TYPES[path.suffix])
        for path in _FOLDER.iterdir()
        if path.suffix in _TYPES
    }
