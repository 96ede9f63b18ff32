"""How a section is scored: who plays in it, how loud it grows, and which key it visits."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from math import fsum

from synth.compose.form import PHRASE_BARS, PHRASES, BarPlace
from synth.compose.piece_state import PieceState
from synth.compose.style import StyleSettings
from synth.params import Key, Layer, Mode, MusicParams

__all__ = ["destination", "shaded", "sounding", "yielding"]

#: Who is silent in a section, in turn; every second one has all. Ours.
_ABSENT: tuple[frozenset[Layer], ...] = (
    frozenset({Layer.PLUCK, Layer.BELLS, Layer.PERCUSSION, Layer.DRONE}),
    frozenset(),
    frozenset({Layer.BASS, Layer.PERCUSSION, Layer.DRONE}),
    frozenset(),
    frozenset({Layer.PAD, Layer.BELLS}),
    frozenset(),
)
#: Loudness at the start of each phrase and at the section's end.
_RISE = (-1.0, -0.5, 0.0, 0.5, 1.0)
_ARCH = (-1.0, 0.0, 1.0, 0.5, -1.0)
_REACH = 1 / 6  #: each way: what the form moves is a third of a range at most
_AMPLE = 1.1  #: of the notes of a bar, which those who play must be at ease with
#: The neighbour of a mode that is as bright or as dark as itself.
_NEIGHBOUR = {
    Mode.LYDIAN: Mode.IONIAN,
    Mode.IONIAN: Mode.LYDIAN,
    Mode.MIXOLYDIAN: Mode.IONIAN,
    Mode.DORIAN: Mode.AEOLIAN,
    Mode.AEOLIAN: Mode.DORIAN,
    Mode.PHRYGIAN: Mode.AEOLIAN,
}
_JOURNEY = 4  #: sections; the third of them stands in a neighbouring mode


def sounding(
    settings: StyleSettings, asked: tuple[Layer, ...], section: int, onsets: float
) -> tuple[Layer, ...]:
    """Return who plays in a section, of those who may.

    Parameters
    ----------
    settings
        The numbers of the style.
    asked
        The layers that may play, in the style's order.
    section
        From 0.
    onsets
        Notes of a bar over all layers: as many as that takes play in any case.

    Returns
    -------
    tuple[Layer, ...]
        In the style's order.
    """
    absent = _ABSENT[section % len(_ABSENT)]
    kept = {layer for layer in asked if layer not in absent}
    if settings.layers[0] is Layer.DRONE:  # what all stands on
        kept |= {layer for layer in asked if layer is Layer.DRONE}
    usual = {i.layer: i.usual_onsets for i in settings.instruments_of(asked)}
    for layer in asked:
        room = [usual[each] for each in asked if each in kept and each is not Layer.MELODY]
        enough = len(kept) > 1 and len(room) > 0
        if layer not in kept and not (enough and fsum(room) >= _AMPLE * onsets):
            kept.add(layer)
    return tuple(layer for layer in asked if layer in kept)


def shaded(params: MusicParams, where: BarPlace) -> MusicParams:
    """Return parameters as loud as this bar of a section is to be.

    Parameters
    ----------
    params
        As they are asked for: the mean over a section.
    where
        The bar's place in the form.

    Returns
    -------
    MusicParams
        With dynamics up to a sixth softer or louder, less near the ends of the range.
    """
    moves = _moves(_ARCH if where.section % 2 else _RISE)
    here = moves[where.phrase * PHRASE_BARS + where.bar]
    reach = min(_REACH, params.dynamics, 1.0 - params.dynamics)
    return replace(params, dynamics=params.dynamics + reach * here)


def yielding(params: MusicParams, asked: float, state: PieceState) -> MusicParams:
    """Return parameters whose dynamics never rise while less and less is asked for.

    Parameters
    ----------
    params
        As loud as the form would have it.
    asked
        The dynamics that were asked for.
    state
        The piece as it stands, which knows the bar before.

    Returns
    -------
    MusicParams
        As they were, but where a fade or a stop wins.
    """
    if asked >= state.asked or params.dynamics <= state.dynamics:
        return params
    return replace(params, dynamics=state.dynamics)


def destination(key: Key, section: int) -> Key:
    """Return the key in which a section stands: at home, or away in a neighbouring mode.

    The tonic stays, so that a departure never hides what a change of the asked key says.

    Parameters
    ----------
    key
        As it is asked for.
    section
        From 0.

    Returns
    -------
    Key
        That of the section.
    """
    return Key(key.tonic, _NEIGHBOUR[key.mode]) if section % _JOURNEY == 2 else key


@cache
def _moves(shape: tuple[float, ...]) -> tuple[float, ...]:
    """Return for each bar of a section where it lies between -1 and 1, with a mean of 0."""
    bars = [
        shape[k] * (1.0 - b / PHRASE_BARS) + shape[k + 1] * b / PHRASE_BARS
        for k in range(PHRASES)
        for b in range(PHRASE_BARS)
    ]
    mean = fsum(bars) / len(bars)
    most = max(abs(bar - mean) for bar in bars)
    return tuple((bar - mean) / most for bar in bars)
