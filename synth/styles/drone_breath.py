"""Drone-breath: a drone and slow chords that swell and fade with a pair of bars, to breathe with.

A breath is two bars, so the tempo is eight times the breathing rate: 48 beats a minute are six
breaths. Sustained sounds begin with the in-breath and let go with the out-breath.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from synth.compose.context import BarContext, DraftNote
from synth.compose.form import BEATS_PER_BAR
from synth.compose.melody import melody
from synth.compose.style import StyleSettings, parts
from synth.compose.textures import bass_line, bells, breath, held
from synth.params import Layer, MusicParams

__all__ = ["DroneBreathStyle"]

_PAD_BEATS = BEATS_PER_BAR + 2.0  #: chords fade after the drone does, within the out-breath


@dataclass(frozen=True, slots=True)
class DroneBreathStyle:
    """Little else than breath; a few high tones when the density asks for more."""

    settings: StyleSettings  #: the numbers from its file
    name: str = "drone_breath"  #: what it is chosen by
    holds_chords: bool = True  #: whether its pad sustains a chord

    def bar(self, context: BarContext, params: MusicParams, rng: Random) -> list[DraftNote]:
        """Return a bar that is an in-breath when its index is even, else an out-breath.

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
            if layer is Layer.DRONE:
                drafts += breath(context, onsets=onsets, low=part.bottom)
            elif layer is Layer.PAD:
                chord = held(context, onsets=onsets, articulation=params.articulation, tie=False)
                drafts += [replace(d, beats=min(d.beats, _PAD_BEATS)) for d in chord]
            elif layer is Layer.BASS:
                drafts += bass_line(
                    context, onsets=onsets, articulation=params.articulation,
                    high=part.top, pulse=False,
                )  # fmt: skip
            elif layer is Layer.MELODY:
                drafts += melody(
                    context, part.stream, onsets=onsets, low=part.low, high=part.high,
                    articulation=params.articulation, longest_beats=6.0,
                )  # fmt: skip
            elif layer is Layer.BELLS:
                drafts += bells(context, part.stream, onsets=onsets, low=part.low, high=part.high)
        return drafts
