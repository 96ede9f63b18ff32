"""The command that writes sessions as files for other programs."""

from __future__ import annotations

from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from biofeedback.cli import console
from biofeedback.cli.options import Json

if TYPE_CHECKING:
    from biofeedback.record.export_label import ExportLabel
    from biofeedback.record.lines import HeaderLine

__all__ = ["export", "tell_damage"]

_MOST_TOLD = 5


class _Named(TypedDict, total=False):
    label: ExportLabel


def export(
    sessions: Annotated[
        list[Path], typer.Argument(metavar="SESSION...", help="Sessions' folders, or their logs.")
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
    from biofeedback.record.reader import read_header

    if EXPORTERS.find(to) is None:
        raise ConfigError(f"there is no export to {to!r}", hint=EXPORTERS.hint(to))
    exporter = EXPORTERS.load(to)
    label = ExportLabel.of(subject, session).checked([read_header(path) for path in sessions])
    if label != OWN and "label" not in signature(exporter.export).parameters:
        raise ConfigError(
            f"the export to {to} cannot be told whose a session is",
            hint="Leave out --subject and --session.",
        )
    named: _Named = {} if label == OWN else {"label": label}
    for path in sessions:
        tell_damage(path)
    paths: list[Path] = []
    with console.progress(f"Exporting to {to.upper()}") as progress:
        for number, path in enumerate(sessions):

            def told(share: float, number: int = number) -> None:
                progress((number + share) / len(sessions))

            target = _target(path, out, exporter.ENDING, label, several=len(sessions) > 1)
            paths += exporter.export(path, target, force=force, progress=told, **named)
            _note(read_header(path), to, target, path)
    console.written(paths, as_json)


def _note(header: HeaderLine, to: str, target: Path, session: Path) -> None:
    """Write down beside each profile that a copy was made, for when the person is forgotten."""
    from biofeedback.common.clock import utc_now
    from biofeedback.common.errors import BiofeedbackError
    from biofeedback.personal.trail import note_copy
    from biofeedback.record.export_label import people_of

    folder = session if session.is_dir() else session.parent
    try:
        for person in people_of(header) or (None,):
            note_copy(person, to, target, utc_now(), folder.resolve().name)
    except BiofeedbackError as error:
        console.err.print(
            f"[yellow]Note:[/] that this copy was made is not written down: "
            f"{console.escape(str(error))}",
            highlight=False,
        )


def tell_damage(session: Path) -> None:
    """Say which lines of a log were changed or are missing; what is made of it may be wrong."""
    from biofeedback.record.reader import damage

    found = damage(session)
    for problem in found[:_MOST_TOLD]:
        console.err.print(f"[yellow]Note:[/] {console.escape(problem)}", highlight=False)
    if len(found) > _MOST_TOLD:
        more = f"{len(found) - _MOST_TOLD} lines more; `biofeedback verify` looks at all"
        console.err.print(f"[yellow]Note:[/] {more}", highlight=False)


def _target(
    session: Path, out: Path, ending: str | None, label: ExportLabel, *, several: bool
) -> Path:
    folder = session if session.is_dir() else session.parent
    name = folder.resolve().name
    if ending is None or not (several or (ending and out.is_dir())):
        return out
    return out / f"{label.file_name(name)}{ending}"
