"""Where copies of somebody's data were written: noted, so that they are named when they go."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from biofeedback.cli import console

__all__ = ["note", "note_of"]


def note(people: Iterable[str], kind: str, target: Path, session: str = "") -> None:
    """Write down beside each profile that a copy was made; without any, for who has none.

    The copy is there: where this fails it is said, and nothing else.
    """
    from biofeedback.common.clock import utc_now
    from biofeedback.common.errors import BiofeedbackError
    from biofeedback.personal.trail import note_copy

    try:
        for person in tuple(people) or (None,):
            note_copy(person, kind, target, utc_now(), session)
    except BiofeedbackError as error:
        console.err.print(
            "[yellow]Note:[/] that this copy was made is not written down: "
            f"{console.escape(str(error))}",
            highlight=False,
        )


def note_of(session: Path, kind: str, target: Path) -> None:
    """Write down a copy of one session, a folder or a log, outside of its folder."""
    from biofeedback.record.export_label import people_of
    from biofeedback.record.reader import find_log, read_header

    folder = find_log(session).resolve().parent
    if not target.resolve().is_relative_to(folder):
        note(people_of(read_header(session)), kind, target, folder.name)
