"""What a piece remembers: two themes, made up where they are first heard, and kept.

"A" is the first theme, "A2" the same with another ending, "B" contrasts with it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import fsum
from random import Random

from synth.compose.form import PHRASE_BARS, BarPlace
from synth.compose.invention import Commission, invented
from synth.compose.piece_state import Memory
from synth.compose.settling import Ground, closing, faults, settled
from synth.compose.theme import Theme
from synth.compose.variation import varied

__all__ = ["recalled"]

_ENDING_BARS = 2  #: of the first theme's second phrase, which are its own
_ATTEMPTS = 6  #: at a variation
_FEWEST = 4  #: notes of a theme
_FEW = (2, 1, 2, 1)  #: of its bars, where there would be fewer

Stream = Callable[[str, int], Random]


def recalled(
    memory: Memory,
    where: BarPlace,
    ground: Ground,
    counts: tuple[int, ...],
    freedom: float,
    stream: Stream,
) -> tuple[Memory, Theme]:
    """Return what the piece remembers from here on, and the theme of this phrase.

    Parameters
    ----------
    memory
        The themes so far.
    where
        The place of the phrase's first bar.
    ground
        What it is sung over.
    counts
        The notes that each bar of a new theme has; a theme has a few at least.
    freedom
        Of a new theme's rhythm, 0 strictly metrical to 1 free.
    stream
        Gives the random numbers of a purpose and an index, always the same ones.

    Returns
    -------
    tuple[Memory, Theme]
        The theme as it is to be sung, treated as its section wants.
    """
    if fsum(counts) < _FEWEST:
        counts = _FEW
    name = {"A1": "A", "A3": "A"}.get(where.name, where.name)
    known = dict(memory)
    for each in ("A", name):
        if each not in known:
            wanted = Commission(
                ground=ground,
                place=where,
                counts=counts,
                freedom=freedom,
                kept=known["A"][: PHRASE_BARS - _ENDING_BARS] if each == "A2" else (),
                contrast=known["A"] if each == "B" else (),
            )
            known[each] = invented(wanted, stream(f"theme {each}", 0))
    attempts = [
        settled(_treated(known[name], where, number, stream), ground)
        for number in range(_ATTEMPTS if where.treatments else 1)
    ]
    theme = min(attempts, key=lambda each: faults(each, ground))
    return tuple(known.items()), closing(theme, ground) if where.closes_section else theme


def _treated(theme: Theme, where: BarPlace, attempt: int, stream: Stream) -> Theme:
    """Return a theme after all treatments; bars that two themes share come out alike."""
    for treatment in where.treatments:
        purpose = f"{treatment} {where.theme} {attempt}"
        first = where.section * (PHRASE_BARS + 1)
        rngs = [stream(purpose, first + number) for number in range(PHRASE_BARS + 1)]
        theme = varied(theme, treatment, tuple(rngs))
    return theme
