"""Commands for the sessions that were recorded: list, show, tag, compress, delete."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biofeedback.cli import console
from biofeedback.cli.damage import check, repair
from biofeedback.cli.deleting import delete, export_all
from biofeedback.cli.options import Json, SessionsFolder
from biofeedback.cli.trends import trends
from biofeedback.cli.words import clock_text, size_text

if TYPE_CHECKING:
    from biofeedback.record.catalogue import CatalogueEntry
    from biofeedback.record.log_summary import LogSummary

__all__ = ["register"]

Id = Annotated[str, typer.Argument(metavar="ID", help="A session's name, its start, or a path.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(help="List, show, tag or delete recorded sessions.", no_args_is_help=True)
    group.command("list")(list_sessions)
    for command in (show, tag, compress, check, repair, delete, trends):
        group.command()(command)
    group.command("export-all")(export_all)
    app.add_typer(group, name="sessions")


def list_sessions(out: SessionsFolder = None, as_json: Json = False) -> None:
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
            ", ".join((entry.programme, *entry.tags)),
        )
        table.add_row(*(console.escape(cell) for cell in cells), _badges(entry))
    console.out.print(table, soft_wrap=False)


def show(session: Id, out: SessionsFolder = None, as_json: Json = False) -> None:
    """Show what a session came to."""
    from biofeedback.record import catalogue
    from biofeedback.record.log_summary import summary as summed_up

    folder = catalogue.find(_folder(out), session)
    with console.err.status("Reading the session"):
        entry, summary = catalogue.entry(folder), summed_up(folder)
    if as_json:
        fields = (
            "arousal", "heart_rate_bpm", "tempo_bpm", "gaps", "gap_s", "markers", "said", "notes",
        )  # fmt: skip
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


def tag(
    session: Id,
    tags: Annotated[list[str] | None, typer.Argument(metavar="TAG...", help="To add.")] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="TAG", help="To take away; repeatable.")
    ] = None,
    out: SessionsFolder = None,
) -> None:
    """Give a session words to find it by, and show those it has."""
    from biofeedback.record.catalogue import find
    from biofeedback.record.tags import read_tags, write_tags

    folder = find(_folder(out), session)
    kept = read_tags(folder)
    if tags or remove:
        kept = write_tags(folder, {*kept, *(tags or ())} - set(remove or ()))
    console.out.print(", ".join(kept) or "no tags", markup=False, highlight=False)


def compress(
    sessions: Annotated[list[str], typer.Argument(metavar="ID...", help="Which sessions.")],
    out: SessionsFolder = None,
) -> None:
    """Compress the logs of sessions. Every command still reads them."""
    from biofeedback.record.catalogue import find
    from biofeedback.record.compress import compress as shrink

    for folder in [find(_folder(out), name) for name in sessions]:
        for part in shrink(folder):
            typer.echo(part)


def _folder(out: Path | None) -> Path:
    from biofeedback.storage.paths import sessions_folder

    return out or sessions_folder()


def _facts(entry: CatalogueEntry) -> dict[str, object]:
    header = entry.header
    return {
        "id": entry.folder.name,
        "folder": str(entry.folder.resolve()),
        "started_utc": header.started_utc,
        "recorded": header.recorded or None,
        "duration_s": entry.duration_s,
        "sensors": header.sensors,
        "programme": entry.programme,
        "profile": entry.header.profile,
        "tags": entry.tags,
        "simulated": header.simulated,
        "complete": entry.end is not None,
        "running": entry.running,
        "ended": entry.end.reason if entry.end else None,
    }


def _rows(entry: CatalogueEntry, summary: LogSummary) -> list[tuple[str, str]]:
    ended = "it runs still" if entry.running else "cut short, without an end"
    if entry.end:
        ended = f"ended: {entry.end.reason}"
    rows = [
        ("when", _when(entry)),
        ("length", f"{clock_text(entry.duration_s)}, {ended}"),
        ("sensors", ", ".join(entry.header.sensors)),
        ("programme", f"{entry.programme}, seed {entry.header.seed}"),
    ]
    if entry.header.replayed:
        rows.insert(1, ("recorded", _recorded(entry.header.began)))
    if entry.header.profile:
        rows.append(("profile", entry.header.profile))
    if entry.tags:
        rows.append(("tags", ", ".join(entry.tags)))
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
    rows += [(kind, f"{clock_text(time_s)}  {text}") for time_s, kind, text in summary.said]
    files = _files(entry.folder)
    rows += [("file", f"{name}  {size_text(size)}") for name, size in files.items()]
    return rows


def _files(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in sorted(folder.iterdir()) if path.is_file()}


def _badges(entry: CatalogueEntry) -> str:
    simulated = "[black on yellow] simulated [/]" if entry.header.simulated else ""
    cut = "" if entry.end else "[white on red] cut short [/]"
    cut = "[black on green] running [/]" if entry.running else cut
    return " ".join(badge for badge in (simulated, cut) if badge)


def _recorded(began: datetime | None) -> str:
    if began is None:
        return "the recording does not say when"
    if began.tzinfo is None:
        return f"{began:%Y-%m-%d %H:%M}, by the clock of the recorder"
    return f"{began.astimezone():%Y-%m-%d %H:%M}"


def _when(entry: CatalogueEntry) -> str:
    started = datetime.fromisoformat(entry.header.started_utc).astimezone()
    return started.strftime("%Y-%m-%d %H:%M")
