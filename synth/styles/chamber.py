"""Chamber: bowed chords in four parts, a walking bass, and plucked answers off the beat."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from synth.compose.context import BarContext, DraftNote
from synth.compose.form import BEATS_PER_BAR
from synth.compose.style import LayerPart
from synth.compose.textures import broken, drone, held
from synth.params import Layer, MusicParams
from synth.styles.layered import LayeredStyle, bass, tune

__all__ = ["ChamberStyle"]

_BREATH_BEATS = 0.4  #: bows are lifted this long before a phrase begins


@dataclass(frozen=True, slots=True)
class ChamberStyle(LayeredStyle):
    """A small string ensemble; its parts move one by one, and breathe together at phrases."""

    name: str = "chamber"  #: what it is chosen by
    holds_chords: bool = True  #: whether its pad sustains a chord

    def bar(self, context: BarContext, params: MusicParams, rng: Random) -> list[DraftNote]:
        """Return a bar in which the parts breathe together before the next phrase.

        Parameters
        ----------
        context
            The bar to fill.
        params
            Already flavoured and within their ranges.
        rng
            The only source of chance; equal streams give equal notes.

        Returns
        -------
        list[DraftNote]
            In beats of the bar, layer by layer.
        """
        drafts = LayeredStyle.bar(self, context, params, rng)
        return [_breathing(d) for d in drafts] if context.place.last else drafts

    def _play(self, part: LayerPart, context: BarContext, params: MusicParams) -> list[DraftNote]:
        """Return what sings on to the next chord."""
        bow, onsets = 0.4 + 0.6 * params.articulation, part.onsets
        match part.layer:
            case Layer.PAD:
                tie = params.articulation > 0.4
                return held(context, onsets=onsets, articulation=bow, tie=tie)
            case Layer.BASS:
                return bass(part, context, bow)
            case Layer.MELODY:
                return tune(part, context, bow, longest_beats=4.0)
            case Layer.PLUCK:
                return broken(
                    context, part.layer, onsets=onsets, articulation=0.4 * params.articulation,
                    shift=12, order="alberti" if context.place.theme == "B" else "up",
                )  # fmt: skip
            case Layer.DRONE:
                return drone(context, onsets=onsets, low=part.bottom, bars=4)
            case _:
                return []


def _breathing(draft: DraftNote) -> DraftNote:
    """Return a note that leaves a breath before the next phrase, unless it is the drone's."""
    room = BEATS_PER_BAR - _BREATH_BEATS - draft.at
    if draft.layer is Layer.DRONE or room < _BREATH_BEATS:
        return draft
    return replace(draft, beats=min(draft.beats, room))
