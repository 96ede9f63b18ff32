"""The colour of the music: its parameters at a level and a tempo that were already chosen."""

from __future__ import annotations

import math
from dataclasses import replace

from biofeedback.control.base import ControlTarget
from biofeedback.control.curves import Curves
from biofeedback.control.limits import LimitedMusic, Slew
from synth.params import MusicParams

__all__ = ["MusicColour", "opened"]

#: Sizes of our own choosing: plain to hear, and small beside what arousal does.
_SWELLS_PER_S = 0.2  #: a swell comes and goes in 5 s, so that loudness never jumps
_PER_S = 0.02  #: from nothing to all in 50 s at the fastest
_TENSION, _BRIGHTNESS, _DYNAMICS, _REGISTER = -0.8, 0.3, 0.15, 0.15


class MusicColour:
    """Follows the curves, but for what a strategy plays itself; hearts that agree open it.

    `together` is how much the music is open now, 0 to 1.
    """

    def __init__(self, curves: Curves) -> None:
        self._curves = curves
        self._together = Slew(0.0, _PER_S)
        self.together = 0.0
        self._onsets = math.inf  # a minute
        self._depth = Slew(0.0, _SWELLS_PER_S)

    def _unhurried(self, params: MusicParams, bound: bool) -> MusicParams:
        """Return parameters whose onsets a minute have not risen, where that is so wanted."""
        most = self._onsets if bound else math.inf
        density = min(params.density, most / params.tempo_bpm)
        self._onsets = density * params.tempo_bpm
        return replace(params, density=density)

    def _wanted(self, music: LimitedMusic, target: ControlTarget, plain: MusicParams) -> float:
        """Return how deep the swell is to be: the pace's, else the style's own."""
        return 0.0 if music.hurries else max(target.swell, plain.swell)

    def step(
        self,
        music: LimitedMusic,
        target: ControlTarget,
        loudness: float,
        together: float,
        dt_s: float,
        *,
        falls: bool = False,
    ) -> tuple[MusicParams, MusicParams]:
        """Return the music of the curves for the next `dt_s` seconds, and its colour.

        `loudness` is the share of the usual one, `together` what hearts do, 0 to 1.
        """
        plain = params = self._curves.params(music.level, music.tempo_bpm)
        played = target.params
        self.together = self._together.toward(together, dt_s)
        params = replace(
            params,
            density=played.get("density", params.density),
            dynamics=played.get("dynamics", params.dynamics) * loudness,
            register=played.get("register", params.register),
            brightness=played.get("brightness", params.brightness),
            tension=played.get("tension", params.tension),
            articulation=played.get("articulation", params.articulation),
            swing=played.get("swing", params.swing),
            swell=self._depth.toward(self._wanted(music, target, params), dt_s),
            rest=target.silent,
            breath_beats=music.breath_beats,
        )
        params = self._unhurried(params, music.paces or falls)
        return plain, opened(params, self.together)


def opened(params: MusicParams, together: float) -> MusicParams:
    """Return plainer, brighter, fuller music: 0 changes nothing, 1 is all of it."""
    if together <= 0.0:
        return params
    return replace(
        params,
        tension=max(0.0, params.tension * (1.0 + _TENSION * together)),
        brightness=min(1.0, params.brightness + _BRIGHTNESS * together),
        dynamics=min(1.0, params.dynamics + _DYNAMICS * together),
        register=min(1.0, params.register + _REGISTER * together),
    )
