"""Which strategy leads now: the phases of a programme, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from biofeedback.control.base import Moment, Strategy

__all__ = ["Course", "Part"]


@dataclass(frozen=True, slots=True)
class Part:
    """A phase of the course: its strategy's name, and how to make one when it begins."""

    strategy: str
    build: Callable[[], Strategy]
    phase: str = ""


class Course:
    """Holds the strategy of the phase that runs."""

    def __init__(self, parts: list[Part]) -> None:
        self._parts = parts
        self._strategy = parts[0].build()

    @property
    def name(self) -> str:
        """The name of the strategy."""
        return self._parts[0].strategy

    @property
    def phase(self) -> str:
        """The name of the phase, "" without phases."""
        return self._parts[0].phase

    @property
    def numbers(self) -> dict[str, float]:
        """What is to be known of the phase, for the decision."""
        return {}

    def strategy(self, moment: Moment) -> Strategy:
        """Return the strategy for this moment."""
        return self._strategy
