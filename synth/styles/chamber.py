"""Chamber: bowed chords in four parts, a walking bass, and plucked answers off the beat."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from synth.compose.context import Context, Draft
from synth.compose.melody import melody
from synth.compose.textures import bass_line, broken, drone, held
from synth.params import Layer, MusicParams
from synth.styles.base import StyleSettings, layer_stream, pitch_range

__all__ = ["Chamber"]


@dataclass(frozen=True, slots=True)
class Chamber:
    """A small string ensemble; its parts move one by one rather than as blocks."""

    settings: StyleSettings
    name: str = "chamber"
    holds_chords: bool = True

    def bar(self, context: Context, params: MusicParams, rng: Random) -> list[Draft]:
        """Return a bar in which every part sings on to the next chord."""
        base = rng.getrandbits(64)
        drafts: list[Draft] = []
        bow = 0.4 + 0.6 * params.articulation
        for layer, onsets in context.onsets:
            instrument = self.settings.instrument(layer)
            low, high = pitch_range(instrument, params.register)
            if layer is Layer.PAD:
                tie = params.articulation > 0.4
                drafts += held(context, onsets=onsets, articulation=bow, tie=tie)
            elif layer is Layer.BASS:
                drafts += bass_line(
                    context, onsets=onsets, articulation=bow, high=instrument.high, pulse=False
                )
            elif layer is Layer.MELODY:
                drafts += melody(
                    context, layer_stream(base, layer), onsets=onsets, low=low, high=high,
                    articulation=bow, longest_beats=4.0,
                )  # fmt: skip
            elif layer is Layer.PLUCK:
                order = "alberti" if context.place.theme == "B" else "up"
                drafts += broken(
                    context, layer, onsets=onsets, articulation=0.4 * params.articulation,
                    shift=12, order=order,
                )  # fmt: skip
            elif layer is Layer.DRONE:
                drafts += drone(context, onsets=onsets, low=instrument.low, bars=4)
        return drafts
