"""Commands that copy and delete what is kept: some sessions, old ones, or all of a person."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biofeedback.cli import console, exporting
from biofeedback.cli.options import SessionsFolder
from biofeedback.cli.words import clock_text, counted, size_text

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from biofeedback.app.person import Kept

__all__ = ["delete", "erased", "export_all", "kept_words"]

_UNITS = {"d": 1, "w": 7, "y": 365}
_MOST_DAYS = 36_500  #: a hundred years
_NONE = "nothing was deleted, since nobody can be asked"


def delete(
    sessions: Annotated[
        list[str] | None, typer.Argument(metavar="[ID...]", help="Which sessions.")
    ] = None,
    out: SessionsFolder = None,
    profile: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="All of a person; with --older-than, old sessions."),
    ] = None,
    older_than: Annotated[
        str | None,
        typer.Option(metavar="AGE", help="Sessions that began so long ago: 90d, 12w, 2y."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be deleted, and delete nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete sessions, old ones, or all of a person, for good.

    Exports and copies elsewhere stay. Blocks of trials go with --profile alone.
    """
    from biofeedback.common.errors import ConfigError
    from biofeedback.record.catalogue import find
    from biofeedback.storage.paths import sessions_folder

    if bool(sessions) == bool(profile or older_than):
        raise ConfigError(
            "nothing to delete is named", hint="Give sessions, a --profile, or --older-than 90d."
        )
    folder = out or sessions_folder()
    if profile and not older_than:
        _delete_person(profile, out, dry_run, yes)
        return
    if older_than:
        folders = _old(folder, profile, _age(older_than))
    else:
        folders = list(dict.fromkeys(find(folder, name) for name in sessions or ()))
    _delete_sessions(folders, dry_run, yes)


def export_all(
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write into.")],
    profile: Annotated[str, typer.Option(metavar="NAME", help="Whose data.")],
    out: SessionsFolder = None,
) -> None:
    """Copy all that is kept of a person into a folder."""
    import shutil

    from biofeedback.app import person
    from biofeedback.common.errors import ConfigError
    from biofeedback.record.targets import new_folder

    kept = person.kept_of(profile, out)
    if not kept:
        raise ConfigError(
            f"nothing is kept of {profile!r}", hint="`biofeedback sessions list` shows sessions."
        )
    with new_folder(target, force=False):
        for name, content in person.contents(kept):
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                shutil.copy2(content, path)
            else:
                path.write_bytes(content)
    exporting.note_copy_of([profile], "folder", target)
    console.out.print(f"{kept_words(kept)}: {target}", markup=False, highlight=False)


def erased(kept: Kept) -> None:
    """Erase all of a person, and name the copies that are theirs to delete."""
    from biofeedback.app import person

    copies = kept.copies
    person.erase(kept)
    for path in copies:
        console.err.print(f"A copy that was made stays: {path}", markup=False, highlight=False)
    for problem in kept.unread:
        console.err.print(
            f"[yellow]Note:[/] {console.escape(problem)} cannot be read, so whose it is cannot be "
            "told; it stays.",
            highlight=False,
        )


def kept_words(kept: Kept) -> str:
    """Return what is kept of a person in a few words."""
    shared = len(kept.shared)
    words = [counted(len(kept.sessions), "session")]
    if shared:
        words.append(f"{shared} of them with others")
    return ", ".join([*words, counted(len(kept.files), "file")])


def _delete_person(profile: str, out: Path | None, dry_run: bool, yes: bool) -> None:
    from biofeedback.app import person

    kept = person.kept_of(profile, out)
    doomed = [path for paths in kept.parts.values() for path in paths]
    if not doomed:
        console.out.print("There is nothing to delete.")
        return
    if dry_run or not yes:
        for path in doomed:
            others = "  (with others)" if path in kept.shared else ""
            console.out.print(f"  {path}{others}", markup=False, highlight=False)
    if not dry_run and _agreed(len(doomed), yes):
        erased(kept)
        _told(doomed)


def _delete_sessions(folders: Sequence[Path], dry_run: bool, yes: bool) -> None:
    from biofeedback.record import removal

    for folder in folders:
        removal.check_removable(folder)
    if not folders:
        console.out.print("There is nothing to delete.")
        return
    if dry_run or (not yes and sys.stdin.isatty()):
        _show(folders)
    if not dry_run and _agreed(len(folders), yes):
        removal.remove(folders)
        _told(folders)


def _agreed(count: int, yes: bool) -> bool:
    from biofeedback.common.errors import FolderError

    if yes:
        return True
    if not sys.stdin.isatty():
        raise FolderError(_NONE, hint="Add --yes if you mean it.")
    if typer.confirm(f"Delete {'this' if count == 1 else f'all {count}'} for good?"):
        return True
    console.out.print("Nothing was deleted.")
    return False


def _told(paths: Sequence[Path]) -> None:
    for path in paths:
        console.out.print(f"Deleted {path}", markup=False, highlight=False)


def _show(folders: Sequence[Path]) -> None:
    """Print a table of sessions: which, of when and of whom, and how much they are."""
    from datetime import datetime

    from rich.table import Table

    from biofeedback.common.errors import LogError
    from biofeedback.record.catalogue import entry
    from biofeedback.record.export_label import people_of

    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for heading in ("ID", "When", "Length", "Of", "Size"):
        table.add_column(heading, overflow="fold", no_wrap=heading != "Of")
    total = 0
    for folder in folders:
        size = sum(path.stat().st_size for path in folder.iterdir())
        total += size
        try:
            known = entry(folder)
            began = datetime.fromisoformat(known.header.started_utc).astimezone()
            facts = (
                f"{began:%Y-%m-%d %H:%M}",
                clock_text(known.duration_s),
                ", ".join(people_of(known.header)) or "nobody",
            )
        except LogError:
            facts = ("", "", "cannot be read")
        cells = (folder.name, *facts, size_text(size))
        table.add_row(*(console.escape(cell) for cell in cells))
    console.out.print(table, soft_wrap=False)
    console.out.print(f"{counted(len(folders), 'session')}, {size_text(total)}", highlight=False)


def _old(out: Path, profile: str | None, age: timedelta) -> list[Path]:
    """Return the sessions in a folder that began so long ago, of somebody or of everybody."""
    from datetime import datetime

    from biofeedback.common.clock import utc_now
    from biofeedback.record.catalogue import catalogue
    from biofeedback.record.export_label import people_of

    found, problems = catalogue(out)
    for problem in problems:
        console.err.print(f"[yellow]Note:[/] {console.escape(str(problem))}", highlight=False)
    before = utc_now() - age
    return [
        entry.folder
        for entry in found
        if not entry.running
        and _aware(datetime.fromisoformat(entry.header.started_utc)) < before
        and (profile is None or profile in people_of(entry.header))
    ]


def _aware(moment: datetime) -> datetime:
    from datetime import UTC

    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _age(text: str) -> timedelta:
    from datetime import timedelta

    from biofeedback.common.errors import ConfigError

    found = re.fullmatch(r"([1-9]\d{0,4})([dwy])", text)
    days = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 0 < days <= _MOST_DAYS:
        raise ConfigError(f"{text!r} is no age", hint="Write days, weeks or years: 90d, 12w, 2y.")
    return timedelta(days=days)
