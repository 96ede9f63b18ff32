"""What is said of a body beside its numbers, each in one plain sentence.

A note stands for as long as what it says is so. Screens show its words, logs its name, and the
report says for how much of a session it stood.
"""

from __future__ import annotations

from typing import Literal

from biofeedback.state.witnesses import Witness

__all__ = ["NOTE_WORDS", "Note", "Notes"]

Note = Literal["irregular_rhythm", "weak_rest", "skin_silent", "heart_silent"]

#: The pages have them in every language, these among them.
NOTE_WORDS: dict[Note, str] = {
    "irregular_rhythm": (
        "The beats come irregularly here. Poor contact of the sensor is a common cause: wet it "
        "and wear it snugly. Until they are regular the heart does not lead and its variability is "
        "not used. If it comes again with good contact, ask a doctor about it."
    ),
    "weak_rest": (
        "The rest was not a quiet one, so arousal is known less well; a new rest mends that."
    ),
    "skin_silent": "Your skin hardly answers here, so the heart leads where it is measured.",
    "heart_silent": "Your heart rate hardly changes here, so the skin leads where it is measured.",
}
#: Below the first a source is said not to answer, until it is above the second again. Ours.
_SILENT, _ANSWERS_AGAIN = 0.2, 0.35


class Notes:
    """The notes on one body that stand, in the order in which they came."""

    def __init__(self) -> None:
        self._standing: list[Note] = []
        self._said: set[Note] = set()

    @property
    def standing(self) -> tuple[Note, ...]:
        """The notes that hold now."""
        return tuple(self._standing)

    def once(self, note: Note, *, stands: bool) -> None:
        """Let a note stand, and once it has gone, never again.

        Parameters
        ----------
        note
            Which.
        stands
            Whether what it says is so now.
        """
        if not stands:
            if note in self._standing:
                self._standing.remove(note)
        elif note not in self._said:
            self._said.add(note)
            self._standing.append(note)

    def listen(self, note: Note, witness: Witness | None) -> None:
        """Note that a witness does not answer, and take the note back once it does, or is gone.

        Parameters
        ----------
        note
            The one on this witness.
        witness
            What it says now; None while it is not measured.
        """
        if note in self._standing:
            if witness is None or witness.answer > _ANSWERS_AGAIN:
                self._standing.remove(note)
        elif witness is not None and witness.answer < _SILENT:
            self._standing.append(note)
