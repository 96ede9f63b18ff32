"""The rest of a reading that came too late for the rest phase, inferred from the other readings.

A wristband put on in the middle of a session has no resting values. While it is learnt, its values
are compared with what the other readings say at the same time: the resting value is the one that
would make both agree. That is weaker than a rest of its own and is never stored in a profile.
"""

from __future__ import annotations

import statistics

from biofeedback.state.baseline import POPULATION, RestingValue

__all__ = ["LateBaseline"]

#: As long as the shortest rest that is worth its name, at two readings a second. Our own choice.
_READINGS = 120


class LateBaseline:
    """Learns the resting values that the rest phase missed."""

    def __init__(self) -> None:
        self._implied: dict[str, list[float]] = {}
        self._resting: dict[str, RestingValue] = {}

    def z(self, name: str, value: float) -> float | None:
        """Return how far `value` of a feature lies above the inferred rest; None before it is."""
        resting = self._resting.get(name)
        return None if resting is None else (value - resting.median) / POPULATION[name].sd_within

    def learn(self, name: str, value: float, z: float) -> None:
        """Take in a value of a feature while the others say that it should deviate by `z`."""
        implied = self._implied.setdefault(name, [])
        implied.append(value - z * POPULATION[name].sd_within)
        if len(implied) >= _READINGS:
            spread = statistics.pstdev(implied)
            self._resting[name] = RestingValue(statistics.median(implied), spread, len(implied))
            implied.clear()
