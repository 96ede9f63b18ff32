"""Drone-breath: a drone and slow chords that swell and fade with a pair of bars, to breathe with.

A breath is two bars, so the tempo is eight times the breathing rate: 48 beats a minute are six
breaths. Sustained sounds begin with the in-breath and let go with the out-breath.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from synth.compose.context import BarContext, DraftNote
from synth.compose.form import BEATS_PER_BAR
from synth.compose.style import LayerPart
from synth.compose.textures import breath, held
from synth.params import Layer, MusicParams
from synth.styles.layered import LayeredStyle, bass, bells, tune

__all__ = ["DroneBreathStyle"]

_PAD_BEATS = BEATS_PER_BAR + 2.0  #: chords fade after the drone does, within the out-breath


@dataclass(frozen=True, slots=True)
class DroneBreathStyle(LayeredStyle):
    """Little else than breath; a few high tones when the density asks for more."""

    name: str = "drone_breath"  #: what it is chosen by
    holds_chords: bool = True  #: whether its pad sustains a chord

    def _play(self, part: LayerPart, context: BarContext, params: MusicParams) -> list[DraftNote]:
        """Return an in-breath when the bar's index is even, else an out-breath."""
        match part.layer:
            case Layer.DRONE:
                return breath(context, onsets=part.onsets, low=part.bottom)
            case Layer.PAD:
                chord = held(
                    context, onsets=part.onsets, articulation=params.articulation, tie=False
                )
                return [replace(d, beats=min(d.beats, _PAD_BEATS)) for d in chord]
            case Layer.BASS:
                return bass(part, context, params.articulation)
            case Layer.MELODY:
                return tune(part, context, params.articulation, longest_beats=6.0)
            case Layer.BELLS:
                return bells(part, context)
            case _:
                return []
