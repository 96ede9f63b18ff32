"""The command that marks, notes and rates in a session that runs in another window: mark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from biofeedback.cli import console

if TYPE_CHECKING:
    from biofeedback.controllers.local_ipc import RunningSession, What

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(mark)


def mark(
    text: Annotated[str, typer.Argument(help="What happened.")] = "",
    note: Annotated[bool, typer.Option("--note", help="A note, not a marker.")] = False,
    rate: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SCALE=N",
            help="Rate arousal or valence 1 to 9, relaxation or distress 0 to 10. May repeat.",
        ),
    ] = None,
    session: Annotated[
        str, typer.Option(metavar="ID", help="Which session, when several run: its folder's name.")
    ] = "",
) -> None:
    """Set a marker in the session that runs here now, note, or rate."""
    from biofeedback.cli.words import clock_text
    from biofeedback.common.errors import CommandError
    from biofeedback.controllers.local_ipc import ask

    if note and not text:
        raise CommandError("a note needs its text", hint='biofeedback mark --note "TEXT"')
    place = _place(session)
    asked: list[tuple[What, str]]
    asked = [("rating", rating) for rating in rate or ()]
    if note or text or not rate:
        asked.append(("note" if note else "marker", text or "marker"))
    time_s = [ask(place, what, value) for what, value in asked][-1]
    console.out.print(f"{clock_text(time_s)} in {place.name}", markup=False, highlight=False)


def _place(session: str) -> RunningSession:
    """Return the session that is meant; raise an error with a hint when there is no such one."""
    from biofeedback.common.errors import CommandError
    from biofeedback.controllers.local_ipc import running_sessions

    running = running_sessions()
    found = [place for place in running if session in ("", place.name, place.session)]
    names = ", ".join(place.name for place in running)
    if not found:
        raise CommandError(
            f"the session {session!r} does not run" if session else "no session runs",
            hint=f"These run: {names}." if running else "Start one: biofeedback run",
        )
    if len(found) > 1:
        raise CommandError(f"{len(found)} sessions run", hint=f"Choose with --session: {names}.")
    return found[0]
