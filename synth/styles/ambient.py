"""Ambient: slow pads that melt into each other, a drone, and a few high tones."""

from __future__ import annotations

from dataclasses import dataclass

from synth.compose.context import BarContext, DraftNote
from synth.compose.style import LayerPart
from synth.compose.textures import broken, drone, held
from synth.params import Layer, MusicParams
from synth.styles.layered import LayeredStyle, bass, bells, tune

__all__ = ["AmbientStyle"]


@dataclass(frozen=True, slots=True)
class AmbientStyle(LayeredStyle):
    """The default style."""

    name: str = "ambient"  #: what it is chosen by
    holds_chords: bool = True  #: whether its pad sustains a chord

    def _play(self, part: LayerPart, context: BarContext, params: MusicParams) -> list[DraftNote]:
        """Return notes that ring long; voices are tied wherever harmony allows."""
        ring, onsets = 0.5 + 0.5 * params.articulation, part.onsets
        match part.layer:
            case Layer.PAD:
                return held(context, onsets=onsets, articulation=ring, tie=True)
            case Layer.BASS:
                return bass(part, context, ring)
            case Layer.DRONE:
                return drone(context, onsets=onsets, low=part.bottom, bars=4)
            case Layer.MELODY:
                return tune(part, context, params.articulation, longest_beats=4.0)
            case Layer.BELLS:
                return bells(part, context)
            case Layer.PLUCK:
                return broken(
                    context, part.layer, onsets=onsets, articulation=ring, shift=12, order="wave"
                )
            case _:
                return []
