"""The last bar of any piece: a dominant, and a tonic that is held."""

from __future__ import annotations

from synth.compose.context import Draft
from synth.compose.harmony import cadence
from synth.compose.state import State
from synth.compose.voices import chord_range, next_bass
from synth.params import Layer, MusicParams
from synth.styles.base import StyleSettings, pitch_range
from synth.theory.chords import Chord, diatonic
from synth.theory.voicing import revoice

__all__ = ["close"]

_TURN = 2.0  #: beats of the dominant
_HELD = 6.0  #: beats of the tonic


def close(
    settings: StyleSettings, state: State, params: MusicParams
) -> tuple[list[Draft], tuple[Chord, ...]]:
    """Return the drafts of eight beats and their two chords.

    Pitched layers that play take part; when none does, the style's first pitched layer closes.
    """
    low, high = chord_range(settings, params.register)
    chords = (cadence(state.key, params.tension, strong=True), diatonic(state.key, 0))
    layers = [layer for layer in state.layers if layer is not Layer.PERCUSSION]
    if not layers:
        layers = [layer for layer in settings.layers if layer is not Layer.PERCUSSION][:1]
    drafts: list[Draft] = []
    voices, bass, tune = state.voices, state.bass, state.melody
    for chord, at, beats in zip(chords, (0.0, _TURN), (_TURN, _HELD), strict=True):
        below = next_bass(settings, bass, chord.bass)
        voices, bass = revoice(voices, chord.pitch_classes, (bass, below), low, high), below
        for layer in layers:
            if layer is Layer.PAD:
                drafts += [Draft(at, beats, pitch, 0.4, layer) for pitch in voices]
            elif layer is Layer.BASS:
                drafts.append(Draft(at, beats, bass, 0.5, layer))
            elif layer is Layer.DRONE and at == 0.0:
                floor = settings.instrument(layer).low
                pitch = floor + (state.key.tonic - floor) % 12
                drafts.append(Draft(at, _TURN + _HELD, pitch, 0.4, layer))
            elif layer in (Layer.MELODY, Layer.BELLS) and (layer is Layer.MELODY or at):
                bottom, top = pitch_range(settings.instrument(layer), params.register)
                start = tune if layer is Layer.MELODY and tune is not None else (bottom + top) // 2
                tones = chord.pitch_classes[:1] if at else chord.pitch_classes
                options = [p for p in range(bottom, top + 1) if p % 12 in tones]
                pitch = min(options, key=lambda p: abs(p - start))
                tune = pitch if layer is Layer.MELODY else tune
                drafts.append(Draft(at, beats, pitch, 0.45, layer))
            elif layer is Layer.PLUCK:
                for number, pitch in enumerate(voices):
                    start_at = at + number * 0.25
                    drafts.append(Draft(start_at, at + beats - start_at, pitch + 12, 0.35, layer))
    return drafts, chords
