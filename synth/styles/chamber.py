"""Chamber: bowed chords in four parts, a walking bass, and plucked answers off the beat."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from synth.compose.context import BarContext, DraftNote
from synth.compose.form import BEATS_PER_BAR
from synth.compose.melody import melody
from synth.compose.style import StyleSettings, parts
from synth.compose.textures import bass_line, broken, drone, held
from synth.params import Layer, MusicParams

__all__ = ["ChamberStyle"]

_BREATH_BEATS = 0.4  #: bows are lifted this long before a phrase begins


@dataclass(frozen=True, slots=True)
class ChamberStyle:
    """A small string ensemble; its parts move one by one, and breathe together at phrases."""

    settings: StyleSettings  #: the numbers from its file
    name: str = "chamber"  #: what it is chosen by
    holds_chords: bool = True  #: whether its pad sustains a chord

    def bar(self, context: BarContext, params: MusicParams, rng: Random) -> list[DraftNote]:
        """Return a bar in which every part sings on to the next chord.

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
        bow = 0.4 + 0.6 * params.articulation
        for part in parts(self.settings, context, params, rng):
            layer, onsets = part.layer, part.onsets
            if layer is Layer.PAD:
                tie = params.articulation > 0.4
                drafts += held(context, onsets=onsets, articulation=bow, tie=tie)
            elif layer is Layer.BASS:
                drafts += bass_line(
                    context, onsets=onsets, articulation=bow, high=part.top, pulse=False
                )
            elif layer is Layer.MELODY:
                drafts += melody(
                    context, part.stream, onsets=onsets, low=part.low, high=part.high,
                    articulation=bow, longest_beats=4.0,
                )  # fmt: skip
            elif layer is Layer.PLUCK:
                order = "alberti" if context.place.theme == "B" else "up"
                drafts += broken(
                    context, layer, onsets=onsets, articulation=0.4 * params.articulation,
                    shift=12, order=order,
                )  # fmt: skip
            elif layer is Layer.DRONE:
                drafts += drone(context, onsets=onsets, low=part.bottom, bars=4)
        return [_breathing(d) for d in drafts] if context.place.last else drafts


def _breathing(draft: DraftNote) -> DraftNote:
    """Return a note that leaves a breath before the next phrase, unless it is the drone's."""
    room = BEATS_PER_BAR - _BREATH_BEATS - draft.at
    if draft.layer is Layer.DRONE or room < _BREATH_BEATS:
        return draft
    return replace(draft, beats=min(draft.beats, room))
