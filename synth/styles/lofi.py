"""Lo-fi: swung seventh chords over a lazy backbeat."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from synth.compose.context import BarContext, DraftNote
from synth.compose.melody import melody
from synth.compose.style import StyleSettings, parts
from synth.compose.textures import BACKBEAT, bass_line, bells, broken, comped, groove
from synth.params import Layer, MusicParams

__all__ = ["LofiStyle"]


@dataclass(frozen=True, slots=True)
class LofiStyle:
    """A slow head-nodding groove; its chords are struck together and left to ring."""

    settings: StyleSettings
    name: str = "lofi"
    holds_chords: bool = False

    def bar(self, context: BarContext, params: MusicParams, rng: Random) -> list[DraftNote]:
        """Return a bar of chords in the beat's gaps."""
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
