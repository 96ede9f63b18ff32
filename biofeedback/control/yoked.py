"""Yoked: plays how the music moved in another session, whatever this body does.

A comparison for music that follows the body: same engine, same kind of course, but led by somebody
else's body. Only the pace to breathe with is bounded by this listener: never faster than their own.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from biofeedback.control.base import ControlInput, ControlTarget
from biofeedback.control.breathe import RestingBreathRate

__all__ = ["Yoked", "YokedSettings"]

Levels = Annotated[tuple[Annotated[float, Meta(ge=0.0, le=1.0)], ...], Meta(max_length=7200)]
Beats = Annotated[int, Meta(ge=1, le=64)]
Tempos = Annotated[tuple[Annotated[float, Meta(ge=20.0, le=200.0)], ...], Meta(max_length=7200)]


class YokedSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A recorded stream: the music's level, tempo and swell, a value every `every_s` seconds.

    The three have equal length; the last value stays. `pauses` are stretches of silence, from and
    to in seconds.
    """

    every_s: Annotated[float, Meta(ge=0.5, le=60.0)] = 2.0
    level: Levels = (0.3,)
    tempo_bpm: Tempos = (60.0,)
    swell: Levels = (0.0,)
    #: beats of a breath; none stands for eight
    breath_beats: Annotated[tuple[Beats, ...], Meta(max_length=7200)] = ()
    pauses: tuple[tuple[float, float], ...] = ()
    #: own breathing rate while it stays unknown, a bound for the pace
    assumed_per_minute: Annotated[float, Meta(ge=4.0, le=20.0)] = 8.0

    def __post_init__(self) -> None:
        lengths = {len(self.level), len(self.tempo_bpm), len(self.swell)}
        if self.breath_beats:
            lengths.add(len(self.breath_beats))
        if len(lengths) != 1 or not self.level:
            raise ValueError("level, tempo_bpm and swell differ in length, or are empty")


class Yoked:
    """Goes through the stream from its beginning."""

    follows_body = False
    finished = False

    def __init__(self, settings: YokedSettings) -> None:
        self._settings = settings
        self._elapsed_s = 0.0
        self._own = RestingBreathRate()

    def aim(self, moment: ControlInput) -> ControlTarget:
        """Return what the other session's music did at this time."""
        settings, now_s = self._settings, self._elapsed_s
        self._elapsed_s += moment.dt_s
        index = min(len(settings.level) - 1, int(now_s / settings.every_s))
        swell = settings.swell[index]
        if swell <= 0.0:
            self._own.feed(moment)
        beats = settings.breath_beats[index] if settings.breath_beats else 8
        own = self._own.per_minute or settings.assumed_per_minute
        return ControlTarget(
            settings.level[index],
            None,
            "The music moves as it did in another session.",
            tempo_bpm=settings.tempo_bpm[index],
            swell=swell,
            pace_per_minute=settings.tempo_bpm[index] / beats if swell > 0.0 else None,
            most_per_minute=own if swell > 0.0 else None,
            silent=any(start <= now_s < end for start, end in settings.pauses),
            cause="yoked",
        )
