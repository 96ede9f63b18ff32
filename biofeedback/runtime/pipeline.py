"""The way of every input: into the log, through the core, and what follows into the log again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from biofeedback.common.clock import SessionClock
from biofeedback.engine.core import Core
from biofeedback.engine.events import Derived, WindowRequest
from biofeedback.engine.inputs import BarRequest, Input, Tick
from biofeedback.record import lines
from biofeedback.record.convert import derived_lines, encode, input_line
from biofeedback.record.writer import LogWriter
from biofeedback.runtime.telemetry import Counters
from sensors.base import SensorStatus
from sensors.signals import Chunk, Gap

__all__ = ["Pipeline"]

_STAGES: dict[type, str] = {Tick: "state and control", BarRequest: "composing"}


class Pipeline:
    """Numbers the lines of the log; an input is in it before it acts."""

    def __init__(self, core: Core, log: LogWriter, clock: SessionClock) -> None:
        self._core = core
        self._log = log
        self._clock = clock
        self._seq = 0
        self.counters = Counters()

    def feed(self, item: Input, request: WindowRequest | None = None) -> Sequence[Derived]:
        """Log an input, hand it to the core, log and return what follows from it.

        A worker's result comes with the request that it answers.
        """
        t, seq, counters = self._clock(), self._seq, self.counters
        with counters.stage("log"):
            self._write(input_line(seq, t, item, request))
        with counters.stage(_STAGES.get(type(item), "metrics")):
            derived = self._core.feed(seq, t, item)
        self._late(item, t)
        counters.inputs += 1
        counters.gaps += isinstance(item, Gap)
        if isinstance(item, SensorStatus):
            counters.sensor(item.source, item.bad, item.drift_ppm)
        counters.derived += len(derived)
        with counters.stage("log"):
            for value in derived:
                for line in derived_lines(self._seq, t, value):
                    self._write(line)
        return derived

    def _late(self, item: Input, t: float) -> None:
        """Remember how old samples were when they came, and how late a tick was."""
        if isinstance(item, Tick):
            self.counters.delayed("tick", t - item.time_s)
        elif isinstance(item, Chunk) and len(item):
            self.counters.delayed("arrival", t - float(item.times_s[-1]))

    def note_delays(self) -> None:
        """Log how long each stage took since this was done last, where time is real."""
        stages = {
            name: lines.DelayItem(delay.count, delay.p50_ms, delay.p99_ms, delay.max_ms)
            for name, delay in self.counters.delays().items()
        }
        if self._clock.live and stages:
            self.note(lambda t, seq: lines.LatencyLine(t=t, seq=seq, stages=stages))

    def note(self, line: Callable[[float, int], lines.Line]) -> None:
        """Log a line that moves nothing; `line` makes it from its time and number."""
        self._write(line(self._clock(), self._seq))

    def _write(self, line: lines.Line) -> None:
        self._log.append(encode(line))
        self._seq += 1
