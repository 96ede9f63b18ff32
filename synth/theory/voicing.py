"""Voice leading: the next chord's pitches, reached with the least total motion."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

__all__ = ["MAX_SPACING", "motion", "parallels", "revoice", "stack"]

MAX_SPACING = 9  #: semitones between neighbouring voices
_PARALLEL_COST = 40
_BASS_PARALLEL_COST = 12
_DOUBLED_THIRD_COST = 8  # root and fifth are doubled rather than the chord's colour
_WIDE = 1000


def motion(before: tuple[int, ...], after: tuple[int, ...]) -> int:
    """Return the semitones that all voices move together.

    Parameters
    ----------
    before
        MIDI pitches, ascending.
    after
        MIDI pitches of as many voices, ascending.

    Returns
    -------
    int
        Semitones, 0 when nothing moves.

    Raises
    ------
    ValueError
        When the numbers of voices differ.
    """
    return sum(abs(a - b) for a, b in zip(before, after, strict=True))


def parallels(before: tuple[int, ...], after: tuple[int, ...]) -> int:
    """Return how many pairs of voices move in parallel fifths or octaves.

    Parameters
    ----------
    before
        MIDI pitches, ascending.
    after
        MIDI pitches of as many voices, ascending.

    Returns
    -------
    int
        0 to n (n - 1) / 2 for n voices; voices that stay do not count.
    """
    count = 0
    for low in range(len(before)):
        step = after[low] - before[low]
        for high in range(low + 1, len(before)):
            gap = before[high] - before[low]
            if step and gap % 12 in (0, 7) and after[high] - after[low] == gap:
                count += 1
    return count


@lru_cache(maxsize=8192)
def revoice(
    before: tuple[int, ...],
    tones: tuple[int, ...],
    bass: tuple[int, int],
    low: int,
    high: int,
) -> tuple[int, ...]:
    """Return the closest voicing of a chord, as many pitches as `before`, ascending.

    Neighbours lie at most `MAX_SPACING` apart. Voices outside the range are led back into it.

    Parameters
    ----------
    before
        The voicing to start from: MIDI pitches, ascending.
    tones
        Pitch classes in order of the chord; with more tones than voices the fifth may go.
    bass
        The bass's pitches before and after, which take part in the search for parallels.
    low
        The lowest pitch allowed.
    high
        The highest pitch allowed, two octaves above `low` at least.

    Returns
    -------
    tuple[int, ...]
        MIDI pitches, ascending; a fresh voicing by `stack` where none is within reach.
    """
    count = len(before)
    needed = _needed(tones, count)
    reach = [_candidates(pitch, tones, low, high) for pitch in before]
    best: list[tuple[int, tuple[int, ...]]] = [(_WIDE, ())]

    def descend(chosen: tuple[int, ...], cost: int) -> None:
        if cost >= best[0][0]:
            return
        voice = len(chosen)
        if voice == count:
            classes = [pitch % 12 for pitch in chosen]
            if any(tone not in classes for tone in needed):
                return
            inner = parallels(before, chosen)
            outer = parallels((bass[0], *before), (bass[1], *chosen)) - inner
            total = cost + _PARALLEL_COST * inner + _BASS_PARALLEL_COST * outer
            total += _DOUBLED_THIRD_COST * (classes.count(tones[1]) - 1)
            if total < best[0][0]:
                best[0] = (total, chosen)
            return
        for pitch in reach[voice]:
            if chosen and not 0 < pitch - chosen[-1] <= MAX_SPACING:
                continue
            step = abs(pitch - before[voice])
            descend((*chosen, pitch), cost + step + (step > 4) * 3)

    descend((), 0)
    return best[0][1] or stack(tones, count, low, high)


def stack(tones: tuple[int, ...], count: int, low: int, high: int) -> tuple[int, ...]:
    """Return a fresh voicing in the middle of a range: close, ascending, complete.

    Parameters
    ----------
    tones
        Pitch classes in the order of the chord, three or more.
    count
        The number of voices.
    low
        The lowest pitch allowed.
    high
        The highest pitch allowed.

    Returns
    -------
    tuple[int, ...]
        MIDI pitches, ascending.
    """
    needed = _needed(tones, count)
    middle = (low + high) // 2
    start = max(low, middle - 3 * (count - 1))
    found = []
    for bottom in range(start, start + 12):
        if bottom % 12 not in needed:
            continue
        pitches = [bottom]
        while len(pitches) < count:
            above = pitches[-1] + 1
            missing = [tone for tone in needed if all(p % 12 != tone for p in pitches)] or needed
            pitches.append(min(above + (tone - above) % 12 for tone in missing))
        if all(b - a <= MAX_SPACING for a, b in pairwise(pitches)):
            found.append(tuple(pitches))
    return min(found, key=lambda pitches: abs(sum(pitches) - count * middle))


def _needed(tones: tuple[int, ...], count: int) -> tuple[int, ...]:
    if count >= len(tones):
        return tones
    without_fifth = (tones[1], tones[-1], tones[0]) if len(tones) > 3 else (tones[1], tones[0])
    return without_fifth[:count]


def _candidates(pitch: int, tones: tuple[int, ...], low: int, high: int) -> list[int]:
    centre = max(low, min(high, pitch))
    near = [p for p in range(centre - 8, centre + 9) if p % 12 in tones and low <= p <= high]
    return sorted(near, key=lambda p: (abs(p - pitch), p))
