"""Whether the music moves for a new reason, or is still on its way to what was wanted before.

Limits make it late: it may glide for half a minute to where a strategy, or a wish that is over, has
sent it. What the body or the plan did meanwhile is then not the reason for what is heard.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

__all__ = ["SECONDS", "Transition", "TransitionTracker"]

SECONDS = 10.0  #: in which a reason must have changed something. Ours.
_SAME = 0.1  #: of the way: less is no change
_LEVEL_SPAN, _TEMPO_SPAN_BPM = 0.015, 0.5  #: less than this is no way at all


@dataclass(frozen=True, slots=True)
class Transition:
    """What is wanted and what sounds: the level and the tempo in bpm of each."""

    wanted_level: float
    wanted_bpm: float
    level: float
    tempo_bpm: float


class TransitionTracker:
    """Takes in a way each tick, within the speeds that the limits allow, per second."""

    def __init__(self, level_per_s: float, bpm_per_s: float) -> None:
        self._most_level, self._most_bpm = SECONDS * level_per_s, SECONDS * bpm_per_s
        self._past: deque[tuple[float, Transition]] = deque()
        self._now_s = 0.0

    def step(self, now: Transition, dt_s: float) -> bool:
        """Return whether the music would sound so if nobody had wanted anything since."""
        self._now_s += dt_s
        self._past.append((self._now_s, now))
        while len(self._past) > 1 and self._past[1][0] <= self._now_s - SECONDS:
            self._past.popleft()
        at_s, then = self._past[0]
        if self._now_s - at_s < SECONDS:
            return False
        level = _glided(then.level, then.wanted_level, self._most_level)
        tempo_bpm = _glided(then.tempo_bpm, then.wanted_bpm, self._most_bpm)
        ways = (
            (now.level - then.level, level - now.level, _LEVEL_SPAN),
            (now.tempo_bpm - then.tempo_bpm, tempo_bpm - now.tempo_bpm, _TEMPO_SPAN_BPM),
        )
        moved = [(way, off) for way, off, least in ways if abs(way) >= least]
        return bool(moved) and all(abs(off) <= _SAME * abs(way) for way, off in moved)


def _glided(value: float, wanted: float, most: float) -> float:
    return value + max(-most, min(most, wanted - value))
