"""The sixteenth grid of a bar: which places matter most, and how notes are laid out on it."""

from __future__ import annotations

from random import Random

__all__ = ["CELLS", "metric_weight", "ranking", "spread"]

CELLS = 16  #: sixteenths in a bar


def metric_weight(cell: int) -> float:
    """Return how strongly the metre stresses a sixteenth of the bar: 1 for the first.

    Parameters
    ----------
    cell
        Sixteenth, from 0; taken modulo 16.

    Returns
    -------
    float
        0.12 on the weakest places to 1.
    """
    if cell % 16 == 0:
        return 1.0
    if cell % 8 == 0:
        return 0.8
    if cell % 4 == 0:
        return 0.6
    return 0.35 if cell % 2 == 0 else 0.12


def ranking(rng: Random, *, freedom: float) -> tuple[int, ...]:
    """Return the bar's sixteenths in the order in which a rhythm takes them up.

    The first k of them make a rhythm of k onsets, so a denser bar keeps the sparser one's notes.

    Parameters
    ----------
    rng
        The only source of chance; equal streams give equal results.
    freedom
        0 follows the metre strictly, 1 lets chance weigh as much.

    Returns
    -------
    tuple[int, ...]
        A permutation of 0 to 15.
    """
    drawn = [
        metric_weight(c) * (1.0 - freedom + freedom * 2.0 * rng.random()) for c in range(CELLS)
    ]
    return tuple(sorted(range(CELLS), key=lambda c: (-drawn[c], c)))


def spread(onsets: int) -> tuple[int, ...]:
    """Return onsets laid out evenly from the bar's start: on eighths if they suffice.

    Parameters
    ----------
    onsets
        How many, 1 at least; beyond 16 they are 16.

    Returns
    -------
    tuple[int, ...]
        Sixteenths, ascending, 0 first.
    """
    onsets = min(onsets, CELLS)
    cells = CELLS // 2 if onsets <= CELLS // 2 else CELLS
    return tuple(i * cells // onsets * (CELLS // cells) for i in range(onsets))
