"""The melody: a motif fitted to the chords by step, with leaps answered and ends breathed."""

from __future__ import annotations

from random import Random

from synth.compose.context import Context, Draft
from synth.compose.motif import development
from synth.compose.rhythm import CELLS, metric_weight
from synth.params import Layer
from synth.theory.chords import local_scale

__all__ = ["melody"]

_HIGH = 7  #: semitones from the middle beyond which a contour turns back
_LEAP = 4  #: semitones above which an interval is a leap that wants an answer


def melody(
    context: Context,
    rng: Random,
    *,
    onsets: int,
    low: int,
    high: int,
    articulation: float,
    longest_beats: float,
) -> list[Draft]:
    """Return the bar's melody between two pitches.

    `articulation` 0 to 1 says how much of the way to the next note a note sounds, and
    `longest_beats` how long at most.
    """
    form = development(context.place, rng)
    cells = context.motif.rhythm(onsets, form, turn=context.place.section + context.place.phrase)
    pitch, interval = context.melody, context.interval
    middle = (low + high) // 2
    drafts: list[Draft] = []
    for number, cell in enumerate(cells):
        at = cell / 4
        slot = context.slot_at(at)
        ladder = _ladder(local_scale(context.key, slot.chord), low, high)
        if pitch is None:
            aim = _nearest(ladder, middle) + context.motif.rise
        else:
            move = context.motif.move(number, form)
            if abs(pitch - middle) > _HIGH and (pitch - middle) * move > 0:
                move = -move
            aim = _nearest(ladder, pitch) + move
        if number == 0 and context.place.bar == 0:
            aim = (aim + _nearest(ladder, middle) + context.motif.rise) // 2
        last = context.place.last and number == len(cells) - 1
        wish = 1.0 if last else metric_weight(cell)
        tones = slot.chord.pitch_classes
        if last and context.place.closes_section:
            tones = tones[:1]
        new = _choose(ladder, aim, tones, wish, pitch, interval, middle)
        end = cells[number + 1] / 4 if number + 1 < len(cells) else _end(context, at)
        beats = min(longest_beats, (end - at) * (0.35 + 0.63 * articulation))
        accent = 0.35 + 0.4 * metric_weight(cell) + 0.15 * (pitch is not None and new > pitch)
        drafts.append(Draft(at, beats, new, accent, Layer.MELODY))
        interval = 0 if pitch is None else new - pitch
        pitch = new
    return drafts


def _end(context: Context, at: float) -> float:
    """Return where the bar's last note may end: a phrase's last bar leaves a breath."""
    bar = CELLS / 4
    return max(at + 0.5, bar - 0.75) if context.place.last else bar


def _ladder(notes: tuple[int, ...], low: int, high: int) -> list[int]:
    return [pitch for pitch in range(low, high + 1) if pitch % 12 in notes]


def _nearest(ladder: list[int], pitch: int) -> int:
    return min(range(len(ladder)), key=lambda rung: abs(ladder[rung] - pitch))


def _choose(
    ladder: list[int],
    aim: int,
    tones: tuple[int, ...],
    wish: float,
    pitch: int | None,
    interval: int,
    middle: int,
) -> int:
    """Return the pitch that best serves contour, chord and line; the weights are our own."""
    best, least = ladder[0], 1e9
    centre = max(0, min(len(ladder) - 1, aim))
    for rung in range(max(0, centre - 5), min(len(ladder), centre + 6)):
        candidate = ladder[rung]
        cost = abs(rung - aim) + 0.15 * max(0, abs(candidate - middle) - 5)
        if candidate % 12 not in tones:
            cost += 9.0 if wish >= 0.8 else 2.0 * wish
        if pitch is not None:
            step = candidate - pitch
            size = abs(step)
            if size == 0:
                cost += 1.1
            elif size > 7:
                cost += 6.0 + size
            elif size > _LEAP:
                cost += 2.1
            elif size > 2:
                cost += 1.0
            if abs(interval) > _LEAP and (step * interval >= 0 or size > _LEAP):
                cost += 7.0
        if cost < least:
            best, least = candidate, cost
    return best
