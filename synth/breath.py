"""The breath of the music: where in it a moment lies, and how loud it makes what sounds then.

Players, files and guides all take it from here, so that who watches and who listens breathe alike.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from synth.params import MusicParams
from synth.tempo_map import TempoMap

__all__ = ["expression", "fullness", "gain", "gains", "swell_of"]

SOFTEST_DB = -16.0  #: of a full swell, between two breaths
_STEP_S = 0.1  #: of a curve in a file
_FULL_VALUE = 127


def fullness(part: float, params: MusicParams) -> float:
    """Return how full the breath is: 0 between two breaths to 1 between in and out.

    In and out are raised cosines.

    Parameters
    ----------
    part
        Of the breath that has passed, 0 to 1; it begins with the breath in.
    params
        Its shares of in and out, and how long it is held full and empty.

    Returns
    -------
    float
        From 0 to 1.
    """
    moving = max(0.1, 1.0 - params.breath_hold - params.breath_pause)
    inward = moving * params.breath_in
    outward = moving - inward
    if part < inward:
        return 0.5 - 0.5 * math.cos(math.pi * part / inward)
    over = part - inward - params.breath_hold
    if over < 0.0:
        return 1.0
    return 0.5 + 0.5 * math.cos(math.pi * min(1.0, over / outward))


def swell_of(params: MusicParams) -> tuple[float, ...]:
    """Return what of the parameters makes the curve, but for the tempo map.

    Parameters
    ----------
    params
        Those that are equal in this breathe alike.

    Returns
    -------
    tuple[float, ...]
        Depth and shape.
    """
    return params.swell, params.breath_in, params.breath_hold, params.breath_pause


def gain(full: float, swell: float) -> float:
    """Return the gain of all that sounds, 1 at the fullest.

    Parameters
    ----------
    full
        How full the breath is, 0 to 1.
    swell
        Its depth, 0 for none to 1.

    Returns
    -------
    float
        Above 0, at most 1; even steps of fullness are even steps in decibels.
    """
    return float(10.0 ** (SOFTEST_DB * swell * (1.0 - full) / 20.0))


def expression(value: float) -> int:
    """Return the value of controller 11 for a gain.

    Instruments take the square of the controller's share for their gain, as General MIDI's
    recommended practice and the soundfont standard have it.

    Parameters
    ----------
    value
        The gain, 0 to 1.

    Returns
    -------
    int
        0 to 127.
    """
    return round(_FULL_VALUE * math.sqrt(value))


def gains(
    tempo_map: TempoMap, params: Sequence[tuple[float, MusicParams]], end_s: float
) -> Iterator[tuple[float, float]]:
    """Yield times and the gain from each on, ten times a second, where it changes.

    Parameters
    ----------
    tempo_map
        Which breath each moment belongs to.
    params
        From which time on, in s, the swell is as deep as they say.
    end_s
        Where the curve ends.

    Yields
    ------
    tuple[float, float]
        Time in s and gain; nothing where there never is a swell.
    """
    times = [time_s for time_s, _ in params]
    last = 1.0
    for step in range(math.ceil(end_s / _STEP_S)):
        at_s = step * _STEP_S
        place = bisect_right(times, at_s) - 1
        if place < 0:
            continue
        now = params[place][1]
        heard = gain(fullness(tempo_map.breath_at(at_s), now), now.swell) if now.swell else 1.0
        if heard != last:
            last = heard
            yield at_s, heard
