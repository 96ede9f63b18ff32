"""The way of every input: into the log, through the core, into the log again, and to who plays."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from biofeedback.common.clock import SessionClock, monotonic_s
from biofeedback.common.event_bus import EventBus
from biofeedback.control.base import Decision
from biofeedback.control.override import OverrideRequest
from biofeedback.engine.core import Core
from biofeedback.engine.events import Derived, WindowRequest
from biofeedback.engine.inputs import Command, Input
from biofeedback.record import lines
from biofeedback.record.derived import encoded
from biofeedback.record.inputs import input_line
from biofeedback.record.line import encode
from biofeedback.record.used import style_used
from biofeedback.record.writer import LogWriter
from biofeedback.runtime.player_group import PlayerGroup
from biofeedback.runtime.telemetry import Counters
from biofeedback.runtime.worker_client import Worker
from biofeedback.simulation.model.music_features import MusicMonitor
from sensors.signals import Chunk

__all__ = ["Event", "Pipeline"]

Event = Input | Derived


class Pipeline:
    """Feeds the core, and nobody else does: an input is in the log before it acts.

    `bus` passes every input and everything derived to whoever subscribes; `streaming` is set from
    the first samples on, and until then a virtual listener hears no music from `monitor`.
    """

    def __init__(
        self,
        core: Core,
        log: LogWriter,
        clock: SessionClock,
        players: PlayerGroup,
        monitor: MusicMonitor,
    ) -> None:
        self._core = core
        self._log = log
        self._clock = clock
        self._players = players
        self._monitor = monitor
        self._seq = 0
        self._window: WindowRequest | None = None
        self._window_came = asyncio.Event()
        self.streaming = asyncio.Event()
        self.bus: EventBus[Event] = EventBus()
        self.counters = Counters()

    def feed(self, item: Input, request: WindowRequest | None = None) -> None:
        """Let an input act, and tell everybody what follows from it.

        A worker's result comes with the request that it answers.
        """
        if isinstance(item, Command) and item.what == "override":
            self._name_parts(OverrideRequest.parse(item.value))
        t, began_s = self._clock(), monotonic_s()
        self._write(encode(input_line(self._seq, t, item, request)))
        logged_s = monotonic_s()
        derived = self._core.feed(self._seq - 1, t, item)
        derived_s = monotonic_s()
        if derived:
            self._write(*encoded(self._seq, t, derived))
        log_s = logged_s - began_s + monotonic_s() - derived_s
        self.counters.fed(item, derived, t, core_s=derived_s - logged_s, log_s=log_s)
        self.bus.publish(item, *derived)
        if derived:
            self._players.feed(derived)
        for value in derived:
            if isinstance(value, Decision):
                self._monitor.feed(value.params if self.streaming.is_set() else None)
            elif isinstance(value, WindowRequest):
                self._window = value  # the latest wins: an old window is of no use
                self._window_came.set()
        if isinstance(item, Chunk):
            self.streaming.set()

    def _name_parts(self, wish: OverrideRequest) -> None:
        """Log what is not built in of a style that is asked for: from here on it decides."""
        for part in style_used(str(wish.value)) if wish.name == "style" else ():
            self._write(encode(lines.PluginLine(t=self._clock(), seq=self._seq, plugin=part)))

    async def work(self, worker: Worker) -> None:
        """Have the windows computed that the core asks for, until cancelled."""
        while True:
            await self._window_came.wait()
            self._window_came.clear()
            request, self._window = self._window, None
            if request is None:
                continue
            began_s = monotonic_s()
            try:
                result = await worker.compute(request.window)
            finally:
                self.counters.took("worker", monotonic_s() - began_s)
            if result is not None:
                self.feed(result, request)

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
        self._write(encode(line(self._clock(), self._seq)))

    def _write(self, *encoded_lines: bytes) -> None:
        self._log.append(*encoded_lines)
        self._seq += len(encoded_lines)
