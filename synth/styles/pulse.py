"""Pulse: a soft clear beat, with an off-beat bass and plucked figures over it."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from synth.compose.context import BarContext, DraftNote
from synth.compose.melody import melody
from synth.compose.style import StyleSettings, parts
from synth.compose.textures import bass_line, bells, broken, groove, held
from synth.params import Layer, MusicParams

__all__ = ["PulseStyle"]


@dataclass(frozen=True, slots=True)
class PulseStyle:
    """A gentle groove."""

    settings: StyleSettings
    name: str = "pulse"
    holds_chords: bool = True

    def bar(self, context: BarContext, params: MusicParams, rng: Random) -> list[DraftNote]:
        """Return a bar with a beat one can walk to."""
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
