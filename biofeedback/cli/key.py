"""The commands for encryption at rest: key new, key seal, key off."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biofeedback.cli import console
from biofeedback.cli.options import SessionsFolder

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(help="Encrypt what is kept, with a key of yours.", no_args_is_help=True)
    for command in (new, seal, off):
        group.command()(command)
    app.add_typer(group, name="key")


def new(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A new file, best on a stick that you keep.")
    ],
) -> None:
    """Make a key, and encrypt sessions and profiles from now on."""
    from biofeedback.storage import encryption

    encryption.create(file)
    console.out.print(
        f"The key is in {file}. Without it nothing can be read again: keep a copy.\n"
        f"Name it where something is read:  export {encryption.KEY}={file}\n"
        "`biofeedback key seal` encrypts what is there already.",
        markup=False, highlight=False,
    )  # fmt: skip


def seal(
    out: SessionsFolder = None,
) -> None:
    """Encrypt what is still plain. A session that runs is closed at its end."""
    from biofeedback.cli.words import counted
    from biofeedback.common.errors import BusyError, ConfigError
    from biofeedback.personal import profiles
    from biofeedback.record.archive import seal_all
    from biofeedback.record.catalogue import catalogue
    from biofeedback.storage import encryption
    from biofeedback.storage.paths import sessions_folder
    from biofeedback.trials.folder import trials_folder

    if not encryption.is_on():
        raise ConfigError("there is no key yet", hint="Make one with `biofeedback key new FILE`.")
    folders = [out] if out else [sessions_folder(), *sorted(trials_folder().glob("*/sessions"))]
    closed, problems = [], []
    for folder in folders:
        sealed, left = seal_all(folder)
        if sealed:
            catalogue(folder)  # its index forgets them
        closed += sealed
        problems += left
    closed += [encryption.seal(path) for path in profiles.plain_files()]
    console.out.print(f"{len(closed)} files were encrypted.", highlight=False)
    if problems:
        first, more = problems[0], len(problems) - 1
        others = f", and {counted(more, 'session')} more" if more else ""
        raise BusyError(f"not all is encrypted: {first}{others}", hint=first.hint)


def off() -> None:
    """Encrypt nothing more. What is encrypted stays so, and is read with its key."""
    from biofeedback.storage import encryption

    encryption.end()
    console.out.print("What is written from now on is plain.")
