"""Who is who in a BIDS dataset: participants and their sessions, and nobody taken for another."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from biofeedback.common.errors import FolderError
from biofeedback.record.export_label import ExportLabel, people_of
from biofeedback.record.lines import HeaderLine

__all__ = ["participant", "visit"]

_NOBODY = "n/a"  #: the profile of a participant who has none, or whose is not told


def participant(out: Path, header: HeaderLine, label: ExportLabel) -> str:
    """Return the participant of a session, who is added to the dataset when new.

    A profile is one, a group of wearers another. Of a session of nobody it is not known whose it
    is, so that each is a participant of its own.

    Parameters
    ----------
    out
        The folder of the dataset.
    header
        The first line of the session's log.
    label
        Whose it is, where somebody says so.

    Returns
    -------
    str
        "sub-" and a label.

    Raises
    ------
    FolderError
        The subject that is given is somebody else there.
    """
    path = out / "participants.tsv"
    known: dict[str, str] = {}
    if path.exists():
        with path.open(newline="", encoding="utf-8") as file:
            known = {
                row["participant_id"]: row["profile"]
                for row in csv.DictReader(file, dialect="excel-tab")
            }
    profile = "+".join(people_of(header)) or _NOBODY
    person = _known_person(out, known, profile, header, label)
    if person is None:
        own = header.profile or ("group" if profile != _NOBODY else "anonymous")
        taken = {name.casefold() for name in known}  # some file systems tell no A from a
        choices = (f"sub-{_label(own)}{'' if n == 1 else n}" for n in range(1, 10_000))
        person = next(choice for choice in choices if choice.casefold() not in taken)
    if person not in known:
        known[person] = _NOBODY if label.subject else profile
        rows = "".join(f"{one}\t{name}\n" for one, name in known.items())
        path.write_text(f"participant_id\tprofile\n{rows}", encoding="utf-8")
    return person


def _known_person(
    out: Path, known: Mapping[str, str], profile: str, header: HeaderLine, label: ExportLabel
) -> str | None:
    """Return whose a session is by its label or by what the dataset has; None for somebody new."""
    if label.subject:
        person = f"sub-{label.subject}"
        there = known.get(person, _NOBODY)
        if profile not in (there, _NOBODY) and there != _NOBODY:
            raise FolderError(
                f"{person} is {there} in the dataset {out}, and this session is of {profile}",
                hint="Give another --subject.",
            )
        return person
    for person, name in known.items():
        if name == profile and (name != _NOBODY or visit(out / person, header, label)[1]):
            return person
    return None


def visit(person: Path, header: HeaderLine, label: ExportLabel) -> tuple[Path, bool]:
    """Return the folder of a session, and whether the dataset has it already.

    It is named after when the session began: the name of its folder may be anybody's. Two of one
    second are told apart by the rest of that time.

    Parameters
    ----------
    person
        The folder of the participant.
    header
        The first line of the session's log.
    label
        Which session it is, where somebody says so.

    Returns
    -------
    tuple[Path, bool]
        The folder need not exist.

    Raises
    ------
    FolderError
        The session that is given is another one there.
    """
    began = datetime.fromisoformat(header.started_utc)
    name = label.session or f"{began:%Y%m%dT%H%M%S}Z"
    for number in range(1, 10_000):
        folder = person / f"ses-{name}{'' if number == 1 else f'x{number}'}"
        if not folder.exists():
            return folder, False
        for path in folder.glob("beh/*_events.json"):
            told = json.loads(path.read_bytes())
            if told.get("Performed", told.get("SessionStarted")) == header.started_utc:
                return folder, True
        if label.session:
            raise FolderError(
                f"{folder.name} of {person.name} is another session already",
                hint="Give another --session.",
            )
    raise FolderError(f"{person} has too many sessions named {name}")


def _label(name: str) -> str:
    """Return a name as BIDS takes it: letters and digits of ASCII alone."""
    return "".join(c for c in name if c.isascii() and c.isalnum()) or "x"
