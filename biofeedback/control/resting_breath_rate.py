"""A pace to breathe with: how it becomes a tempo, and the listener's own rate as its bound.

Breathing deeper and faster than the body asks for lowers carbon dioxide and makes dizzy; so no
pace is ever faster than the listener breathes without one.
"""

from __future__ import annotations

from statistics import median

from biofeedback.control.base import ControlInput

__all__ = ["BEATS_PER_BREATH", "RestingBreathRate", "breaths_of"]

#: A breath is two bars of four beats: the tempo is eight times the breathing rate.
BEATS_PER_BREATH = 8.0
#: All that follows is of our own choosing.
_ENOUGH_S = 15.0
_SLOWEST, _FASTEST = 5.0, 30.0


class RestingBreathRate:
    """Learns the listener's own breathing rate, and keeps the first that it is sure of."""

    def __init__(self) -> None:
        self._seen: list[float] = []
        self._seen_s = 0.0
        self.per_minute: float | None = None  #: None while it is unknown

    def take(self, moment: ControlInput) -> None:
        """Take in a moment."""
        if self.per_minute is not None:
            return
        breaths = breaths_of(moment)
        if breaths is None or not _SLOWEST <= breaths <= _FASTEST:
            return
        self._seen.append(breaths)
        self._seen_s += moment.dt_s
        if self._seen_s >= _ENOUGH_S:
            self.per_minute = median(self._seen)


def breaths_of(moment: ControlInput) -> float | None:
    """Return the breathing rate that is measured now, where it can be trusted."""
    if "breathing_rate" in moment.readings:
        return moment.trusted("breathing_rate")
    return moment.state.breaths_per_minute
