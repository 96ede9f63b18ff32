"""What the music does as several bodies move together: it opens."""

from __future__ import annotations

from dataclasses import replace

from synth.params import MusicParams

__all__ = ["PER_S", "opened"]

#: Sizes of our own choosing: plain to hear, and small beside what arousal does.
PER_S = 0.02  #: from nothing to all in 50 s at the fastest
_TENSION, _BRIGHTNESS, _DYNAMICS, _REGISTER = -0.8, 0.3, 0.15, 0.15


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
