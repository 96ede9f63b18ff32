"""Piano: broken chords under a plain melody, with much room between the notes."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from synth.compose.context import BarContext, DraftNote
from synth.compose.melody import melody
from synth.compose.style import StyleSettings, parts
from synth.compose.textures import bass_line, bells, broken
from synth.params import Layer, MusicParams

__all__ = ["PianoStyle"]


@dataclass(frozen=True, slots=True)
class PianoStyle:
    """A minimal piano; its pad is the broken chord of the left hand."""

    settings: StyleSettings  #: the numbers from its file
    name: str = "piano"  #: what it is chosen by
    holds_chords: bool = False  #: whether its pad sustains a chord

    def bar(self, context: BarContext, params: MusicParams, rng: Random) -> list[DraftNote]:
        """Return a bar of broken chords, bass and melody.

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
        order = "wave" if context.place.theme == "A" else "up"
        for part in parts(self.settings, context, params, rng):
            layer, onsets = part.layer, part.onsets
            if layer in (Layer.PAD, Layer.PLUCK):
                drafts += broken(
                    context, layer, onsets=onsets, articulation=params.articulation,
                    shift=0 if layer is Layer.PAD else 12, order=order,
                )  # fmt: skip
            elif layer is Layer.BASS:
                drafts += bass_line(
                    context, onsets=onsets, articulation=params.articulation,
                    high=part.top, pulse=False,
                )  # fmt: skip
            elif layer is Layer.MELODY:
                drafts += melody(
                    context, part.stream, onsets=onsets, low=part.low, high=part.high,
                    articulation=params.articulation, longest_beats=3.0,
                )  # fmt: skip
            elif layer is Layer.BELLS:
                drafts += bells(context, part.stream, onsets=onsets, low=part.low, high=part.high)
        return drafts
