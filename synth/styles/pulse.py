"""Pulse: a soft clear beat, with an off-beat bass and plucked figures over it."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from synth.compose.context import BarContext, DraftNote
from synth.compose.melody import melody
from synth.compose.percussion import groove
from synth.compose.style import StyleSettings, parts
from synth.compose.textures import bass_line, bells, broken, held
from synth.params import Layer, MusicParams

__all__ = ["PulseStyle"]


@dataclass(frozen=True, slots=True)
class PulseStyle:
    """A gentle groove."""

    settings: StyleSettings  #: the numbers from its file
    name: str = "pulse"  #: what it is chosen by
    holds_chords: bool = True  #: whether its pad sustains a chord

    def bar(self, context: BarContext, params: MusicParams, rng: Random) -> list[DraftNote]:
        """Return a bar with a beat one can walk to.

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
                drafts += groove(context, onsets=onsets)
            elif layer is Layer.BASS:
                drafts += bass_line(
                    context, onsets=onsets, articulation=0.8 * params.articulation,
                    high=part.top, pulse=True,
                )  # fmt: skip
            elif layer is Layer.PAD:
                drafts += held(context, onsets=onsets, articulation=params.articulation, tie=True)
            elif layer is Layer.PLUCK:
                short = 0.5 * params.articulation
                drafts += broken(
                    context, layer, onsets=onsets, articulation=short, shift=12, order="up"
                )
            elif layer is Layer.MELODY:
                drafts += melody(
                    context, part.stream, onsets=onsets, low=part.low, high=part.high,
                    articulation=params.articulation, longest_beats=2.0,
                )  # fmt: skip
            elif layer is Layer.BELLS:
                drafts += bells(context, part.stream, onsets=onsets, low=part.low, high=part.high)
        return drafts
