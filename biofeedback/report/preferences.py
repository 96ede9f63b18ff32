"""What worked for this person in the sessions before, and why this one was as it was."""

from __future__ import annotations

import msgspec

from biofeedback.personal.learner import LearnedChoice
from biofeedback.report.html import note, section, table
from biofeedback.report.session_data import SessionData

__all__ = ["worked"]


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
