"""What a strategy gives: an intention for the music, with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from biofeedback.state.estimator import State
from synth.params import MusicParams

__all__ = ["Aim", "Decision", "Strategy"]


@dataclass(frozen=True, slots=True)
class Aim:
    """What a strategy wants before limits apply.

    `level` is the activation of the music, 0 calmest to 1 most driven; the curves turn it into
    tempo, key, density and colour. `setpoint` is where arousal should be now, None where the
    strategy has no such wish. `tempo_bpm` and `swell` override the curves where they are given.
    """

    level: float
    setpoint: float | None
    why: str
    tempo_bpm: float | None = None
    swell: float = 0.0


@dataclass(frozen=True, slots=True)
class Decision:
    """The music's parameters from now on, and why, in one plain sentence and in numbers."""

    time_s: float
    strategy: str
    setpoint: float | None
    params: MusicParams
    why: str
    numbers: dict[str, float]


class Strategy(Protocol):
    """Turns the state of a body into what the music should do.

    A strategy that `follows_body` is not asked while the body is out of sight.
    """

    follows_body: bool

    def aim(self, state: State, dt_s: float) -> Aim:
        """Take in the state, `dt_s` seconds after the last one, and say what is wanted now."""
