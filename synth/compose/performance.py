"""From drafts to notes: swing, loudness, a human touch, and no note struck while it sounds."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from synth.compose.context import DraftNote
from synth.events import Note
from synth.params import Layer, MusicParams

__all__ = ["LayerPerformance", "perform"]

_JITTER_S = 0.008  #: largest shift of an onset
_VELOCITY_JITTER = 3
_SHORTEST_BEATS = 0.05


@dataclass(frozen=True, slots=True)
class LayerPerformance:
    """How a layer is played in this bar: its loudness 0 to 1 at the bar's start and end."""

    start: float
    end: float


def perform(
    drafts: list[DraftNote],
    touches: dict[Layer, LayerPerformance],
    ringing: tuple[tuple[Layer, int, float], ...],
    params: MusicParams,
    rng: Random,
    *,
    beat: float,
    beats: float,
    first_id: int,
) -> tuple[Note, ...]:
    """Return the notes of a bar that starts at `beat`, in order of beat, with ids from `first_id`.

    An onset moves by at most 8 ms at the present tempo, never before the bar and never into the
    next one.

    Parameters
    ----------
    drafts
        The notes as written, in beats of the bar.
    touches
        How each of their layers is played.
    ringing
        Earlier bars' notes: layer, pitch, end in beats of the session.
    params
        Tempo, swing and dynamics count here.
    rng
        The only source of chance; equal streams give equal results.
    beat
        Where the bar starts, in beats of the session.
    beats
        The bar's length.
    first_id
        Of the first note; the others count on.

    Returns
    -------
    tuple[Note, ...]
        Pitches 21 to 108, velocities 1 to 127; what lies outside or would clash is left out.
    """
    jitter = _JITTER_S * params.tempo_bpm / 60.0
    swing = max(0.5, min(0.67, params.swing))
    placed: list[tuple[float, float, int, int, Layer]] = []
    for draft in sorted(drafts, key=lambda d: (d.at, d.layer.value, d.pitch)):
        shift, push = rng.random(), rng.random()
        touch = touches[draft.layer]
        at = _swung(draft.at, swing)
        length = max(_SHORTEST_BEATS, _swung(draft.at + draft.beats, swing) - at)
        at = min(max(0.0, at + (2.0 * shift - 1.0) * jitter), beats - _SHORTEST_BEATS)
        loud = touch.start + (touch.end - touch.start) * draft.at / beats
        velocity = (26.0 + 84.0 * params.dynamics) * (0.62 + 0.5 * draft.accent) * loud
        velocity += (2.0 * push - 1.0) * _VELOCITY_JITTER
        if 21 <= draft.pitch <= 108:
            whole = max(1, min(127, int(velocity + 0.5)))
            placed.append((beat + at, length, draft.pitch, whole, draft.layer))
    placed.sort(key=lambda p: (p[0], p[4].value, p[2]))
    return _separate(placed, ringing, first_id)


def _swung(beat: float, swing: float) -> float:
    """Bend a place in beats so that the off-beat comes after `swing` (0.5 to 0.67) of its beat."""
    whole = float(int(beat))
    part = beat - whole
    if part < 0.5:
        return whole + part * 2.0 * swing
    return whole + swing + (part - 0.5) * 2.0 * (1.0 - swing)


def _separate(
    placed: list[tuple[float, float, int, int, Layer]],
    ringing: tuple[tuple[Layer, int, float], ...],
    first_id: int,
) -> tuple[Note, ...]:
    """End a note where the same pitch of its layer starts again; drop what would still clash."""
    following: dict[tuple[Layer, int], float] = {}
    sounding = {(layer, pitch): end for layer, pitch, end in ringing}
    kept = []
    for at, length, pitch, velocity, layer in reversed(placed):
        limit = following.get((layer, pitch))
        room = length if limit is None else min(length, limit - at)
        busy_until = sounding.get((layer, pitch), 0.0)
        if room < _SHORTEST_BEATS or at < busy_until - 0.1:
            continue
        start = max(at, busy_until)
        length = room - (start - at)
        if length > 0:
            following[(layer, pitch)] = start
            kept.append((start, length, pitch, velocity, layer))
    kept.sort(key=lambda p: (p[0], p[4].value, p[2]))
    return tuple(
        Note(first_id + number, at, length, pitch, velocity, layer)
        for number, (at, length, pitch, velocity, layer) in enumerate(kept)
    )
