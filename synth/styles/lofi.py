"""Lo-fi: swung seventh chords over a lazy backbeat."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from synth.compose.context import BarContext, DraftNote
from synth.compose.melody import melody
from synth.compose.percussion import BACKBEAT, groove
from synth.compose.style import StyleSettings, parts
from synth.compose.textures import bass_line, bells, broken, comped
from synth.params import Layer, MusicParams

__all__ = ["LofiStyle"]


@dataclass(frozen=True, slots=True)
class LofiStyle:
    """A slow head-nodding groove; its chords are struck together and left to ring."""

    settings: StyleSettings  #: the numbers from its file
    name: str = "lofi"  #: what it is chosen by
    holds_chords: bool = False  #: whether its pad sustains a chord

    def bar(self, context: BarContext, params: MusicParams, rng: Random) -> list[DraftNote]:
        """Return a bar of chords in the beat's gaps.

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
        drafts: list[DraftNote] = []
        for part in parts(self.settings, context, params, rng):
            layer, onsets = part.layer, part.onsets
            if layer is Layer.PERCUSSION:
                drafts += groove(context, onsets=onsets, pattern=BACKBEAT)
            elif layer is Layer.PAD:
                drafts += comped(context, onsets=onsets, articulation=params.articulation)
            elif layer is Layer.BASS:
                drafts += bass_line(
                    context, onsets=onsets, articulation=0.9 * params.articulation,
                    high=part.top, pulse=context.place.bar % 2 == 1,
                )  # fmt: skip
            elif layer is Layer.MELODY:
                drafts += melody(
                    context, part.stream, onsets=onsets, low=part.low, high=part.high,
                    articulation=params.articulation, longest_beats=2.0,
                )  # fmt: skip
            elif layer is Layer.PLUCK:
                drafts += broken(
                    context, layer, onsets=onsets, articulation=0.6 * params.articulation,
                    shift=12, order="wave",
                )  # fmt: skip
            elif layer is Layer.BELLS:
                drafts += bells(context, part.stream, onsets=onsets, low=part.low, high=part.high)
        return drafts
