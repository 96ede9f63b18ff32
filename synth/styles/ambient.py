"""Ambient: slow pads that melt into each other, a drone, and a few high tones."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from synth.compose.bells import bells
from synth.compose.context import Context, Draft
from synth.compose.melody import melody
from synth.compose.textures import bass_line, broken, drone, held
from synth.params import Layer, MusicParams
from synth.styles.base import StyleSettings, layer_stream, pitch_range

__all__ = ["Ambient"]


@dataclass(frozen=True, slots=True)
class Ambient:
    """The default style."""

    settings: StyleSettings
    name: str = "ambient"
    holds_chords: bool = True

    def bar(self, context: Context, params: MusicParams, rng: Random) -> list[Draft]:
        """Return a bar whose notes ring long; voices are tied wherever harmony allows."""
        base = rng.getrandbits(64)
        ring = 0.5 + 0.5 * params.articulation
        drafts: list[Draft] = []
        for layer, onsets in context.onsets:
            low, high = pitch_range(self.settings.instrument(layer), params.register)
            stream = layer_stream(base, layer)
            if layer is Layer.PAD:
                drafts += held(context, onsets=onsets, articulation=ring, tie=True)
            elif layer is Layer.BASS:
                high = self.settings.instrument(layer).high
                drafts += bass_line(
                    context, onsets=onsets, articulation=ring, high=high, pulse=False
                )
            elif layer is Layer.DRONE:
                low = self.settings.instrument(layer).low
                drafts += drone(context, onsets=onsets, low=low, bars=4)
            elif layer is Layer.MELODY:
                drafts += melody(
                    context, stream, onsets=onsets, low=low, high=high,
                    articulation=params.articulation, longest_beats=4.0,
                )  # fmt: skip
            elif layer is Layer.BELLS:
                drafts += bells(context, stream, onsets=onsets, low=low, high=high)
            elif layer is Layer.PLUCK:
                drafts += broken(
                    context, layer, onsets=onsets, articulation=ring, shift=12, order="wave"
                )
        return drafts
