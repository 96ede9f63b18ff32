"""Which of a clock's ticks came: those that were lost on the way are counted with the others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

__all__ = ["FEWEST", "FittedTicks", "changed", "line_of"]

FEWEST = 5  #: ticks that a line is laid through
_LOST = 3.5  # what it costs to say that a tick is lost
_CHANGE = 15.0  # and that the tempo has changed; costs are logarithms of how unlikely all is
_FINEST_S = 0.0005  # no clock is taken to be more exact
_TRIED = 3  # lengths of a tick for each that came, from half their mean distance to all of it
_ABOUT = 0.1  # share by which a length that is nearly known may be wrong
_OFF = (-0.25, 0.0, 0.25)  # of a tick by which the first that came is off the line
_ROUNDS = 3  # of numbering the ticks, and laying the line through them anew
_SINCE = (18, 12, 9, 7, 5)  # ticks after a change of tempo, when it is looked for


class FittedTicks(NamedTuple):
    """Ticks numbered from 0 for the first of them, and the straight line through their times."""

    numbers: tuple[int, ...]  #: of each tick that came
    time_s: float  #: of the last of them, on the line
    period_s: float  #: length of a tick
    errors_s2: float  #: squares of how far off the line they came, summed up
    lost: int  #: ticks between them that did not come


def line_of(times_s: Sequence[float], about_s: float | None = None) -> FittedTicks | None:
    """Return the line that explains when some ticks came with the least error and fewest losses.

    Parameters
    ----------
    times_s
        When they came in s, ascending; five at least.
    about_s
        How long a tick is, nearly; None where nothing is known of it.

    Returns
    -------
    FittedTicks | None
        None where they are too few, or came all at once.
    """
    count = len(times_s)
    span_s = times_s[-1] - times_s[0] if times_s else 0.0
    if count < FEWEST or span_s <= 0.0:
        return None
    longest_s = span_s / (count - 1)
    steps = _TRIED * count
    lengths_s = [longest_s * (1.02 - 0.52 * k / steps) for k in range(steps + 1)]
    if about_s is not None:
        lengths_s = [each for each in lengths_s if abs(each / about_s - 1.0) < _ABOUT]
    tried = (_laid(times_s, length_s, off) for length_s in lengths_s for off in _OFF)
    return min((line for line in tried if line), key=_cost, default=None)


def changed(times_s: Sequence[float], places: Sequence[int]) -> tuple[int, FittedTicks] | None:
    """Return since which tick a clock goes at another tempo, and the line of that.

    Parameters
    ----------
    times_s
        When the latest ticks came in s, ascending.
    places
        How they have been counted, as if the tempo had not changed.

    Returns
    -------
    tuple[int, FittedTicks] | None
        None where one tempo explains them as well.
    """
    whole = _through(times_s, places)
    best, least = None, _cost(whole) if whole else math.inf
    for since in (len(times_s) - ticks for ticks in _SINCE):
        if since < FEWEST:
            continue
        before, line = _through(times_s[:since], places[:since]), line_of(times_s[since:])
        if before and line and _cost(before, line) + _CHANGE < least:
            best, least = (since, line), _cost(before, line) + _CHANGE
    return best


def _cost(*lines: FittedTicks) -> float:
    """Return how unlikely lines are that follow each other, as a logarithm."""
    count = sum(len(line.numbers) for line in lines)
    spread_s2 = math.fsum(line.errors_s2 for line in lines) / count + _FINEST_S**2
    return 0.5 * count * math.log(spread_s2) + _LOST * sum(line.lost for line in lines)


def _laid(times_s: Sequence[float], period_s: float, off: float) -> FittedTicks | None:
    """Return the line whose ticks are about as long, or None where two ticks would be one.

    `off` is how far off the line the first one is taken to be, in ticks.
    """
    first_s, line, numbers = times_s[0] - off * period_s, None, [0]
    for _ in range(_ROUNDS):
        before, numbers = numbers, [round((time_s - first_s) / period_s) for time_s in times_s]
        if numbers == before:
            break
        line = _through(times_s, numbers)
        if line is None:
            return None
        period_s = line.period_s
        first_s = line.time_s - numbers[-1] * period_s
    return None if any(b <= a for a, b in pairwise(numbers)) else line


def _through(times_s: Sequence[float], places: Sequence[int]) -> FittedTicks | None:
    """Return the line through ticks as they are counted; None where it would not rise."""
    middle, middle_s = math.fsum(places) / len(places), math.fsum(times_s) / len(times_s)
    spread = math.fsum((n - middle) ** 2 for n in places)
    moved = math.fsum((n - middle) * t for n, t in zip(places, times_s, strict=True))
    if spread <= 0.0 or moved <= 0.0:
        return None
    period_s = moved / spread
    first_s = middle_s - middle * period_s
    errors_s2 = math.fsum(
        (t - first_s - period_s * n) ** 2 for n, t in zip(places, times_s, strict=True)
    )
    return FittedTicks(
        tuple(n - places[0] for n in places), first_s + places[-1] * period_s, period_s,
        errors_s2, max(0, places[-1] - places[0] - len(places) + 1),
    )  # fmt: skip
