"""A motif, the seed of a melody: a rhythm cell and a contour, and what development does to them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from random import Random

from synth.compose.form import BarPlace
from synth.compose.rhythm import CELLS, ranking

__all__ = ["LAST_CLOSING_CELL", "Motif", "MotifForm", "development", "motif"]

LAST_CLOSING_CELL = 10  #: a phrase's last bar starts no note after this sixteenth


class MotifForm(StrEnum):
    """How a bar treats the motif."""

    STATEMENT = "statement"
    SEQUENCE = "sequence"
    INVERSION = "inversion"
    AUGMENTATION = "augmentation"
    FRAGMENT = "fragment"
    VARIATION = "variation"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Motif:
    """`cells` ranks the bar's sixteenths; `moves` are the scale steps from note to note.

    `rise` is where a phrase begins, in scale steps from the middle of the register.
    """

    cells: tuple[int, ...]
    moves: tuple[int, ...]
    rise: int

    def rhythm(self, onsets: int, form: MotifForm, *, turn: int = 0) -> tuple[int, ...]:
        """Return the sixteenths on which this bar's notes fall, ascending.

        Parameters
        ----------
        onsets
            How many notes.
        form
            What is done with the motif.
        turn
            How far down the ranking a variation goes for its one note elsewhere; 0, 1 or 2
            (modulo 3).

        Returns
        -------
        tuple[int, ...]
            Sixteenths of the bar, 0 to 15.
        """
        half = [c for c in self.cells if c < CELLS // 2]
        if form is MotifForm.AUGMENTATION:
            order = [c * 2 for c in half] + list(self.cells)
        elif form is MotifForm.FRAGMENT:
            order = [c + shift for c in half for shift in (0, CELLS // 2)]
        elif form is MotifForm.CLOSE:
            order = [c for c in self.cells if c <= LAST_CLOSING_CELL]
        elif form is MotifForm.VARIATION:
            order = [*self.cells[: onsets - 1], *self.cells[onsets + turn % 3 :], *self.cells]
        else:
            order = list(self.cells)
        return tuple(sorted(list(dict.fromkeys(order))[:onsets]))

    def move(self, number: int, form: MotifForm) -> int:
        """Return the scale steps to the bar's note with this number.

        Parameters
        ----------
        number
            Of the note in the bar, from 0.
        form
            What is done with the motif.

        Returns
        -------
        int
            Positive is upwards.
        """
        step = self.moves[number % len(self.moves)]
        if form is MotifForm.FRAGMENT:
            step = self.moves[number % 4]
        if number == 0 and form is MotifForm.SEQUENCE:
            return step + (1 if self.rise < 0 else -1)
        return -step if form is MotifForm.INVERSION else step


def motif(rng: Random, *, freedom: float) -> Motif:
    """Draw a motif; three of four moves are steps, a leap is answered by a step back.

    Parameters
    ----------
    rng
        The only source of chance; equal streams give equal results.
    freedom
        Of the rhythm, 0 strictly metrical to 1 free.

    Returns
    -------
    Motif
        All 16 sixteenths ranked, 16 moves, a rise of -3 to 3 scale steps.
    """
    moves: list[int] = []
    direction = 1 if rng.random() < 0.5 else -1
    for _ in range(CELLS // 4):
        wide = rng.randrange(3)
        size = rng.choices((2, 0, 3, 4), (0.5, 0.12, 0.23, 0.15))[0]
        for number in range(4):
            if number == wide + 1 and size > 2:
                direction = -direction
            elif rng.random() < 0.38:
                direction = -direction
            moves.append(direction * (size if number == wide else 1))
    return Motif(ranking(rng, freedom=freedom), tuple(moves), rng.randrange(-3, 4))


def development(place: BarPlace, rng: Random) -> MotifForm:
    """Choose what this bar does with the motif: themes are stated first and varied later.

    Parameters
    ----------
    place
        That of the bar.
    rng
        The only source of chance; equal streams give equal results.

    Returns
    -------
    MotifForm
        "close" for the last bar of a phrase.
    """
    if place.last:
        return MotifForm.CLOSE
    if place.theme == "B":
        options = (MotifForm.INVERSION, MotifForm.AUGMENTATION, MotifForm.FRAGMENT)
        return options[place.bar] if rng.random() < 0.7 else rng.choice(options)
    if place.bar == 0:
        return MotifForm.STATEMENT
    if place.bar == 1:
        return rng.choice(
            (MotifForm.SEQUENCE, MotifForm.VARIATION, MotifForm.VARIATION, MotifForm.INVERSION)
        )
    return rng.choice(
        (MotifForm.VARIATION, MotifForm.SEQUENCE, MotifForm.FRAGMENT, MotifForm.AUGMENTATION)
    )
