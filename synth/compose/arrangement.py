"""Which layers play, how much of the bar is theirs, and how they fade in and out."""

from __future__ import annotations

from math import fsum

from synth.compose.context import RhythmSlot
from synth.compose.density import DensityAccount, DensityDemand, allot
from synth.compose.form import BEATS_PER_BAR, BarPlace
from synth.compose.performance import LayerPerformance
from synth.compose.piece_state import PieceState
from synth.compose.style import StyleSettings
from synth.params import Layer, MusicParams

__all__ = ["demands", "playable", "sung_onsets", "touches", "usual_onsets"]

_MOST = {
    Layer.PAD: 32.0,
    Layer.BASS: 8.0,
    Layer.MELODY: 16.0,
    Layer.PLUCK: 24.0,
    Layer.BELLS: 16.0,
    Layer.PERCUSSION: 24.0,
    Layer.DRONE: 2.0,
}
_PAD_GRAIN = 2
_FOLLOWING = (Layer.MELODY, Layer.DRONE)  #: layers that make up for no other's notes
#: The melody tells more at a phrase's start and breathes at its end; the mean is 1.
_MELODY_SHAPE = (1.3, 1.0, 1.2, 0.5)
_NEAR = 0.5  #: of the usual number of notes, within which a theme keeps its own
_PHRASE_ARC = (0.88, 1.02, 1.12, 0.98)
_FADED = 0.45
_WAKING = (0.45, 0.6, 0.75, 0.9)  #: loudness of the bars after a rest, as a share of the full one
_SETTLED = 0.6  #: loudness at the bar line where a section ends, as a share of the full one
_BREATHED_OUT = 0.3  #: loudness at the bar line where a rest begins


