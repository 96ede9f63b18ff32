"""The command that writes sessions as files for other programs, and the note of each copy."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from biofeedback.cli import console
from biofeedback.cli.options import Json, Sessions, session_named

if TYPE_CHECKING:
    from biofeedback.record.export_label import ExportLabel

__all__ = ["export", "note_copy", "note_copy_of", "tell_running"]


class _Named(TypedDict, total=False):
    label: ExportLabel


def export(
    sessions: Annotated[
        list[str], typer.Argument(metavar="SESSION...", help="Names as listed, or paths.")
    ],
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT", help="The file to write; a folder for bids, csv and parquet."
        ),
    ],
    to: Annotated[str, typer.Option("--to", metavar="FORMAT", help="{exporter}.")] = "csv",
    subject: Annotated[
        str | None,
        typer.Option(metavar="LABEL", help="Whose it is, in place of the profile: 07."),
    ] = None,
    session: Annotated[
        str | None, typer.Option(metavar="LABEL", help="Which of theirs it is: 02.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over what is there already.")
    ] = False,
    folder: Sessions = None,
    as_json: Json = False,
) -> None:
    """Write sessions as files for other programs.

    Several sessions get a folder or a file each within OUT; BIDS puts them into one dataset, also
    one that an export made before. There a profile is a participant; a session without one is a
    participant of its own, unless --subject says whose it is.
    """
    from biofeedback.app.registry import EXPORTERS
    from biofeedback.common.errors import ConfigError
    from biofeedback.record.export_label import OWN, ExportLabel
    from biofeedback.record.reader import find_log, read, read_header

    if EXPORTERS.find(to) is None:
        raise ConfigError(f"there is no export to {to!r}", hint=EXPORTERS.hint(to))
    exporter = EXPORTERS.load(to)
    named_so = [session_named(name, folder) for name in sessions]
    found = list({find_log(path).resolve(): path for path in named_so}.values())  # each once
    label = ExportLabel.of(subject, session).checked([read_header(path) for path in found])
    if label != OWN and "label" not in signature(exporter.export).parameters:
        raise ConfigError(
            f"the export to {to} cannot be told whose a session is",
            hint="Leave out --subject and --session.",
        )
    named: _Named = {} if label == OWN else {"label": label}
    for path in found:
        deque(read(path), maxlen=0)  # a damaged one is refused before anything is written
        tell_running(path)
    paths: list[Path] = []
    with console.progress(f"Exporting to {to.upper()}") as progress:
        for number, path in enumerate(found):

            def told(share: float, number: int = number) -> None:
                progress((number + share) / len(found))

            target = _target(path, out, exporter.ENDING, label, several=len(found) > 1)
            paths += exporter.export(path, target, force=force, progress=told, **named)
            note_copy(path, to, target)
    console.written(paths, as_json)


def note_copy_of(people: Iterable[str], kind: str, target: Path, session: str = "") -> None:
    """Write down beside each profile that a copy was made; without any, for who has none.

    The copy is there: where this fails it is said, and nothing else.
    """
    from biofeedback.common.clock import utc_now
    from biofeedback.common.errors import BiofeedbackError
    from biofeedback.personal import trail

    try:
        for person in tuple(people) or (None,):
            trail.note_copy(person, kind, target, utc_now(), session)
    except BiofeedbackError as error:
        console.err.print(
            "[yellow]Note:[/] that this copy was made is not written down: "
            f"{console.escape(str(error))}",
            highlight=False,
        )


def note_copy(session: Path, kind: str, target: Path) -> None:
    """Write down a copy of one session, a folder or a log, outside of its folder."""
    from biofeedback.record.export_label import people_of
    from biofeedback.record.reader import find_log, read_header

    folder = find_log(session).resolve().parent
    if not target.resolve().is_relative_to(folder):
        note_copy_of(people_of(read_header(session)), kind, target, folder.name)


def tell_running(session: Path) -> None:
    """Say that a session runs still, where something is made of its log."""
    from biofeedback.record.reader import find_log
    from biofeedback.storage.locks import is_running

    if is_running(find_log(session).parent):
        console.err.print(
            "[yellow]Note:[/] the session runs still; this ends where its log ends now.",
            highlight=False,
        )


def _target(
    session: Path, out: Path, ending: str | None, label: ExportLabel, *, several: bool
) -> Path:
    folder = session if session.is_dir() else session.parent
    name = folder.resolve().name
    if ending is None or not (several or (ending and out.is_dir())):
        return out
    return out / f"{label.file_name(name)}{ending}"
