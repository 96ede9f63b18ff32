"""What a style is: a taste in textures, and the numbers that a user may edit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Protocol

from synth.compose.context import BarContext, DraftNote
from synth.params import Layer, MusicParams

__all__ = ["Instrument", "LayerPart", "Style", "StyleSettings", "parts", "pitch_range"]


@dataclass(frozen=True, slots=True)
class Instrument:
    """How a layer of a style is played: its range, its part in the whole, its MIDI place."""

    layer: Layer  #: whom it plays
    low: int  #: lowest MIDI note at register 0
    high: int  #: highest MIDI note at register 0
    least_onsets: float  #: onsets a bar that come first when there are few
    share: float  #: weight when the onsets of a bar are handed out
    usual_onsets: float  #: onsets a bar up to which the layer is at ease
    level: float  #: loudness, 0 to 1
    channel: int  #: MIDI channel as sent, 0 to 15 (1 to 16 in the file)
    program: int  #: MIDI program as sent, 0 to 127 (1 to 128 in the file)


@dataclass(frozen=True, slots=True)
class StyleSettings:
    """The contents of a style's file."""

    titles: Mapping[str, str]  #: what people call it, by language; English, "en", is always there
    tempo_bpm: float  #: where the style is at home
    density: float  #: onsets per beat where it is at home
    voices: int  #: of the chords, 3 to 5
    polyphony: int  #: notes that its instruments can sound at once, all layers together
    chord_beats: float  #: usual length of a chord, 2 to 8
    rhythm_freedom: float  #: 0 strictly metrical to 1 free
    instruments: tuple[Instrument, ...]  #: in the order in which layers should join
    tension: float = 0.0  #: what the style has when the parameter is 0; so has
    swing: float = 0.5  #: this when the parameter is 0.5
    swell: float = 0.0  #: which the music has where nobody paces
    sound: str = ""  #: the set of instruments of audio outputs, one of `patches.SOUNDS`

    @property
    def title(self) -> str:
        """What people call it, in English."""
        return self.titles["en"]

    @property
    def home(self) -> MusicParams:
        """The parameters at which the style is at home."""
        return MusicParams(
            tempo_bpm=self.tempo_bpm,
            density=self.density,
            layers=self.layers,
            sound=self.sound,
            swell=self.swell,
        )

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers that the style can play."""
        return tuple(instrument.layer for instrument in self.instruments)

    def flavoured(self, params: MusicParams) -> MusicParams:
        """Return parameters whose ranges start at the style's own tension and swing.

        Parameters
        ----------
        params
            As the listener's state asks for them.

        Returns
        -------
        MusicParams
            With tension and swing moved up; all else as it was.
        """
        swing = max(0.5, min(0.67, params.swing))
        return replace(
            params,
            tension=_above(self.tension, params.tension),
            swing=self.swing + (0.67 - self.swing) * (swing - 0.5) / 0.17,
        )

    def instrument(self, layer: Layer) -> Instrument:
        """Return a layer's instrument; KeyError when the style lacks the layer.

        Parameters
        ----------
        layer
            The layer asked about.

        Returns
        -------
        Instrument
            How the style plays it.

        Raises
        ------
        KeyError
            When the style lacks the layer.
        """
        return self.instruments_of([layer])[0]

    def instruments_of(self, layers: Sequence[Layer]) -> list[Instrument]:
        """Return the instruments of some layers; KeyError when the style lacks one of them.

        Parameters
        ----------
        layers
            The layers asked about.

        Returns
        -------
        list[Instrument]
            How the style plays each.

        Raises
        ------
        KeyError
            When the style lacks one of the layers.
        """
        known = {instrument.layer: instrument for instrument in self.instruments}
        return [known[layer] for layer in layers]


class Style(Protocol):
    """A way to fill bars. It keeps no state: equal arguments give equal notes."""

    @property
    def name(self) -> str:
        """The name it is chosen by."""
        ...

    @property
    def settings(self) -> StyleSettings:
        """The numbers from its file."""
        ...

    @property
    def holds_chords(self) -> bool:
        """Whether its pad sustains a chord (true) or breaks it into single notes."""
        ...

    def bar(self, context: BarContext, params: MusicParams, rng: Random) -> list[DraftNote]:
        """Return the notes of a bar, layer by layer, before performance.

        Parameters
        ----------
        context
            The bar to fill.
        params
            Already flavoured and within their ranges.
        rng
            The only source of chance; equal streams give equal results.

        Returns
        -------
        list[DraftNote]
            In any order, in beats of the bar.
        """
        ...


def _above(least: float, value: float) -> float:
    return least + (1.0 - least) * max(0.0, min(1.0, value))


@dataclass(frozen=True, slots=True)
class LayerPart:
    """A layer's task in a bar."""

    layer: Layer  #: who plays
    onsets: int  #: notes that it may start
    low: int  #: lowest MIDI note at the present register
    high: int  #: highest
    bottom: int  #: lowest of the instrument, whatever the register
    top: int  #: highest
    stream: Random  #: its own, so that one layer's choices never move another's


def parts(
    settings: StyleSettings, context: BarContext, params: MusicParams, rng: Random
) -> list[LayerPart]:
    """Return what each sounding layer of a bar has to do, in the style's order.

    Parameters
    ----------
    settings
        The numbers of the style.
    context
        The bar to fill.
    params
        What the music should be like.
    rng
        The only source of chance; equal streams give equal results.

    Returns
    -------
    list[LayerPart]
        A layer's onsets, range and random stream each.
    """
    base = rng.getrandbits(64)
    found = []
    instruments = settings.instruments_of([layer for layer, _ in context.onsets])
    for (layer, onsets), instrument in zip(context.onsets, instruments, strict=True):
        register = context.register if layer is Layer.MELODY else params.register
        low, high = pitch_range(instrument, register)
        stream = Random(f"{base}/{layer.value}")
        found.append(LayerPart(layer, onsets, low, high, instrument.low, instrument.high, stream))
    return found


def pitch_range(instrument: Instrument, register: float) -> tuple[int, int]:
    """Return the lowest and the highest pitch at a register of -1 to 1, an octave each way.

    Parameters
    ----------
    instrument
        Its lowest and highest note at register 0.
    register
        Beyond -1 and 1 it is held there.

    Returns
    -------
    tuple[int, int]
        MIDI notes within 21 to 108, as far apart as the instrument's own.
    """
    shift = int(12.0 * max(-1.0, min(1.0, register)) + 12.5) - 12
    low = max(21, min(108 - (instrument.high - instrument.low), instrument.low + shift))
    return low, low + instrument.high - instrument.low
