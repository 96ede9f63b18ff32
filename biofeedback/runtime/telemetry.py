"""What happened in a session, in numbers: events, the time of each stage, and what went wrong."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from biofeedback.engine.events import Derived
from biofeedback.engine.inputs import BarRequest, Input, Tick
from sensors.base import SensorStatus
from sensors.signals import Chunk, Gap
from synth.events import Bar

__all__ = ["LOOK_S", "Counters", "Delay", "Troubles"]


_LATEST = 8192  #: delays of a stage that are kept until they are asked for


@dataclass(frozen=True, slots=True)
class Delay:
    """How long a stage took, of `count` times: median, 99th percentile and most, in ms."""

    count: int
    p50_ms: float
    p99_ms: float
    max_ms: float


@dataclass(slots=True)
class Counters:
    """What happened, in numbers; `seconds` is the computing time of each stage.

    `bad` is how much bad input each source sent, by kind; `drift_ppm` how fast its clock ran.
    """

    inputs: int = 0
    derived: int = 0
    notes: int = 0
    gaps: int = 0
    ticks_skipped: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    bad: dict[str, dict[str, int]] = field(default_factory=dict)
    drift_ppm: dict[str, float] = field(default_factory=dict)
    _delays: dict[str, deque[float]] = field(default_factory=dict)

    def fed(
        self, item: Input, derived: Sequence[Derived], t: float, *, core_s: float, log_s: float
    ) -> None:
        """Count an input that came at session time `t`, what followed, and what both cost."""
        stage = "metrics"
        self.inputs += 1
        self.derived += len(derived)
        match item:
            case Tick():
                stage = "state and control"
                self._delayed("tick", t - item.time_s)
            case BarRequest():
                stage = "composing"
            case Chunk() if item.times_s.size:
                self._delayed("arrival", t - float(item.times_s[-1]))
            case Gap():
                self.gaps += 1
            case SensorStatus():
                if item.bad:
                    self.bad[item.source] = dict(item.bad)
                if item.drift_ppm is not None:
                    self.drift_ppm[item.source] = item.drift_ppm
            case _:
                pass
        self.notes += sum(len(value.notes) for value in derived if isinstance(value, Bar))
        self.took(stage, core_s)
        self.took("log", log_s)

    def took(self, stage: str, seconds: float) -> None:
        """Add time that was spent on a stage."""
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds
        self._delayed(stage, seconds)

    def totals(self) -> dict[str, float]:
        """Return the counts, for the log's last line."""
        return {
            "inputs": self.inputs,
            "derived": self.derived,
            "notes": self.notes,
            "gaps": self.gaps,
            "ticks_skipped": self.ticks_skipped,
        }

    def _delayed(self, name: str, delay_s: float) -> None:
        """Remember how late something was, or how long it took."""
        known = self._delays.get(name)
        if known is None:
            known = self._delays[name] = deque(maxlen=_LATEST)
        known.append(delay_s)

    def delays(self) -> dict[str, Delay]:
        """Return how long each stage took since this was asked last."""
        found, self._delays = self._delays, {}
        return {name: _delay(sorted(known)) for name, known in found.items()}


def _delay(sorted_s: list[float]) -> Delay:
    count = len(sorted_s)
    ms = [round(1000.0 * sorted_s[int(share * (count - 1))], 3) for share in (0.5, 0.99, 1.0)]
    return Delay(count, *ms)


LOOK_S = 0.1  #: how often it is looked for troubles
_SHOWN_S = 3.0  #: how long each is shown at least. Ours


class Troubles:
    """Feed it with `look`; `shown` is what is wrong now, or was a moment ago."""

    def __init__(self) -> None:
        self._until_s: dict[str, float] = {}

    @property
    def shown(self) -> list[str]:
        """The troubles that are to be shown, the oldest first."""
        return list(self._until_s)

    def look(self, troubles: Sequence[str], now_s: float) -> list[str]:
        """Take in what is wrong now; return what is to be noted: what began, and what is over."""
        begun = [trouble for trouble in troubles if trouble not in self._until_s]
        for trouble in [*begun, *troubles]:
            self._until_s[trouble] = now_s + _SHOWN_S
        over = [trouble for trouble, until_s in self._until_s.items() if until_s <= now_s]
        for trouble in over:
            del self._until_s[trouble]
        return [f"Trouble: {trouble}" for trouble in begun] + [f"Over: {text}" for text in over]