def playable(settings: StyleSettings, wanted: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """Return the wanted layers that the style has, in the style's order.

    Parameters
    ----------
    settings
        The numbers of the style.
    wanted
        The layers asked for, in any order.

    Returns
    -------
    tuple[Layer, ...]
        Empty when the style has none of them.
    """
    return tuple(layer for layer in settings.layers if layer in wanted)


def demands(
    settings: StyleSettings,
    layers: tuple[Layer, ...],
    where: BarPlace,
    slots: tuple[RhythmSlot, ...],
    ringing: tuple[tuple[Layer, int, float], ...],
    *,
    holds_chords: bool,
    sung: int,
) -> tuple[DensityDemand, ...]:
    """Return what each layer asks for in a bar, whose beats `ringing` counts in.

    Where chords are held, pad and bass wait for the next one rather than strike in its middle,
    unless notes abound.

    Parameters
    ----------
    settings
        The numbers of the style.
    layers
        The layers that sound in this bar.
    where
        The bar's place in the form.
    slots
        The bar's chords.
    ringing
        Notes that sound on into the bar: layer, pitch, end in beats of the bar.
    holds_chords
        Whether the style's pad sustains its chords.
    sung
        How many notes the melody has.

    Returns
    -------
    tuple[DensityDemand, ...]
        One demand for each layer, in their order; onsets are those of the bar.
    """
    new_chord = slots[0].fresh
    result = []
    for instrument in settings.instruments_of(layers):
        layer = instrument.layer
        most = _MOST[layer]
        if holds_chords and layer in (Layer.PAD, Layer.BASS):
            most = float(_room(layer, slots, ringing))
        grain = 1
        if layer is Layer.PAD and holds_chords:
            grain = 2 if new_chord else settings.voices
        elif layer is Layer.BASS and holds_chords and not new_chord:
            grain = 2
        result.append(
            DensityDemand(
                layer,
                least=min(most, instrument.least_onsets),
                share=instrument.share,
                usual=min(most, instrument.usual_onsets),
                most=most,
                grain=grain,
                fixed=sung if layer is Layer.MELODY else None,
            )
        )
    return tuple(result)


def usual_onsets(
    settings: StyleSettings, layers: tuple[Layer, ...], density: float
) -> tuple[int, ...]:
    """Return how many notes the melody has in each bar of a phrase at a density.

    Parameters
    ----------
    settings
        The numbers of the style.
    layers
        All that share the notes, in the style's order.
    density
        Onsets per beat over all layers.

    Returns
    -------
    tuple[int, ...]
        Whole numbers whose sum over the phrase is right within one; 0 without a melody.
    """
    total, counts = 0.0, []
    for factor in _MELODY_SHAPE:
        shares = []
        for instrument in settings.instruments_of(layers):
            of_it = factor if instrument.layer is Layer.MELODY else 1.0
            most = _MOST[instrument.layer]
            shares.append(
                DensityDemand(
                    instrument.layer,
                    least=min(most, instrument.least_onsets * of_it),
                    share=instrument.share * of_it,
                    usual=min(most, instrument.usual_onsets * of_it),
                    most=most,
                )
            )
        parts = allot(density, tuple(shares), DensityAccount())
        quota = fsum(quota for layer, _, quota in parts if layer is Layer.MELODY)
        counts.append(int(total + quota + 0.5) - int(total + 0.5))
        total += quota
    return tuple(counts)


def sung_onsets(
    settings: StyleSettings, state: PieceState, where: BarPlace, params: MusicParams
) -> int:
    """Return how many notes the melody starts in a bar: as many as its theme has, if it can.

    Parameters
    ----------
    settings
        The numbers of the style.
    state
        The piece as it stands: the phrase's theme, and who plays.
    where
        The bar's place in the form.
    params
        The density and the layers that are asked for.

    Returns
    -------
    int
        The theme's own number, unless the density asks for far fewer or far more, or no other
        layer could make up for the difference.
    """
    usual = usual_onsets(settings, playable(settings, params.layers), params.density)[where.bar]
    remembered = len(state.theme[where.bar])
    alone = all(layer in _FOLLOWING for layer in state.layers)
    near = usual > 0 and abs(usual - remembered) <= max(1.0, _NEAR * usual)
    return remembered if near and not alone else usual


def _room(
    layer: Layer, slots: tuple[RhythmSlot, ...], ringing: tuple[tuple[Layer, int, float], ...]
) -> int:
    """Return how many notes could start on the half-beats of a bar beside those that ring."""
    halves = [half / 2 for half in range(2 * BEATS_PER_BAR)]
    ends = [(pitch, end) for name, pitch, end in ringing if name is layer]
    if layer is Layer.BASS:
        return sum(all(end <= at for _, end in ends) for at in halves)
    room = 0
    for at in halves:
        slot = [slot for slot in slots if slot.at <= at][-1]
        room += sum(all(end <= at for p, end in ends if p == pitch) for pitch in slot.voices)
    return room


def touches(
    settings: StyleSettings, state: PieceState, where: BarPlace
) -> dict[Layer, LayerPerformance]:
    """Return each layer's loudness over a bar: phrases swell, layers come and go softly.

    Parameters
    ----------
    settings
        The numbers of the style.
    state
        The piece as it stands; which layers come and go.
    where
        The bar's place in the form.

    Returns
    -------
    dict[Layer, LayerPerformance]
        Loudness 0 to 1 at the bar's start and end, of every layer that the style has.
    """
    arc = _PHRASE_ARC[where.bar]
    first, last = where.first, where.last
    result = {}
    for instrument in settings.instruments:
        start = end = instrument.level * arc
        if state.waking:
            start *= _WAKING[where.bar]
            end *= (*_WAKING, 1.0)[where.bar + 1]
        elif first and instrument.layer in state.entered:
            start *= _FADED
        if last and instrument.layer not in state.coming_layers:
            end *= _BREATHED_OUT if state.resting else _FADED
        elif last and where.closes_section:
            end *= _SETTLED
        result[instrument.layer] = LayerPerformance(start, end)
    return result
