"""The last bar of any piece: the first theme's beginning, a dominant, and a tonic that is held."""

from __future__ import annotations

from dataclasses import replace

from synth.compose.context import DraftNote
from synth.compose.form import BEATS_PER_BAR
from synth.compose.harmony import cadence
from synth.compose.piece_state import SILENT, PieceState
from synth.compose.style import StyleSettings, pitch_range
from synth.compose.theme import pitch_of, tonic_near
from synth.compose.voices import chord_range, next_bass
from synth.params import Layer, MusicParams
from synth.theory.chords import Chord, diatonic
from synth.theory.voicing import revoice

__all__ = ["close"]

_TURN = 2.0  #: beats of the dominant
_HELD = 6.0  #: beats of the tonic, at least, if there is time
_SHORTEST = 1.0  #: beats of an ending
_CHORDAL = (Layer.PAD, Layer.BASS, Layer.PLUCK)


def close(
    settings: StyleSettings,
    state: PieceState,
    params: MusicParams,
    ringing: tuple[tuple[Layer, int, float], ...],
    within_beats: float | None,
) -> tuple[list[DraftNote], tuple[Chord, ...], float]:
    """Return the drafts, their two chords and the length in beats, a multiple of four from 8.

    Without a limit the length is a multiple of four from 8 on, and the first theme begins once more
    where a held chord leaves the time for it. Pitched layers that play take part;
    when none does, the style's first one closes.

    Parameters
    ----------
    settings
        The numbers of the style.
    state
        The piece as it stands before the last bar.
    params
        What the music should be like.
    ringing
        Earlier notes: layer, pitch, end in beats from here. Chords wait for them.
    within_beats
        The most beats it may last, 1 at least, whole ones count; None for no limit.

    Returns
    -------
    tuple[list[DraftNote], tuple[Chord, ...], float]
        The drafts, their chords (tonic, dominant and tonic; the last two, or the tonic alone
        where time is short), the length in beats.
    """
    low, high = chord_range(settings, params.register)
    chords: tuple[Chord, ...] = (
        cadence(state.key, params.tension, strong=True),
        diatonic(state.key, 0),
    )
    layers = [layer for layer in state.layers if layer is not Layer.PERCUSSION]
    if not layers:
        layers = [layer for layer in settings.layers if layer is not Layer.PERCUSSION][:1]
    drafts: list[DraftNote] = []
    voices, bass, near = state.voices, state.bass, state.sung
    ends = [end for layer, _, end in ringing if layer in _CHORDAL]
    start = max(0.0, float(int(max(ends, default=0.0) + 0.75)))
    theme = _first_bar(settings, state, params) if Layer.MELODY in layers else []
    farewell = float(BEATS_PER_BAR) if theme and start <= BEATS_PER_BAR else 0.0
    total = float(BEATS_PER_BAR * -int(-(start + farewell + _TURN + _HELD) // BEATS_PER_BAR))
    turn = _TURN
    if within_beats is not None and within_beats < total:
        total, farewell = max(_SHORTEST, float(int(within_beats))), 0.0
        start = max(0.0, min(start, total - _TURN - _HELD))
        turn = _TURN if total >= BEATS_PER_BAR else 0.0
    tonic = start + farewell + turn
    spans = [(start + farewell, turn), (tonic, total - tonic)]
    if not turn:
        chords, spans = chords[1:], spans[1:]
    if farewell:
        chords, spans = (chords[-1], *chords), [(start, farewell), *spans]
        drafts = [replace(draft, at=start + draft.at) for draft in theme]
        near = drafts[-1].pitch
    for chord, (at, beats) in zip(chords, spans, strict=True):
        below = next_bass(settings, bass, chord.bass)
        voices, bass = revoice(voices, chord.pitch_classes, (bass, below), low, high), below
        for layer in layers:
            if layer is Layer.PAD:
                drafts += [DraftNote(at, beats, pitch, 0.4, layer) for pitch in voices]
            elif layer is Layer.BASS:
                drafts.append(DraftNote(at, beats, bass, 0.5, layer))
            elif layer is Layer.DRONE and at == tonic:
                floor = settings.instrument(layer).low
                pitch = floor + (state.key.tonic - floor) % 12
                drafts.append(DraftNote(at, beats, pitch, 0.4, layer))
            elif (layer is Layer.MELODY and (at > start or not farewell)) or (
                layer is Layer.BELLS and at == tonic
            ):
                bottom, top = pitch_range(settings.instrument(layer), params.register)
                close_by = (
                    near if layer is Layer.MELODY and near is not None else (bottom + top) // 2
                )
                tones = chord.pitch_classes[:1] if at == tonic else chord.pitch_classes
                options = [p for p in range(bottom, top + 1) if p % 12 in tones]
                pitch = min(options, key=lambda p: abs(p - close_by))
                near = pitch if layer is Layer.MELODY else near
                drafts.append(DraftNote(at, beats, pitch, 0.45, layer))
            elif layer is Layer.PLUCK:
                for number, pitch in enumerate(voices):
                    start_at = at + number * 0.25
                    drafts.append(
                        DraftNote(start_at, at + beats - start_at, pitch + 12, 0.35, layer)
                    )
    return drafts, chords, total


def _first_bar(settings: StyleSettings, state: PieceState, params: MusicParams) -> list[DraftNote]:
    """Return how the piece's first theme begins, once more; nothing where it has none."""
    theme = dict(state.memory).get("A", SILENT)
    low, high = pitch_range(settings.instrument(Layer.MELODY), params.register)
    tonic = tonic_near(state.key, low, high)
    ends = [*(note.cell / 4 for note in theme[0][1:]), float(BEATS_PER_BAR)]
    return [
        DraftNote(n.cell / 4, end - n.cell / 4, pitch_of(n, state.key, tonic), 0.5, Layer.MELODY)
        for n, end in zip(theme[0], ends, strict=False)
    ]
