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
#: Columns that may say whom a row is of, or something else.
_PERHAPS = {"id", "code", "name", "uid", "kennung", "nom", "nombre", "nome", "naam", "initials"}
_NOBODY = {"", "0", "0.0", "nan", "none", "null", "-", "na", "n/a"}
_FEW = 0.5  #: share of rows: more values than that are numbers of rows, and fewer rows are marks


def person_places(layout: TableLayout, columns: Mapping[str, str] | None = None) -> list[int]:
    """Return the columns that say whom a row is of.

    Parameters
    ----------
    layout
        Of the table.
    columns
        What the user named; then a column such as "id" is known to be something else.

    Returns
    -------
    list[int]
        Their places.
    """
    return [
        place
        for place, name in enumerate(layout.names)
        if _PEOPLE.intersection(words_of(name)[:1])
        or (columns is None and _is_perhaps(name) and not _counts(layout, place))
    ]


def _is_perhaps(name: str) -> bool:
    """Return whether a column of this name may say whom a row is of, or something else."""
    words = words_of(name)
    return not _PEOPLE.intersection(words[:1]) and bool(_PERHAPS.intersection(words[:1]))


def _counts(layout: TableLayout, place: int) -> bool:
    """Return whether a column numbers its rows, as far as the first ones show."""
    cells = [row[place].strip() for row in layout.rows if place < len(row)]
    return len(cells) > 1 and len(set(cells)) > _FEW * len(cells)


def refuse_several_people(
    layout: TableLayout, people: Mapping[int, Sequence[tuple[str, int]]], rows: int, name: str
) -> None:
    """Refuse rows of several people, which would become those of one.

    Parameters
    ----------
    layout
        Of the table.
    people
        What stands in the columns that say whom a row is of, and in how many rows on end.
    rows
        Of the table.
    name
        The file's, for errors.

    Raises
    ------
    RecordingError
        With those who are in it.
    """
    for place, told in people.items():
        perhaps = _is_perhaps(layout.names[place])
        if perhaps:
            told = [(text, count) for text, count in told if text.strip().lower() not in _NOBODY]
            if sum(count for _, count in told) < _FEW * rows:
                continue  # now and then something: marks
        found = list(dict.fromkeys(text for text, _ in told))
        if len(found) > 1:
            header = layout.headers[place]
            words = f"{name} holds {len(found)} people in its column {header!r}"
            hint = "Save the rows of each of them as a file of its own."
            if perhaps:
                words = (
                    f"{name} may hold {len(found)} people, by its column {layout.headers[place]!r}"
                )
                hint += " If it is of one, name what is to be read, as --columns eda=NAME."
            raise RecordingError(f"{words}: {', '.join(found[:5])}", hint=hint)
