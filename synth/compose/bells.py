"""Bells that return in loops of unequal length, so that their pattern hardly ever repeats."""

from __future__ import annotations

from random import Random

from synth.compose.context import BarContext, DraftNote
from synth.compose.rhythm import CELLS
from synth.params import Layer

__all__ = ["bells"]

_LOOPS_CELLS = (19, 23, 29, 37, 41)  #: sixteenths; primes share no period


def bells(context: BarContext, rng: Random, *, onsets: int, low: int, high: int) -> list[DraftNote]:
    """Return bell tones on chord tones between two pitches, each ringing for some beats.

    Loops that come round in this bar go first; what is left of the budget falls on off-beats.
    """
    start = context.index * CELLS
    due = []
    for number, length in enumerate(_LOOPS_CELLS):
        first = -start % length
        due += [(cell, number) for cell in range(first, CELLS, length)]
    spare = [(cell, cell) for cell in rng.sample(range(CELLS), CELLS)]
    drafts: list[DraftNote] = []
    taken: list[tuple[int, int]] = []
    for cell, number in due + spare:
        if len(drafts) == onsets:
            break
        slot = context.slot_at(cell / 4)
        home = low + (number * 5 + 3) % max(1, high - low)
        tones = [p for p in range(low, high + 1) if p % 12 in slot.chord.pitch_classes]
        pitch = min(tones, key=lambda p: abs(p - home))
        if (cell, pitch) in taken:
            continue
        taken.append((cell, pitch))
        beats = max(0.75, min(3.0, slot.at + slot.beats - cell / 4))
        drafts.append(DraftNote(cell / 4, beats, pitch, 0.3 + 0.3 * rng.random(), Layer.BELLS))
    return drafts
