"""Commands for the sessions that were recorded: list, show, delete."""

from __future__ import annotations

import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biofeedback.cli import console
from biofeedback.cli.words import clock_text, size_text

if TYPE_CHECKING:
    from biofeedback.record.catalogue import Entry, Summary

__all__ = ["register"]

Out = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder of the sessions; else your data folder."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="A session's name, its start, or a path.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(help="List, show or delete recorded sessions.", no_args_is_help=True)
    group.command("list")(list_sessions)
    group.command("show")(show)
    group.command("delete")(delete)
    app.add_typer(group, name="sessions")


def list_sessions(out: Out = None, as_json: Json = False) -> None:
    """List the sessions in a folder, the newest last."""
    from biofeedback.record.catalogue import catalogue

    folder = _folder(out)
    found, problems = catalogue(folder)
    for problem in problems:
        console.err.print(f"[yellow]Note:[/] {console.escape(str(problem))}", highlight=False)
    if as_json:
        console.as_json([_facts(entry) for entry in found])
        return
    if not found:
        console.out.print(f"No sessions in {folder} yet.", markup=False, highlight=False)
        return
    from rich.table import Table

    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for heading in ("ID", "When", "Length", "Sensors", "Programme", ""):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("ID", "When", "Length"))
    for entry in found:
        cells = (
            entry.folder.name,
            _when(entry),
            clock_text(entry.duration_s),
            ", ".join(entry.header.sensors),
            entry.programme,
        )
        table.add_row(*(console.escape(cell) for cell in cells), _badges(entry))
    console.out.print(table, soft_wrap=False)


def show(session: Id, out: Out = None, as_json: Json = False) -> None:
    """Show what a session came to."""
    from biofeedback.record import catalogue

    folder = catalogue.find(_folder(out), session)
    with console.err.status("Reading the session"):
        entry, summary = catalogue.entry(folder), catalogue.summary(folder)
    if as_json:
        fields = ("arousal", "heart_rate_bpm", "tempo_bpm", "gaps", "gap_s", "markers", "notes")
        facts = _facts(entry) | {name: getattr(summary, name) for name in fields}
        console.as_json(facts | {"files": _files(folder)})
        return
    from rich.table import Table

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in _rows(entry, summary):
        table.add_row(name, console.escape(text))
    heading = f"[bold]{console.escape(folder.name)}[/]  {_badges(entry)}"
    console.out.print(heading, highlight=False)
    console.out.print(table, soft_wrap=False, highlight=False)


def delete(
    sessions: Annotated[list[str], typer.Argument(metavar="ID...", help="Which sessions.")],
    out: Out = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete sessions with all their files, for good."""
    from biofeedback.errors import FolderError
    from biofeedback.record.catalogue import find

    folders = list(dict.fromkeys(find(_folder(out), name) for name in sessions))
    for folder in folders:
        _check_deletable(folder)
    if not yes:
        if not sys.stdin.isatty():
            raise FolderError(
                "nothing was deleted, since nobody can be asked", hint="Add --yes if you mean it."
            )
        for folder in folders:
            console.out.print(f"  {folder}", markup=False, highlight=False)
        what = "this session" if len(folders) == 1 else f"these {len(folders)} sessions"
        if not typer.confirm(f"Delete {what} for good?"):
            console.out.print("Nothing was deleted.")
            return
    for folder in folders:
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise FolderError(
                f"{folder} cannot be deleted: {error.strerror}", hint="Is it yours, and not open?"
            ) from error
        console.out.print(f"Deleted {folder}", markup=False, highlight=False)


def _check_deletable(folder: Path) -> None:
    """Refuse whatever is more than a session's own folder, which holds files alone."""
    from biofeedback.errors import FolderError
    from biofeedback.record.reader import read_header

    read_header(folder)
    if folder.is_symlink() or any(item.is_dir() for item in folder.iterdir()):
        raise FolderError(
            f"{folder} is more than a session: it holds other folders, or is a link",
            hint="Nothing was deleted. Delete it by hand if you mean it.",
        )


def _folder(out: Path | None) -> Path:
    from biofeedback.personal.folders import sessions_folder

    return out or sessions_folder()


def _facts(entry: Entry) -> dict[str, object]:
    header = entry.header
    return {
        "id": entry.folder.name,
        "folder": str(entry.folder.resolve()),
        "started_utc": header.started_utc,
        "duration_s": entry.duration_s,
        "sensors": header.sensors,
        "programme": entry.programme,
        "simulated": header.simulated,
        "complete": entry.end is not None,
        "ended": entry.end.reason if entry.end else None,
    }


def _rows(entry: Entry, summary: Summary) -> list[tuple[str, str]]:
    ended = f"ended: {entry.end.reason}" if entry.end else "cut short, without an end"
    rows = [
        ("when", _when(entry)),
        ("length", f"{clock_text(entry.duration_s)}, {ended}"),
        ("sensors", ", ".join(entry.header.sensors)),
        ("programme", f"{entry.programme}, seed {entry.header.seed}"),
    ]
    for name, pair, form, unit in (
        ("arousal", summary.arousal, ".2f", ""),
        ("heart rate", summary.heart_rate_bpm, ".0f", " bpm"),
        ("tempo", summary.tempo_bpm, ".0f", " bpm"),
    ):
        text = "not known" if pair is None else f"{pair[0]:{form}} -> {pair[1]:{form}}{unit}"
        rows.append((name, f"{text}  (first and last minute)" if pair else text))
    reasons = ", ".join(f"{count} {reason}" for reason, count in summary.gaps.items())
    rows.append(("gaps", f"{reasons}; {summary.gap_s:.0f} s in all" if reasons else "none"))
    rows.append(("notes", str(summary.notes)))
    rows += [("marker", f"{clock_text(time_s)}  {text}") for time_s, text in summary.markers]
    files = _files(entry.folder)
    rows += [("file", f"{name}  {size_text(size)}") for name, size in files.items()]
    return rows


def _files(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in sorted(folder.iterdir()) if path.is_file()}


def _badges(entry: Entry) -> str:
    simulated = "[black on yellow] simulated [/]" if entry.header.simulated else ""
    cut = "" if entry.end else "[white on red] cut short [/]"
    return " ".join(badge for badge in (simulated, cut) if badge)


def _when(entry: Entry) -> str:
    started = datetime.fromisoformat(entry.header.started_utc).astimezone()
    return started.strftime("%Y-%m-%d %H:%M")
