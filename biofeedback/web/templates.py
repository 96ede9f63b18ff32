"""Pages made of a template and words, and those that are shown before access is granted."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from biofeedback.web.translations import catalogue, filled, language

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

__all__ = ["FOLDER", "before_access", "page", "tongue"]

FOLDER = Path(__file__).with_name("static")
_SCRIPT = "script."  #: words whose key starts so are for scripts as well
_PART = re.compile(r"\{\{(part\.\w+)\}\}\n")  #: what several pages have in common
_CHOSEN = "language"  #: the cookie of whoever wants another language than the browser


def tongue(headers: Mapping[str, str], cookies: Mapping[str, str]) -> str:
    """Return the language to answer in: the one chosen on a page, else the browser's."""
    return language(cookies.get(_CHOSEN, "") or headers.get("accept-language", ""))


def page(name: str, spoken: str, facts: Mapping[str, object]) -> Response:
    """Return a page for somebody who was let in."""
    from starlette.responses import HTMLResponse

    return HTMLResponse(_filled(_template(name), spoken, json.dumps(facts)))


def before_access(name: str, spoken: str, status: int = 200) -> Response:
    """Return a page for somebody who was not let in: it can load nothing, and has all it needs."""
    from starlette.responses import HTMLResponse

    headers = {"content-security-policy": _policy()}
    whole = _template("before_access.html").replace("{{page}}\n", _template(name))
    return HTMLResponse(_filled(whole, spoken, "{}"), status, headers)


@cache
def _template(name: str) -> str:
    text = (FOLDER / name).read_text(encoding="utf-8")
    return _PART.sub(lambda part: _template(f"{part[1]}.html"), text)


@cache
def _policy() -> str:
    style, script = (_digest(_template(f"before_access.{kind}")) for kind in ("css", "js"))
    return (
        f"default-src 'none'; style-src '{style}'; script-src '{script}'; connect-src 'self'; "
        "img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _words_for_scripts(spoken: str) -> str:
    words = {
        key.removeprefix(_SCRIPT): text
        for key, text in catalogue(spoken).items()
        if key.startswith(_SCRIPT)
    }
    return _harmless(json.dumps(words, ensure_ascii=False))


def _filled(template: str, spoken: str, facts: str) -> str:
    style, script = _template("before_access.css"), _template("before_access.js")
    extra = {
        "language": spoken,
        "facts": _harmless(facts),
        "words": _words_for_scripts(spoken),
        "before_access": f'<style>{style}</style>\n<script type="module">{script}</script>',
    }
    return filled(template, {**catalogue(spoken), **extra})


def _harmless(text: str) -> str:
    """Return JSON that cannot end the element it stands in."""
    return text.replace("<", "\\u003c")
