"""Commands for damaged sessions: a table of what is wrong, and a new session of what is whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biofeedback.cli import console
from biofeedback.cli.options import Json, SessionName, SessionsFolder
from biofeedback.cli.words import counted

if TYPE_CHECKING:
    from biofeedback.record.repair import LogCheck

__all__ = ["check", "repair"]

_MOST_TOLD = 5
MISTAKE = 2


def check(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SESSION|FOLDER...]", help="Sessions, or folders of them; else all that are."
        ),
    ] = None,
    out: SessionsFolder = None,
    as_json: Json = False,
) -> None:
    """List what is damaged in logs, each read whole.

    Exits with 2 where something is.
    """
    from biofeedback.record.catalogue import find, logs_in
    from biofeedback.record.repair import check as examined
    from biofeedback.storage.paths import sessions_folder

    folder = out or sessions_folder()
    sessions: list[Path] = [] if what else logs_in(folder)
    for name in what or ():
        inner = logs_in(Path(name)) if Path(name).is_dir() else []
        sessions += inner or [find(folder, name)]
    found = []
    with console.progress(f"Reading {counted(len(sessions), 'session')}") as progress:
        for number, session in enumerate(sessions):

            def told(share: float, number: int = number) -> None:
                progress((number + share) / len(sessions))

            found.append(examined(session, told))
    if as_json:
        console.as_json([_facts(one) for one in found])
    else:
        _show(found, folder)
    if any(one.damaged or one.unreadable for one in found):
        raise typer.Exit(MISTAKE)


def repair(
    session: SessionName,
    out: SessionsFolder = None,
    into: Annotated[
        str, typer.Option(metavar="NAME", help="Of the new session; else the old one's, repaired.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Save what is whole of a damaged log as a new session.

    The old one stays as it is. Where lines are left out stands a mark, and proof ends there.
    """
    from biofeedback.record.archive import seal
    from biofeedback.record.catalogue import find
    from biofeedback.record.reader import find_log
    from biofeedback.record.repair import repair as saved
    from biofeedback.storage import encryption
    from biofeedback.storage.paths import sessions_folder

    folder = out or sessions_folder()
    old = find_log(find(folder, session)).parent.resolve()
    target = old.with_name(into) if into else _free(old)
    with console.progress("Saving what is whole") as progress:
        result = saved(old, target, progress)
    if encryption.is_on():
        seal(target)
    if as_json:
        console.as_json(_facts(result))
        return
    missing = f"; in place of {counted(result.lost, 'line')} stands a mark" if result.lost else ""
    console.out.print(
        f"{counted(result.lines, 'line')} saved{missing}: {target}", markup=False, highlight=False
    )


def _free(old: Path) -> Path:
    """Return where the repaired twin of a session goes."""
    number, target = 1, old.with_name(f"{old.name}-repaired")
    while target.exists():
        number += 1
        target = old.with_name(f"{old.name}-repaired-{number}")
    return target


def _facts(found: LogCheck) -> dict[str, object]:
    return {
        "id": found.folder.name, "folder": str(found.folder.resolve()), "lines": found.lines,
        "damaged": found.damaged, "places": found.places, "lost": found.lost,
        "complete": found.ended, "running": found.running, "unreadable": found.unreadable or None,
    }  # fmt: skip


def _show(found: list[LogCheck], folder: Path) -> None:
    from rich.table import Table

    if not found:
        console.out.print(f"No sessions in {folder} yet.", markup=False, highlight=False)
        return
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for heading in ("ID", "Whole lines", "Damaged", "Missing", ""):
        numbers = heading in ("Whole lines", "Damaged", "Missing")
        table.add_column(heading, justify="right" if numbers else "left", overflow="fold")
    for one in found:
        counts = (str(one.lines), str(one.damaged or ""), str(one.lost or ""))
        table.add_row(console.escape(one.folder.name), *counts, _state(one))
    console.out.print(table, soft_wrap=False)
    for one in found:
        for place in (*one.places[:_MOST_TOLD], *([one.unreadable] if one.unreadable else ())):
            console.out.print(place, markup=False, highlight=False)
        if one.damaged > _MOST_TOLD:
            more = f"and {counted(one.damaged - _MOST_TOLD, 'place')} more in {one.folder.name}"
            console.out.print(more, markup=False, highlight=False)
    if any(one.damaged for one in found):
        console.out.print("`biofeedback sessions repair ID` saves what is whole.", highlight=False)


def _state(one: LogCheck) -> str:
    if one.unreadable:
        return "[white on red] unreadable [/]"
    if one.damaged:
        return "[white on red] damaged [/]"
    if one.running:
        return "[black on green] running [/]"
    return "whole" if one.ended else "whole, but cut short"
