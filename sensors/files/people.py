"""Tables that hold several people, told by a column that says whom a row is of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sensors.errors import RecordingError
from sensors.files.layout import TableLayout
from sensors.labels import words_of

__all__ = ["person_places", "refuse_several_people"]

_PEOPLE = {
    "subject", "subjects", "participant", "participants", "patient", "person", "proband",
    "probandin", "vp", "pid", "sujet", "sujeto", "soggetto", "subj", "user",
}  # fmt: skip


def person_places(layout: TableLayout) -> list[int]:
    """Return the columns that say whom a row is of.

    Parameters
    ----------
    layout
        Of the table.

    Returns
    -------
    list[int]
        Their places.
    """
    return [p for p, name in enumerate(layout.names) if _PEOPLE.intersection(words_of(name)[:1])]


def refuse_several_people(
    layout: TableLayout, people: Mapping[int, Sequence[str]], name: str
) -> None:
    """Refuse rows of several people, which would become those of one.

    Parameters
    ----------
    layout
        Of the table.
    people
        What stands in the columns that say whom a row is of.
    name
        The file's, for errors.

    Raises
    ------
    RecordingError
        With those who are in it.
    """
    for place, texts in people.items():
        found = list(dict.fromkeys(texts))
        if len(found) > 1:
            raise RecordingError(
                f"{name} holds {len(found)} people in its column {layout.headers[place]!r}: "
                f"{', '.join(found[:5])}",
                hint="Save the rows of each of them as a file of its own.",
            )
