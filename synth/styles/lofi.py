"""Lo-fi: swung seventh chords over a lazy backbeat."""

from __future__ import annotations

from dataclasses import dataclass

from synth.compose.context import BarContext, DraftNote
from synth.compose.percussion import BACKBEAT, groove
from synth.compose.style import LayerPart
from synth.compose.textures import broken, comped
from synth.params import Layer, MusicParams
from synth.styles.layered import LayeredStyle, bass, bells, tune

__all__ = ["LofiStyle"]


@dataclass(frozen=True, slots=True)
class LofiStyle(LayeredStyle):
    """A slow head-nodding groove; its chords are struck together and left to ring."""

    name: str = "lofi"  #: what it is chosen by
    holds_chords: bool = False  #: whether its pad sustains a chord

    def _play(self, part: LayerPart, context: BarContext, params: MusicParams) -> list[DraftNote]:
        """Return chords in the beat's gaps."""
        full, onsets = params.articulation, part.onsets
        match part.layer:
            case Layer.PERCUSSION:
                return groove(context, onsets=onsets, pattern=BACKBEAT)
            case Layer.PAD:
                return comped(context, onsets=onsets, articulation=full)
            case Layer.BASS:
                return bass(part, context, 0.9 * full, pulse=context.place.bar % 2 == 1)
            case Layer.MELODY:
                return tune(part, context, full, longest_beats=2.0)
            case Layer.PLUCK:
                return broken(
                    context, part.layer, onsets=onsets, articulation=0.6 * full, shift=12,
                    order="wave",
                )  # fmt: skip
            case Layer.BELLS:
                return bells(part, context)
            case _:
                return []
