"""The sixteenth grid of a bar: which places matter most, and how notes are laid out on it."""

from __future__ import annotations

from random import Random

__all__ = ["CELLS", "METRIC_WEIGHTS", "STRONG", "ranking", "spread"]

CELLS = 16  #: sixteenths in a bar
#: How strongly the metre stresses each sixteenth of the bar: 1 the first.
METRIC_WEIGHTS = (
    1.0, 0.12, 0.35, 0.12, 0.6, 0.12, 0.35, 0.12, 0.8, 0.12, 0.35, 0.12, 0.6, 0.12, 0.35, 0.12,
)  # fmt: skip

STRONG = 0.8  #: the weight from which on a melody has a note of the chord


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
        METRIC_WEIGHTS[c] * (1.0 - freedom + freedom * 2.0 * rng.random()) for c in range(CELLS)
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
