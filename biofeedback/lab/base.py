"""What is tried on a virtual listener, and what comes of it."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from biofeedback.config.schema import Config
from biofeedback.control.build import STRATEGIES
from biofeedback.simulation.model.listener_types import KindName

__all__ = ["NOTICE", "LabCase", "SessionCourse", "StrategyName", "strategies"]

NOTICE = "simulated: proves the controller, not a benefit"
#: `six` is a swell of six breaths a minute for everybody, `random` goes anywhere.
StrategyName = Literal["lead", "breathe", "resonance", "mirror", "fixed", "six", "random"]


def strategies() -> tuple[str, ...]:
    """Return the names of those that can be tried here, those that packages add included."""
    added = (name for name in STRATEGIES.names if name not in STRATEGIES.built_in)
    return (*get_args(StrategyName), *added)


class LabCase(msgspec.Struct, frozen=True, kw_only=True):
    """One listener who hears one session's music."""

    family: str
    kind: KindName
    seed: int
    strategy: str = "lead"
    minutes: float = 10.0
    config: Config = Config()


class SessionCourse(msgspec.Struct, frozen=True, kw_only=True):
    """A session as it went, one value for each second from 1 s on.

    `level` is the activation of the music, 0 to 1; `arousal` the listener's own; `estimate` and
    `confidence` are the program's. `pace` is the breathing pace of the music, per minute, where
    it has a swell, else 0. `upward` counts ticks at which the music moved towards more arousal
    while confidence was under the threshold at which the music holds. `stops` are the seconds in
    which a stop rule was at work, with what it said at first; `struck` those in which something
    from outside stirred the listener up.
    """

    case: LabCase
    arousal: list[float]
    estimate: list[float]
    confidence: list[float]
    level: list[float]
    tempo_bpm: list[float]
    pace: list[float]
    breaths: list[float]
    captured: list[float]
    own_breaths: float
    resonance: float  #: per minute
    upward: int
    stops: list[int]
    reasons: list[str]
    struck: list[int] = []
    #: when music that calms was first said to stir the listener up, s
    paradox_s: int | None = None
    found: float = 0.0  #: the slow rate that a search found, per minute; 0 without
    notice: str = NOTICE
