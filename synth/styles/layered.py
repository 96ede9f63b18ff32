"""A style that fills a bar layer by layer, and what most of them do alike with a layer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from random import Random

from synth.compose import textures
from synth.compose.context import BarContext, DraftNote
from synth.compose.melody import melody
from synth.compose.style import LayerPart, StyleSettings, parts
from synth.params import MusicParams

__all__ = ["LayeredStyle", "bass", "bells", "tune"]


@dataclass(frozen=True, slots=True)
class LayeredStyle(ABC):
    """Fills a bar layer by layer; a layer that a kind doesn't know is silent."""

    settings: StyleSettings  #: the numbers from its file

    def bar(self, context: BarContext, params: MusicParams, rng: Random) -> list[DraftNote]:
        """Return the notes of a bar, layer by layer.

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
            drafts += self._play(part, context, params)
        return drafts

    @abstractmethod
    def _play(self, part: LayerPart, context: BarContext, params: MusicParams) -> list[DraftNote]:
        """Return the notes of one layer."""


def bass(
    part: LayerPart, context: BarContext, articulation: float, *, pulse: bool = False
) -> list[DraftNote]:
    """Return a line of roots and fifths within the range of the layer's instrument.

    Parameters
    ----------
    part
        The task of the layer.
    context
        The bar to fill.
    articulation
        0, short, to 1, as long as the beat.
    pulse
        Whether it marks the beat.

    Returns
    -------
    list[DraftNote]
        In beats of the bar.
    """
    return textures.bass_line(
        context, onsets=part.onsets, articulation=articulation, high=part.top, pulse=pulse
    )


def bells(part: LayerPart, context: BarContext) -> list[DraftNote]:
    """Return a few high tones.

    Parameters
    ----------
    part
        The task of the layer.
    context
        The bar to fill.

    Returns
    -------
    list[DraftNote]
        In beats of the bar.
    """
    return textures.bells(context, part.stream, onsets=part.onsets, low=part.low, high=part.high)


def tune(
    part: LayerPart, context: BarContext, articulation: float, *, longest_beats: float
) -> list[DraftNote]:
    """Return the melody of a bar.

    Parameters
    ----------
    part
        The task of the layer.
    context
        The bar to fill.
    articulation
        0, short, to 1, as long as the beat.
    longest_beats
        How long a note may be.

    Returns
    -------
    list[DraftNote]
        In beats of the bar.
    """
    return melody(
        context, onsets=part.onsets, low=part.low, high=part.high,
        articulation=articulation, longest_beats=longest_beats,
    )  # fmt: skip
