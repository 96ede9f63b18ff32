"""Which strategy leads now: the phases of a programme, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from biofeedback.control.base import ControlInput, Strategy
from biofeedback.control.limits import Slew
from biofeedback.control.phases import Phase, PhaseWatch

__all__ = ["ProgrammePlace", "ProgrammeRunner", "StrategySlot"]

#: A phase that is over waits for the next phrase, but no longer than this. Ours.
_MOST_WAIT_S = 60.0
_FIRST_LOUDNESS = 0.5  #: programmes begin gently


@dataclass(frozen=True, slots=True)
class StrategySlot:
    """A strategy: its name, how to make one when it begins, and the phase that it is for."""

    strategy: str
    build: Callable[[], Strategy]
    phase: Phase | None = None


@dataclass(frozen=True, slots=True)
class ProgrammePlace:
    """Where a programme is: the strategy that leads, and the phase, "" without phases.

    `loudness` is the share of the usual one that it wants now; `numbers` are those for the
    decision: time spent in the phase, and time that is left of it at most.
    """

    strategy: str
    phase: str
    loudness: float
    numbers: dict[str, float]
    falls: bool = False  #: whether neither tempo nor onsets a minute may rise


_ENDLESS = Phase(name="endless", strategy="lead")


class ProgrammeRunner:
    """Goes from phase to phase; each begins with a phrase of the music.

    After the last phase its strategy stays, and `over` says that the music may end.
    """

    def __init__(self, parts: Sequence[StrategySlot]) -> None:
        self._parts = parts
        self._index = -1
        self._loudness = _FIRST_LOUDNESS if parts[0].phase else 1.0
        self._ended = False
        self._waited_s = 0.0
        self.over = False
        self._begin()

    def read(self) -> ProgrammePlace:
        """Return where the programme is."""
        part = self._parts[self._index]
        numbers = {}
        if part.phase:
            numbers["phase_s"] = self._watch.elapsed_s
            if (left_s := self._watch.left_s) is not None:
                numbers["phase_left_s"] = left_s
        phase = part.phase.name if part.phase else ""
        return ProgrammePlace(part.strategy, phase, self._fade.value, numbers, self._phase.falls)

    def step(self, moment: ControlInput) -> None:
        """Let a moment pass; begin the next phase when this one is over and a phrase begins."""
        self._fade.toward(self._phase.loudness, moment.dt_s)
        if self._watch.is_over(moment, finished=self.strategy.finished):
            self._ended = True
        if not self._ended:
            return
        self._waited_s += moment.dt_s
        if moment.phrase_start or self._waited_s >= _MOST_WAIT_S:
            if self._index + 1 < len(self._parts):
                self._begin()
            else:
                self.over = True

    def _begin(self) -> None:
        if self._index >= 0:
            self._loudness = self._fade.value
        self._index += 1
        part = self._parts[self._index]
        self._phase: Phase = part.phase or _ENDLESS
        self.strategy: Strategy = part.build()  #: the one that leads
        self._watch: PhaseWatch = PhaseWatch(self._phase.until)
        self._fade: Slew = Slew(self._loudness, 1.0 / self._phase.fade_s)
        self._ended = False
        self._waited_s = 0.0
