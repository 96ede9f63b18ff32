"""Pulse: a soft clear beat, with an off-beat bass and plucked figures over it."""

from __future__ import annotations

from dataclasses import dataclass

from synth.compose.context import BarContext, DraftNote
from synth.compose.percussion import groove
from synth.compose.style import LayerPart
from synth.compose.textures import broken, held
from synth.params import Layer, MusicParams
from synth.styles.layered import LayeredStyle, bass, bells, tune

__all__ = ["PulseStyle"]


@dataclass(frozen=True, slots=True)
class PulseStyle(LayeredStyle):
    """A gentle groove."""

    name: str = "pulse"  #: what it is chosen by
    holds_chords: bool = True  #: whether its pad sustains a chord

    def _play(self, part: LayerPart, context: BarContext, params: MusicParams) -> list[DraftNote]:
        """Return a beat that one can walk to."""
        full, onsets = params.articulation, part.onsets
        match part.layer:
            case Layer.PERCUSSION:
                return groove(context, onsets=onsets)
            case Layer.BASS:
                return bass(part, context, 0.8 * full, pulse=True)
            case Layer.PAD:
                return held(context, onsets=onsets, articulation=full, tie=True)
            case Layer.PLUCK:
                return broken(
                    context, part.layer, onsets=onsets, articulation=0.5 * full, shift=12,
                    order="up",
                )  # fmt: skip
            case Layer.MELODY:
                return tune(part, context, full, longest_beats=2.0)
            case Layer.BELLS:
                return bells(part, context)
            case _:
                return []
