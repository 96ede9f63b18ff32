"""The melody: a motif fitted to the chords by step, with leaps answered and ends breathed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from synth.compose.context import BarContext, DraftNote
from synth.compose.motif import LAST_CLOSING_CELL, MotifForm, development
from synth.compose.rhythm import CELLS, METRIC_WEIGHTS
from synth.params import Layer, Mode
from synth.theory.chords import diatonic, local_scale

__all__ = ["melody"]

_HIGH = 7  #: semitones from the middle beyond which a contour turns back
_LEAP = 4  #: semitones above which an interval is a leap that wants an answer
_STEPS = 0.76  #: share of steps that the line returns to
_FEW_RETURNS, _MANY_RETURNS = 0.64, 0.80  #: of rhythms, between which the motif has its way
_HOMEWARD = 1.8  #: cost of a note outside the tonic's chord; major needs less to be itself
_HOMEWARD_IONIAN = 1.0


@dataclass(frozen=True, slots=True)
class _Wants:
    """What a note should be: a rung near `aim`, of the chord on strong places, homely."""

    aim: int
    tones: tuple[int, ...]
    home: tuple[int, ...]
    wish: float  #: how strongly the place in the bar asks for a chord tone
    steps: float
    homeward: float


def melody(
    context: BarContext,
    rng: Random,
    *,
    onsets: int,
    low: int,
    high: int,
    articulation: float,
    longest_beats: float,
) -> list[DraftNote]:
    """Return the bar's melody between two pitches.

    Parameters
    ----------
    context
        The bar to fill.
    rng
        The only source of chance; equal streams give equal results.
    onsets
        How many notes may start in the bar.
    low
        The lowest MIDI note.
    high
        The highest.
    articulation
        How much of the way to the next note a note sounds, 0 to 1.
    longest_beats
        How long a note sounds at most.

    Returns
    -------
    list[DraftNote]
        In order of time; fewer than `onsets` where the motif has no more places.
    """
    form = development(context.place, rng)
    cells = _rhythm(context, form, onsets)
    pitch, interval = context.line.pitch, context.line.interval
    home = diatonic(context.key, 0).pitch_classes
    if context.key.mode is Mode.PHRYGIAN:
        home = (home[0], home[2])  # its third would lead to the relative major
    homeward = _HOMEWARD_IONIAN if context.key.mode is Mode.IONIAN else _HOMEWARD
    middle = (low + high) // 2
    drafts: list[DraftNote] = []
    closing = context.place.last
    slots = context.slots_at([cell / 4 for cell in cells])
    for number, (cell, slot) in enumerate(zip(cells, slots, strict=True)):
        at = cell / 4
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
        last = closing and number == len(cells) - 1
        wish = 1.0 if last else METRIC_WEIGHTS[cell]
        tones = slot.chord.pitch_classes
        if last and context.place.closes_section:
            tones = tones[:1]
        wants = _Wants(aim, tones, home, wish, context.line.steps, homeward)
        new = _choose(ladder, wants, pitch, interval, middle)
        end = cells[number + 1] / 4 if number + 1 < len(cells) else _end(context, at)
        beats = min(longest_beats, (end - at) * (0.35 + 0.63 * articulation))
        accent = 0.35 + 0.4 * METRIC_WEIGHTS[cell] + 0.15 * (pitch is not None and new > pitch)
        drafts.append(DraftNote(at, beats, new, accent, Layer.MELODY))
        interval = 0 if pitch is None else new - pitch
        pitch = new
    return drafts


def _rhythm(context: BarContext, form: MotifForm, onsets: int) -> tuple[int, ...]:
    """Return the bar's sixteenths: the form's own, unless too few or too many bars return."""
    line = context.line
    turn = context.place.section + context.place.phrase
    cells = context.motif.rhythm(onsets, form, turn=turn)
    if line.returns < _FEW_RETURNS and cells not in line.rhythms:
        known = [old for old in line.rhythms if len(old) == onsets]
        if context.place.last:
            known = [old for old in known if old[-1] <= LAST_CLOSING_CELL]
        return known[-1] if known and known[-1] else cells
    if line.returns > _MANY_RETURNS and cells in line.rhythms:
        for further in range(1, 4):
            other = context.motif.rhythm(onsets, MotifForm.VARIATION, turn=turn + further)
            if other not in line.rhythms and not context.place.last:
                return other
    return cells


def _end(context: BarContext, at: float) -> float:
    """Return where the bar's last note may end: a phrase's last bar leaves a breath."""
    bar = CELLS / 4
    return max(at + 0.5, bar - 0.75) if context.place.last else bar


def _ladder(notes: tuple[int, ...], low: int, high: int) -> list[int]:
    return [pitch for pitch in range(low, high + 1) if pitch % 12 in notes]


def _nearest(ladder: list[int], pitch: int) -> int:
    return min(range(len(ladder)), key=lambda rung: abs(ladder[rung] - pitch))


def _choose(
    ladder: list[int],
    wants: _Wants,
    pitch: int | None,
    interval: int,
    middle: int,
) -> int:
    """Return the pitch that best serves contour, chord and line; the weights are our own."""
    best, least = ladder[0], 1e9
    skips = 30.0 * (_STEPS - wants.steps)  # dear when the line has had few steps of late
    centre = max(0, min(len(ladder) - 1, wants.aim))
    for rung in range(max(0, centre - 5), min(len(ladder), centre + 6)):
        candidate = ladder[rung]
        cost = abs(rung - wants.aim) + 0.15 * max(0, abs(candidate - middle) - 5)
        if candidate % 12 not in wants.tones:
            cost += 9.0 if wants.wish >= 0.8 else 2.0 * wants.wish
        if candidate % 12 not in wants.home:
            cost += wants.homeward
        if pitch is not None:
            step = candidate - pitch
            size = abs(step)
            if size == 0:
                cost += 1.1
            elif size > 7:
                cost += 6.0 + size
            elif size > _LEAP:
                cost += 2.1 + skips
            elif size > 2:
                cost += 1.0 + skips
            if abs(interval) > _LEAP and (step * interval >= 0 or size >= abs(interval)):
                cost += 16.0
        if cost < least:
            best, least = candidate, cost
    return best
