"""`biofeedback serve --link`: another link for the pages of a server, and its QR code."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

from biofeedback.cli import console, serve_link
from biofeedback.common.errors import ConfigError

__all__ = ["PORT", "make_link", "show"]


if TYPE_CHECKING:
    from biofeedback.views.permissions import Role
    from biofeedback.web.links import Serving


PORT = 8484
_NEXT_S = 12 * 3600.0  #: how long a link waits for a server that does not run yet
_HERE = ("://localhost:", "://127.0.0.1:")


@dataclass(frozen=True, slots=True)
class _Place:
    """Whom a link lets in."""

    title: str
    role: Role
    name: str
    station: str | None


def make_link(port: int | None, whom: str, as_json: bool, origins: tuple[str, ...]) -> None:
    """Print a new link; `origins` are where the next server will be, if that is told."""
    from biofeedback.web.links import WebLinks
    from biofeedback.web.tokens import LINK_S

    at, runs = _server(port, origins)
    place = _place(whom, at, runs)
    secret, until = WebLinks(at.port).make(
        place.role, place.name, place.station, LINK_S if runs else _NEXT_S
    )
    wanted = [origin for origin in at.origins if origin in origins] if origins else []
    link = f"{(wanted or at.origins)[0]}/enter/{secret}"
    if as_json:
        console.as_json(
            {
                "link": link, "role": place.role, "name": place.name, "station": place.station,
                "port": at.port, "running": runs, "until_utc": until.isoformat(),
            }
        )  # fmt: skip
        return
    sys.stdout.write(f"{place.title} {link}\n")
    trouble = serve_link.show(link, sys.stdout)
    _explain(link, at.port, runs, until, trouble)


def _server(port: int | None, origins: tuple[str, ...]) -> tuple[Serving, bool]:
    """Return the server that a link is for, and whether it runs now."""
    from biofeedback.web.links import Serving, serving

    if port == 0:
        raise ConfigError("a link needs to know the port", hint="Give the server's with --port.")
    known = [one for one in serving() if port in (None, one.port)]
    running = [one for one in known if one.runs]
    if len(running) > 1:
        ports = ", ".join(str(one.port) for one in running)
        raise ConfigError(f"several servers run, on the ports {ports}", hint="Choose with --port.")
    if running:
        return running[0], True
    port = port or PORT
    before = next((one.origins for one in known if one.port == port), ())
    return Serving(port, origins or before or (f"http://localhost:{port}",)), False


def _place(whom: str, at: Serving, runs: bool) -> _Place:
    if whom == "listener":
        return _Place("Page of the listener:", "listener", "home", "home")
    if whom == "desk":
        return _Place("Desk of a therapist: ", "therapist", "desk", None)
    stations = {
        station: name for station, name in at.stations.items() if runs and whom in (station, name)
    }
    if len(stations) == 1:
        ((station, name),) = stations.items()
        return _Place(f"Page of {name}:", "listener", name, station)
    if stations:
        raise ConfigError(
            f"several are called {whom}", hint=f"Choose one of {', '.join(stations)}."
        )
    names = ", ".join(["listener", "desk", *(at.stations.values() if runs else ())])
    raise ConfigError(f"there is no place for {whom} on that server", hint=f"There is: {names}.")


def _explain(link: str, port: int, runs: bool, until: datetime, trouble: str) -> None:
    waits = f"{until.astimezone():%H:%M}"
    lines = [f"It works once, until {waits}, in the browser that opens it."]
    if not runs:
        lines.append(f"No server runs on port {port} now: the link is for the next one there.")
    lines.append(
        "An earlier link for the same place that nobody has used is over; who is in stays in."
    )
    if any(here in link for here in _HERE):
        lines.append("It is for this computer only; a phone needs: biofeedback serve --lan")
    for line in [*lines, *([trouble] if trouble else [])]:
        console.err.print(line, highlight=False, markup=False)


_WHITE_ON_BLACK, _PLAIN = "\033[97;40m", "\033[0m"


def show(text: str, to: TextIO) -> str:
    """Write the code of a text; return why there is none, "" when there is one."""
    try:
        import segno
    except ImportError:
        return 'There is no QR code without segno: pip install "biofeedback[web]"'
    drawn = io.StringIO()
    segno.make(text, micro=False).terminal(drawn, compact=True)
    lines = drawn.getvalue().splitlines()
    if to.isatty():  # light on dark is what cameras expect, whatever the terminal's colours are
        lines = [f"{_WHITE_ON_BLACK}{line}{_PLAIN}" for line in lines]
    try:
        to.write("\n".join([*lines, ""]))
    except UnicodeEncodeError:
        return "There is no QR code: this terminal shows no block characters."
    to.flush()
    return ""
