"""The melody of a bar: what the piece remembers of its theme, fitted to chords and range."""

from __future__ import annotations

from synth.compose.context import BarContext, DraftNote
from synth.compose.motif import LAST_CLOSING_CELL
from synth.compose.rhythm import CELLS, METRIC_WEIGHTS, STRONG
from synth.compose.theme import ThemeNote, filled, pitch_of, thinned, tonic_near
from synth.params import Layer
from synth.theory.chords import local_scale

__all__ = ["melody"]

_WIDEST = 7  #: semitones from one note to the next


def melody(
    context: BarContext,
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
        The bar to fill, with the theme of its phrase.
    onsets
        How many notes may start in the bar: with fewer than the theme has, those that weigh most
        are left; with more, passing notes and neighbours join them.
    low
        The lowest MIDI note.
    high
        The highest; an octave above `low` at least.
    articulation
        How much of the way to the next note a note sounds, 0 to 1.
    longest_beats
        How long a note sounds at most.

    Returns
    -------
    list[DraftNote]
        In order of time; fewer than `onsets` where the bar has no more places.
    """
    notes = _written(context, onsets)
    tonic = tonic_near(context.key, low, high)
    pitch = context.sung
    drafts: list[DraftNote] = []
    slots = context.slots_at([note.cell / 4 for note in notes])
    for number, (note, slot) in enumerate(zip(notes, slots, strict=True)):
        at, last = note.cell / 4, number == len(notes) - 1
        strong = METRIC_WEIGHTS[note.cell] >= STRONG or (last and context.place.last)
        strong = strong and not context.place.closes_section  # a return stays itself
        tones = slot.chord.pitch_classes if strong else local_scale(context.key, slot.chord)
        wanted = pitch_of(note, context.key, tonic)
        new = _nearest(wanted, [p for p in range(low, high + 1) if p % 12 in tones], pitch)
        end = _end(context, at) if last else notes[number + 1].cell / 4
        beats = min(longest_beats, (end - at) * (0.35 + 0.63 * articulation))
        rises = pitch is not None and new > pitch
        accent = 0.35 + 0.4 * METRIC_WEIGHTS[note.cell] + 0.15 * rises
        drafts.append(DraftNote(at, beats, new, accent, Layer.MELODY))
        pitch = new
    return drafts


def _written(context: BarContext, onsets: int) -> tuple[ThemeNote, ...]:
    """Return the theme's bar with so many notes."""
    bar = context.place.bar
    notes, following = context.theme[bar], context.theme[bar + 1 : bar + 2]
    most_cell = LAST_CLOSING_CELL if context.place.last else CELLS - 1
    notes = tuple(note for note in notes if note.cell <= most_cell)
    if len(notes) >= onsets:
        return thinned(notes, onsets)
    after = following[0][0] if following and following[0] else None
    return filled(notes, onsets, after, most_cell)


def _nearest(wanted: int, allowed: list[int], before: int | None) -> int:
    """Return the allowed pitch nearest to the wanted one, within reach of the note before."""
    near = [p for p in allowed if before is None or abs(p - before) <= _WIDEST]
    return min(near or allowed, key=lambda pitch: (abs(pitch - wanted), pitch))


def _end(context: BarContext, at: float) -> float:
    """Return where the bar's last note may end: a phrase's last bar leaves a breath."""
    bar = CELLS / 4
    return max(at + 0.5, bar - 0.75) if context.place.last else bar
