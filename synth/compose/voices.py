"""A bar's chords with their voicings and bass notes, each led from the one before."""

from __future__ import annotations

from synth.compose.context import RhythmSlot
from synth.compose.form import BEATS_PER_BAR, BarPlace
from synth.compose.harmony import ChordChange
from synth.compose.piece_state import PieceState
from synth.compose.style import Instrument, StyleSettings, pitch_range
from synth.params import Layer, MusicParams
from synth.theory.chords import diatonic
from synth.theory.voicing import revoice, stack

__all__ = ["chord_range", "next_bass", "slots_of", "starting_voices"]

_DEFAULT_CHORDS = (50, 76)
_DEFAULT_BASS = (33, 50)


def chord_range(settings: StyleSettings, register: float) -> tuple[int, int]:
    """Return the range of the chords: the pad's, or a common one in a style without a pad.

    Parameters
    ----------
    settings
        The numbers of the style.
    register
        -1 an octave lower to 1 an octave higher.

    Returns
    -------
    tuple[int, int]
        The lowest and the highest MIDI note.
    """
    if Layer.PAD in settings.layers:
        return pitch_range(settings.instrument(Layer.PAD), register)
    low, high = _DEFAULT_CHORDS
    return pitch_range(Instrument(Layer.PAD, low, high, 0, 0, 0, 0, 0, 0), register)


def starting_voices(settings: StyleSettings, params: MusicParams) -> tuple[int, ...]:
    """Return the tonic chord in the middle of the range.

    Parameters
    ----------
    settings
        The numbers of the style.
    params
        Key and register count.

    Returns
    -------
    tuple[int, ...]
        MIDI pitches, ascending.
    """
    low, high = chord_range(settings, params.register)
    return stack(diatonic(params.key, 0).pitch_classes, settings.voices, low, high)


def next_bass(settings: StyleSettings, last: int | None, pitch_class: int) -> int:
    """Return the nearest bass note of a pitch class, the middle of the range being a fifth off.

    Parameters
    ----------
    settings
        The numbers of the style.
    last
        The bass note before; None at the beginning, for the one nearest to the middle.
    pitch_class
        0 to 11.

    Returns
    -------
    int
        MIDI note within the bass's range.
    """
    low, high = _DEFAULT_BASS
    if Layer.BASS in settings.layers:
        instrument = settings.instrument(Layer.BASS)
        low, high = instrument.low, instrument.high
    middle = (low + high) / 2
    options = [p for p in range(low, high + 1) if p % 12 == pitch_class]
    start = middle if last is None else float(last)
    return min(options, key=lambda p: abs(p - start) + 0.5 * abs(p - middle))


def slots_of(
    settings: StyleSettings, state: PieceState, where: BarPlace, params: MusicParams
) -> tuple[RhythmSlot, ...]:
    """Return the chords of a bar, voiced.

    Parameters
    ----------
    settings
        The numbers of the style.
    state
        The phrase's chords, and the voices to lead on from.
    where
        The bar's place in the form.
    params
        The register counts.

    Returns
    -------
    tuple[RhythmSlot, ...]
        In order of time; the first one may have begun in an earlier bar.
    """
    low, high = chord_range(settings, params.register)
    start = float(where.bar * BEATS_PER_BAR)
    here = [
        change
        for change in state.changes
        if change.at < start + BEATS_PER_BAR and change.at + change.beats > start
    ]
    slots: list[RhythmSlot] = []
    voices, bass = state.voices, state.bass
    for change in here:
        fresh = change.at >= start
        if fresh:
            voices, bass = _lead(settings, voices, bass, change, low, high)
        following = _following(state, change)
        after: tuple[int, ...] = ()
        if following is not None:
            after, _ = _lead(settings, voices, bass, following, low, high)
        slots.append(
            RhythmSlot(
                at=max(0.0, change.at - start),
                beats=change.at + change.beats - max(start, change.at),
                chord=change.chord,
                voices=voices,
                bass=bass,
                fresh=fresh,
                after=after,
                after_beats=0.0 if following is None else following.beats,
            )
        )
    return tuple(slots)


def _following(state: PieceState, change: ChordChange) -> ChordChange | None:
    """Return the next chord of the phrase, unless it lies in the last bar, which may yet change."""
    end = change.at + change.beats
    return next((c for c in state.changes if c.at == end and end < 12.0), None)


def _lead(
    settings: StyleSettings,
    voices: tuple[int, ...],
    bass: int,
    change: ChordChange,
    low: int,
    high: int,
) -> tuple[tuple[int, ...], int]:
    below = next_bass(settings, bass, change.chord.bass)
    return revoice(voices, change.chord.pitch_classes, (bass, below), low, high), below
