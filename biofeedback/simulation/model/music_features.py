"""What listeners hear: the music just now, and its features for many listeners at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensors.signals import FloatArray
from synth.params import Layer, Mode, MusicParams
from synth.styles import STYLES

__all__ = ["TASTES", "MusicFeatures", "MusicMonitor"]

#: Styles that listeners have a taste for: those that are built in, in their order.
TASTES = tuple(STYLES)

_MODES = tuple(Mode)


@dataclass(frozen=True, slots=True)
class MusicFeatures:
    """Features of the music of n listeners, each of shape (n,).

    `percussion`, `dynamics` and `swell` are 0 to 1; `mode` is 1 for lydian, the brightest, down
    to -1 for phrygian; `style` is an index into `TASTES`, or one
    beyond it for a style that nobody has a taste for; `sounding` is 0 in silence, where the other
    features mean nothing, and 1 otherwise.
    """

    tempo_bpm: FloatArray
    density: FloatArray
    percussion: FloatArray
    dynamics: FloatArray
    mode: FloatArray
    swell: FloatArray
    breath_beats: FloatArray
    style: NDArray[np.intp]
    sounding: FloatArray

    @classmethod
    def of(cls, music: Iterable[MusicParams | None], styles: Iterable[str]) -> MusicFeatures:
        """Return what listeners hear of one music each; None is silence."""
        known = tuple(music)
        rows = [
            (0.0,) * 6 + (8.0,)
            if params is None or params.rest
            else (
                params.tempo_bpm,
                params.density,
                float(Layer.PERCUSSION in params.layers),
                params.dynamics,
                1.0 - 2.0 * _MODES.index(params.key.mode) / (len(_MODES) - 1),
                params.swell,
                float(params.breath_beats),
            )
            for params in known
        ]
        columns = np.array(rows, dtype=np.float64).reshape(-1, 7).T
        tempo_bpm, density, percussion, dynamics, mode, swell, breath_beats = columns
        return cls(
            tempo_bpm,
            density,
            percussion,
            dynamics,
            mode,
            swell,
            breath_beats,
            style=np.array([_known(style) for style in styles], dtype=np.intp),
            sounding=np.array([float(p is not None and not p.rest) for p in known]),
        )


def _known(style: str) -> int:
    return TASTES.index(style) if style in TASTES else len(TASTES)


class MusicMonitor:
    """Holds the parameters of the music that sounds, and None while it is silent."""

    def __init__(self) -> None:
        self._params: MusicParams | None = None

    def feed(self, params: MusicParams | None) -> None:
        """Take in what the music has become."""
        self._params = params

    @property
    def music(self) -> MusicParams | None:
        """The music as it is now."""
        return self._params
