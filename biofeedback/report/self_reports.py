"""What was said during the session: ratings, notes and adverse events, in the person's words."""

from __future__ import annotations

from biofeedback.control.ratings import SCALES
from biofeedback.record import lines
from biofeedback.report.html import note, section, table
from biofeedback.report.session_data import SessionData
from biofeedback.report.words import clock

__all__ = ["said"]

_KINDS = {"rating": "Rating", "note": "Note", "adverse": "Adverse event"}


def said(story: SessionData) -> list[str]:
    """Return the section; nothing when nobody said anything."""
    spoken = [command for command in story.commands if command.what in _KINDS]
    if not spoken:
        return []
    rows = [
        (clock(command.at), _KINDS[command.what], _text(command), command.who) for command in spoken
    ]
    changes = [note(text) for text in _changes(spoken)]
    return section(
        "What was said",
        [*table("What was said", ("Time", "Kind", "Words", "From"), rows), *changes],
    )


def _text(command: lines.CommandLine) -> str:
    if command.what != "rating":
        return command.value
    scale, _, value = command.value.partition("=")
    _, most = SCALES.get(scale.strip(), (0, 10))
    return f"{scale.strip()} {value.strip()} of {most}"


def _changes(spoken: list[lines.CommandLine]) -> list[str]:
    """Return a sentence for each scale that was rated more than once."""
    rated: dict[str, list[str]] = {}
    for command in spoken:
        if command.what == "rating":
            scale, _, value = command.value.partition("=")
            rated.setdefault(scale.strip(), []).append(value.strip())
    return [
        f"Rated {scale}: first {values[0]}, last {values[-1]}. Two ratings cannot tell what "
        "changed them."
        for scale, values in rated.items()
        if len(values) > 1
    ]
