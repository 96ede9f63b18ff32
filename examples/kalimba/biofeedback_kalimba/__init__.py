"""A kalimba and nothing else: one thumb has the tune, the other the chord, note by note.

    biofeedback run --sensor ... --style kalimba

Its numbers stand in kalimba.toml beside this file.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from synth.compose.context import BarContext, DraftNote
from synth.compose.melody import melody
from synth.compose.style import StyleSettings, parts
from synth.compose.textures import broken
from synth.params import Layer, MusicParams

__all__ = ["KalimbaStyle"]


@dataclass(frozen=True, slots=True)
class KalimbaStyle:
    """Broken chords and a tune; tines ring on, so nothing is held."""

    settings: StyleSettings
    name: str = "kalimba"
    holds_chords: bool = False

    def bar(self, context: BarContext, params: MusicParams, rng: Random) -> list[DraftNote]:
        """Return a bar for two thumbs."""
        drafts: list[DraftNote] = []
        for part in parts(self.settings, context, params, rng):
            if part.layer is Layer.PLUCK:
                order = "alberti" if context.place.theme == "A" else "up"
                drafts += broken(
                    context, part.layer, onsets=part.onsets, articulation=params.articulation,
                    shift=0, order=order,
                )  # fmt: skip
            elif part.layer is Layer.MELODY:
                drafts += melody(
                    context, onsets=part.onsets, low=part.low, high=part.high,
                    articulation=params.articulation, longest_beats=2.0,
                )  # fmt: skip
        return drafts
