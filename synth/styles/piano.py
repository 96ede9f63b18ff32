"""Piano: broken chords under a plain melody, with much room between the notes."""

from __future__ import annotations

from dataclasses import dataclass

from synth.compose.context import BarContext, DraftNote
from synth.compose.style import LayerPart
from synth.compose.textures import broken
from synth.params import Layer, MusicParams
from synth.styles.layered import LayeredStyle, bass, bells, tune

__all__ = ["PianoStyle"]


@dataclass(frozen=True, slots=True)
class PianoStyle(LayeredStyle):
    """A minimal piano; its pad is the broken chord of the left hand."""

    name: str = "piano"  #: what it is chosen by
    holds_chords: bool = False  #: whether its pad sustains a chord

    def _play(self, part: LayerPart, context: BarContext, params: MusicParams) -> list[DraftNote]:
        """Return broken chords, bass and melody."""
        match part.layer:
            case Layer.PAD | Layer.PLUCK:
                return broken(
                    context, part.layer, onsets=part.onsets, articulation=params.articulation,
                    shift=0 if part.layer is Layer.PAD else 12,
                    order="wave" if context.place.theme == "A" else "up",
                )  # fmt: skip
            case Layer.BASS:
                return bass(part, context, params.articulation)
            case Layer.MELODY:
                return tune(part, context, params.articulation, longest_beats=3.0)
            case Layer.BELLS:
                return bells(part, context)
            case _:
                return []
