"""Ambient: slow pads that melt into each other, a drone, and a few high tones."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from synth.compose.context import BarContext, DraftNote
from synth.compose.melody import melody
from synth.compose.style import StyleSettings, parts
from synth.compose.textures import bass_line, bells, broken, drone, held
from synth.params import Layer, MusicParams

__all__ = ["AmbientStyle"]


@dataclass(frozen=True, slots=True)
class AmbientStyle:
    """The default style."""

    settings: StyleSettings  #: the numbers from its file
    name: str = "ambient"  #: what it is chosen by
    holds_chords: bool = True  #: whether its pad sustains a chord

    def bar(self, context: BarContext, params: MusicParams, rng: Random) -> list[DraftNote]:
        """Return a bar whose notes ring long; voices are tied wherever harmony allows.

        Parameters
        ----------
        context
            The bar to fill.
        params
            The colour asked for.
        rng
            The only source of chance; equal streams give equal notes.

        Returns
        -------
        list[DraftNote]
            In beats of the bar, layer by layer.
        """
        ring = 0.5 + 0.5 * params.articulation
        drafts: list[DraftNote] = []
        for part in parts(self.settings, context, params, rng):
            layer, onsets = part.layer, part.onsets
            if layer is Layer.PAD:
                drafts += held(context, onsets=onsets, articulation=ring, tie=True)
            elif layer is Layer.BASS:
                drafts += bass_line(
                    context, onsets=onsets, articulation=ring, high=part.top, pulse=False
                )
            elif layer is Layer.DRONE:
                drafts += drone(context, onsets=onsets, low=part.bottom, bars=4)
            elif layer is Layer.MELODY:
                drafts += melody(
                    context, part.stream, onsets=onsets, low=part.low, high=part.high,
                    articulation=params.articulation, longest_beats=4.0,
                )  # fmt: skip
            elif layer is Layer.BELLS:
                drafts += bells(context, part.stream, onsets=onsets, low=part.low, high=part.high)
            elif layer is Layer.PLUCK:
                drafts += broken(
                    context, layer, onsets=onsets, articulation=ring, shift=12, order="wave"
                )
        return drafts
