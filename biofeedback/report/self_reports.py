"""What the person said in the session, and what worked for them in those before."""

from __future__ import annotations

import msgspec

from biofeedback.engine.command_validation import SCALES
from biofeedback.personal.learner import LearnedChoice
from biofeedback.record import lines
from biofeedback.report.html import note, section, table
from biofeedback.report.session_data import SessionData
from biofeedback.report.words import clock

__all__ = ["said", "worked"]


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


def worked(story: SessionData) -> list[str]:
    """Return the section of the report; none for a session in which the learner chose nothing."""
    try:
        choice = msgspec.json.decode(story.header.chosen, type=LearnedChoice | None)
    except msgspec.DecodeError:
        return []
    if choice is None:
        return []
    parts = [note(f"This session was chosen among {choice.options} kinds. {choice.why}")]
    said = [row.told for row in choice.compared if row.told]
    parts += [note(f"{text[0].upper()}{text[1:]}") for text in said]
    rows = [
        (
            row.what,
            f"{row.level} against {row.other}",
            f"{row.sessions} / {row.others}",
            f"{row.more:+.2f} ({row.low:+.2f} to {row.high:+.2f})",
            "More than noise" if row.claimed else "Can't tell",
        )
        for row in choice.compared
    ]
    if rows:
        head = ("Compared", "Which", "Sessions", "Arousal falls more by", "What it says")
        parts += table("What worked for you", head, rows)
    parts.append(
        note(
            f"From {choice.sessions} sessions before this one. Only what the criterion tells from "
            "noise is called more than noise; the other rows are no result. In brackets the 95 % "
            "interval. That the music was the cause can't be concluded."
        )
    )
    return section("What worked for you", parts)
