"""Limits that keep a control signal musical: clamp, slew, dead band, hysteresis."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Band", "DeadBand", "Slew", "clamp"]


def clamp(value: float, low: float, high: float) -> float:
    """Return `value`, moved into [low, high]."""
    return max(low, min(high, value))


class Slew:
    """Follows a target at a bounded speed, in units per second."""

    def __init__(self, value: float, per_s: float) -> None:
        self.value = value
        self._per_s = per_s

    def toward(self, target: float, dt_s: float) -> float:
        """Move towards `target` for `dt_s` seconds; return where that leads."""
        step = self._per_s * dt_s
        self.value += clamp(target - self.value, -step, step)
        return self.value


class DeadBand:
    """Repeats its last output until the input has moved away from it by `width` or more."""

    def __init__(self, value: float, width: float) -> None:
        self.value = value
        self._width = width

    def pass_on(self, value: float) -> float:
        """Return the input if it moved far enough, else the last output."""
        if abs(value - self.value) >= self._width:
            self.value = value
        return self.value


class Band:
    """Sorts a value into bands between `edges`, leaving a band only `margin` past its edge."""

    def __init__(self, edges: Sequence[float], margin: float, value: float) -> None:
        self._edges = tuple(edges)
        self._margin = margin
        self.index = sum(value >= edge for edge in self._edges)

    def sort(self, value: float) -> int:
        """Return the band of `value`: 0 below the first edge, up to `len(edges)`."""
        while self.index < len(self._edges) and value >= self._edges[self.index] + self._margin:
            self.index += 1
        while self.index > 0 and value < self._edges[self.index - 1] - self._margin:
            self.index -= 1
        return self.index
