"""What time alone brings about in a session: ticks, bars to be written, steps of the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from biofeedback.common.clock import SessionClock
from biofeedback.engine.core import Core
from biofeedback.engine.inputs import TICK_S, BarRequest, Tick
from biofeedback.record import lines
from biofeedback.runtime.pipeline import Pipeline
from sensors.base import sleep_until
from synth.params import TEMPO_RANGE_BPM

__all__ = ["TAIL_S", "Ticker"]

#: How far ahead of its first beat a bar is composed.
BAR_LEAD_BEATS = 2.0
BAR_BEATS = 4.0
ENDING_BEATS = 10.0  #: of a last bar that need not hurry
#: A step of the wall clock beyond this is a gap: a suspend, or a corrected clock.
CLOCK_STEP_S = 1.0
DELAYS_EVERY_S = 60.0
#: How much longer than its last note the session lasts.
TAIL_S = 1.0


class Ticker:
    """Feeds the session on time; each method runs until it is cancelled or has nothing to do."""

    def __init__(self, core: Core, clock: SessionClock, pipeline: Pipeline) -> None:
        self._core = core
        self._clock = clock
        self._pipeline = pipeline

    async def tick(self) -> None:
        """Feed the ticks of the grid; those that came too late to be taken are logged."""
        index = 0
        while True:
            await sleep_until(index * TICK_S, self._clock)
            now = int(self._clock() / TICK_S + 1e-6)
            if now > index:
                self._skip(index, now - 1)
                index = now
            self._pipeline.feed(Tick(index))
            index += 1

    def _skip(self, first: int, last: int) -> None:
        self._pipeline.counters.ticks_skipped += last - first + 1
        self._pipeline.note(lambda t, seq: lines.SkipLine(t=t, seq=seq, first=first, last=last))

    async def request_bars(self, begin: asyncio.Event) -> None:
        """Ask for each bar shortly before it begins, from `begin` to the last bar."""
        await begin.wait()
        while self._core.waiting and not self._core.closed:  # noqa: ASYNC110 - a pure core gives no event
            await asyncio.sleep(TICK_S / 10.0)
        self._pipeline.feed(BarRequest(*self._core.next_bar))
        while not self._core.closed:
            index, beat = self._core.next_bar
            tempo = self._core.tempo_map
            assert tempo is not None
            wait_s = tempo.time_at(beat - BAR_LEAD_BEATS) - self._clock()
            if wait_s > 1e-6:
                await asyncio.sleep(min(wait_s, TICK_S))  # the tempo may change meanwhile
            else:
                self._pipeline.feed(BarRequest(index, beat))

    async def watch_clock(self, stepped: Callable[[float], None]) -> None:
        """Log each step of the wall clock with the new anchor; tell `stepped` when it was."""
        self._clock.step_of_wall_clock()
        while True:
            await asyncio.sleep(1.0)
            step_s = self._clock.step_of_wall_clock()
            if abs(step_s) > CLOCK_STEP_S:
                self.note_step(step_s)
                stepped(self._clock())

    async def note_delays(self) -> None:
        """Log each minute how long each stage took."""
        while True:
            await asyncio.sleep(DELAYS_EVERY_S)
            self._pipeline.note_delays()

    def note_step(self, step_s: float) -> None:
        """Log that the wall clock moved by `step_s`, and where it is now."""
        utc = self._clock.utc_at(self._clock()).isoformat(timespec="milliseconds")
        self._pipeline.note(lambda t, seq: lines.ClockLine(t=t, seq=seq, utc=utc, step_s=step_s))

    def closing_s(self) -> float:
        """Return how long it takes to end: the rest of a bar, the last bar, and the tail."""
        tempo = self._core.tempo_map
        if tempo is None:
            return TAIL_S
        rest_of_bar = -tempo.beat_at(self._clock()) % BAR_BEATS
        bpm = max(TEMPO_RANGE_BPM[0], tempo.latest.bpm)  # it stands still while it waits
        return (rest_of_bar + ENDING_BEATS) * 60.0 / bpm + TAIL_S

    def ending_s(self) -> float:
        """Return how long the last bar and its tail still sound; 0 without one."""
        ending, tempo = self._core.ending, self._core.tempo_map
        if ending is None or tempo is None:
            return 0.0
        return max(0.0, tempo.time_at(ending.beat + ending.beats) + TAIL_S - self._clock())
