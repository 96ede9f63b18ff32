"""Curves from the music's activation to its parameters.

The directions follow the literature on music and arousal: tempo, density and loudness rise with
it (Ehrlich et al. 2019; van der Zwaag et al. 2011). The end points, and the way home through keys
and modes, are ours: aroused music stands in a dark mode some fifths away from the home key, and
as it calms it comes home and brightens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal

import msgspec

from biofeedback.control.limits import clamp
from synth.params import (
    DENSITY_RANGE,
    TEMPO_RANGE_BPM,
    TONIC_NAMES,
    Key,
    Layer,
    Mode,
    MusicParams,
)

__all__ = ["Band", "Curves", "Palette"]


Ratio = Annotated[float, msgspec.Meta(ge=0.25, le=4.0)]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
_MODES = (Mode.LYDIAN, Mode.IONIAN, Mode.MIXOLYDIAN, Mode.DORIAN, Mode.AEOLIAN)
_MODE_EDGES = (0.18, 0.34, 0.50, 0.68)
#: No edge lies near 0.25, the usual goal: who has arrived keeps the tonic.
_FIFTHS_EDGES = (0.38, 0.48, 0.60, 0.76)
_HYSTERESIS = 0.04
_BRIGHT_MODES = 3  #: the first so many are bright, the rest dark


class Palette(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The range of the music, between its calmest and its most driven.

    Tempo and density are ratios to where the style is at home.
    """

    #: bright and dark keep to that half of the modes; wander goes through all with the level
    modes: Literal["wander", "bright", "dark"] = "wander"
    home: str = "D"  #: tonic of the calmest music, such as "C", "Eb"
    tempo_calm: Ratio = 0.85
    tempo_driven: Ratio = 1.6
    density_calm: Ratio = 0.6
    density_driven: Ratio = 2.0
    dynamics_calm: Share = 0.35
    dynamics_driven: Share = 0.7
    layers: tuple[Layer, ...] = tuple(Layer)
    breath_in: Annotated[float, msgspec.Meta(ge=0.2, le=0.8)] = 0.4  #: of in and out
    breath_hold: Annotated[float, msgspec.Meta(ge=0.0, le=0.4)] = 0.0  #: of the whole, full
    breath_pause: Annotated[float, msgspec.Meta(ge=0.0, le=0.4)] = 0.0  #: of the whole, empty

    def __post_init__(self) -> None:
        if self.home not in TONIC_NAMES:
            raise ValueError(f"home {self.home!r} is none of {', '.join(TONIC_NAMES)}")
        if self.tempo_calm > self.tempo_driven:
            raise ValueError("tempo_calm is above tempo_driven")
        if self.density_calm > self.density_driven:
            raise ValueError("density_calm is above density_driven")


class Band:
    """Sorts a value into bands between `edges`, leaving a band only `margin` past its edge."""

    def __init__(self, edges: Sequence[float], margin: float, value: float) -> None:
        self._edges = tuple(edges)
        self._margin = margin
        self.index = len([edge for edge in self._edges if value >= edge])

    def sort(self, value: float) -> int:
        """Return the band of `value`: 0 below the first edge, up to `len(edges)`."""
        while self.index < len(self._edges) and value >= self._edges[self.index] + self._margin:
            self.index += 1
        while self.index > 0 and value < self._edges[self.index - 1] - self._margin:
            self.index -= 1
        return self.index


class Curves:
    """Maps a level of activation to parameters; key and mode change with hysteresis.

    `home` has the tempo and the density at which the style is at home.
    """

    def __init__(self, palette: Palette, home: MusicParams, level: float) -> None:
        self._palette = palette
        self._home = home
        self._mode = Band(_MODE_EDGES, _HYSTERESIS, level)
        self._fifths = Band(_FIFTHS_EDGES, _HYSTERESIS, level)

    def at_home(self, home: MusicParams) -> None:
        """Go on in another style; the set of instruments stays, since they stand already."""
        self._home = replace(home, sound=self._home.sound)

    def params(self, level: float, tempo_bpm: float) -> MusicParams:
        """Return the parameters for a level of 0 to 1 at a tempo that was already chosen."""
        palette = self._palette
        ratio = _between(palette.density_calm, palette.density_driven, level)
        tonic = (TONIC_NAMES.index(palette.home) + 7 * self._fifths.sort(level)) % 12
        return MusicParams(
            tempo_bpm=tempo_bpm,
            key=Key(tonic, _MODES[self._mode_of(level)]),
            density=clamp(self._home.density * ratio, *DENSITY_RANGE),
            dynamics=_between(palette.dynamics_calm, palette.dynamics_driven, level),
            register=_between(-0.3, 0.4, level),
            brightness=_between(0.25, 0.75, level),
            tension=_between(0.1, 0.55, level),
            articulation=_between(0.95, 0.65, level),
            layers=palette.layers,
            sound=self._home.sound,
            swell=self._home.swell,
            breath_in=palette.breath_in,
            breath_hold=palette.breath_hold,
            breath_pause=palette.breath_pause,
        )

    def _mode_of(self, level: float) -> int:
        index = self._mode.sort(level)
        match self._palette.modes:
            case "bright":
                return min(index, _BRIGHT_MODES - 1)
            case "dark":
                return max(index, _BRIGHT_MODES)
            case _:
                return index

    def tempo_bpm(self, level: float) -> float:
        """Return the tempo that belongs to a level."""
        ratio = _between(self._palette.tempo_calm, self._palette.tempo_driven, level)
        return clamp(self._home.tempo_bpm * ratio, *TEMPO_RANGE_BPM)


def _between(calm: float, driven: float, level: float) -> float:
    return calm + (driven - calm) * level
