"""The known means to vary a theme."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from synth.compose.form import Treatment
from synth.compose.rhythm import CELLS
from synth.compose.theme import EIGHTH, Theme, ThemeNote, between, size

__all__ = ["varied"]

_MANY = 8  #: notes of a theme that can bear ornaments throughout


def varied(theme: Theme, treatment: Treatment, rngs: tuple[Random, ...]) -> Theme:
    """Return a theme after a treatment; nothing but its rhythm and its steps is used.

    Parameters
    ----------
    theme
        As it was made up.
    treatment
        What is done with it.
    rngs
        One source of chance for the whole and one for each bar, so that themes with equal bars
        have equal bars again.

    Returns
    -------
    Theme
        With as many bars.
    """
    whole, *each = rngs
    match treatment:
        case Treatment.ORNAMENT:
            return _ornamented(theme, each)
        case Treatment.SEQUENCE:
            shift = whole.choice((-2, -1, 1, 2))
            return tuple(tuple(_moved(n, n.step + shift) for n in bar) for bar in theme)
        case Treatment.INVERSION:
            steps = [note.step for bar in theme for note in bar]
            axis = (min(steps, default=0) + max(steps, default=0)) // 2 + whole.randrange(2)
            return tuple(tuple(_moved(n, 2 * axis - n.step) for n in bar) for bar in theme)
        case Treatment.AUGMENTATION:
            return _augmented(theme)


def _moved(note: ThemeNote, step: int) -> ThemeNote:
    return replace(note, step=step, alter=0)


def _ornamented(theme: Theme, rngs: list[Random]) -> Theme:
    """Put a note or two between those of each bar but the last; of few notes, of the first two."""
    bars = len(theme) - 1 if size(theme) >= _MANY else len(theme) // 2
    result = []
    for number, (bar, rng) in enumerate(zip(theme, rngs, strict=True)):
        following = theme[number + 1] if number + 1 < len(theme) else ()
        notes = list(bar)
        gaps = []
        for place, note in enumerate(bar):
            end = bar[place + 1].cell if place + 1 < len(bar) else CELLS
            right = bar[place + 1] if place + 1 < len(bar) else (*following, None)[0]
            reach = 0 if right is None else abs(right.step - note.step)
            if right is not None and end - note.cell >= 2 * EIGHTH and reach <= 2:
                gaps.append((note, right, note.cell // EIGHTH * EIGHTH + EIGHTH, end - EIGHTH))
        if number < bars:
            for note, right, first, last in rng.sample(gaps, min(len(gaps), 1 + (len(bar) > 3))):
                cell = rng.randrange(first, last + 1, EIGHTH)
                notes.append(between(cell, note, right))
        result.append(tuple(sorted(notes, key=lambda n: n.cell)))
    return tuple(result)


def _augmented(theme: Theme) -> Theme:
    """Return the first half of a theme over the whole of its time."""
    slow: list[list[ThemeNote]] = [[] for _ in theme]
    for number, bar in enumerate(theme[: len(theme) // 2]):
        for note in bar:
            later, cell = divmod(2 * note.cell, CELLS)
            slow[2 * number + later].append(replace(note, cell=cell))
    return tuple(tuple(bar) for bar in slow)
