"""A session: sensors, core, log and players, run together and shut down in order."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal, Protocol

from biofeedback.control.base import Decision
from biofeedback.core import Core
from biofeedback.counters import Counters
from biofeedback.hub import Hub
from biofeedback.inputs import TICK_S, BarRequest, Command, CommandName, Input, Tick
from biofeedback.intake import Intake
from biofeedback.metrics.beats import Beat
from biofeedback.metrics.worker_client import Worker
from biofeedback.outputs import Derived, WindowRequest
from biofeedback.plugins import SensorSource
from biofeedback.record import lines
from biofeedback.record.convert import derived_lines, encode, input_line
from biofeedback.record.writer import LogWriter
from biofeedback.simulation.ear import Ear
from biofeedback.state.estimator import State
from biofeedback.timebase import SessionClock
from sensors.base import sleep_until
from sensors.signals import Chunk, Gap
from synth.events import Bar, Cancel, Note
from synth.params import MusicParams
from synth.tempo_map import Segment

__all__ = ["Event", "Player", "Session"]

#: How far ahead of its first beat a bar is composed.
BAR_LEAD_BEATS = 2.0
BAR_BEATS = 4.0
ENDING_BEATS = 10.0  #: of the last bar, as a rule 8 to 12
#: A step of the wall clock beyond this is a gap: a suspend, or a corrected clock.
CLOCK_STEP_S = 1.0
#: How much longer than its last note the session lasts.
TAIL_S = 1.0

Event = Input | Derived


class Player(Protocol):
    """What plays in real time; nothing here waits."""

    health: dict[str, Any]  #: its last report; `error` says why it is silent, while it is

    def tempo(self, segment: Segment) -> None:
        """Follow a tempo from its time on."""

    def notes(self, notes: Sequence[Note]) -> None:
        """Play these notes when their beats come."""

    def cancel(self, from_beat: float) -> None:
        """Forget what has not begun by this beat."""

    def params(self, params: MusicParams) -> None:
        """Take on the colour of these parameters."""

    def volume(self, volume: float) -> None:
        """Play at this volume, 0 to 1."""

    def signals(self, values: Mapping[str, float]) -> None:
        """Pass on what the body does, by name, to whatever instrument asked for it."""

    def panic(self) -> None:
        """Silence everything that sounds."""


class Session:
    """Runs on whichever loop it is started on, live or virtual.

    `hub` passes every input and everything derived to whoever subscribes. `command` is how keys,
    pages and hardware speak to the session.
    """

    def __init__(
        self,
        core: Core,
        sensors: Sequence[SensorSource],
        players: Sequence[Player],
        worker: Worker,
        log: LogWriter,
        clock: SessionClock,
        duration_s: float | None = None,
        volume: float = 0.7,
    ) -> None:
        self._core = core
        self._sensors = sensors
        self._players = players
        self._worker = worker
        self._log = log
        self._clock = clock
        self._duration_s = duration_s
        self._ear = Ear()
        self._intake = Intake()
        self._seq = 0
        self._streaming = asyncio.Event()
        self._finish = asyncio.Event()
        self._at_once = asyncio.Event()  # asked to stop twice: not even the last bar
        self._window: WindowRequest | None = None
        self._window_came = asyncio.Event()
        self._reason: Literal["duration", "recording ended", "asked", "interrupted", "failed"]
        self._reason = "failed"
        self.hub: Hub[Event] = Hub()
        self.counters = Counters()
        self.volume = volume  #: of live sound, 0 to 1

    @property
    def simulated(self) -> bool:
        """Whether any of the bodies is not a person's."""
        return any(sensor.simulated for sensor in self._sensors)

    @property
    def troubles(self) -> list[str]:
        """What is wrong now with outputs and with the log, in sentences; mostly nothing."""
        errors = [player.health.get("error") for player in self._players]
        return [str(trouble) for trouble in (*errors, self._log.problem) if trouble]

    @property
    def duration_s(self) -> float | None:
        """How long the session lasts from its first sample on; None without a known end."""
        known = [sensor.duration_s for sensor in self._sensors if sensor.duration_s]
        return self._duration_s or max(known, default=None)

    @property
    def has_streamed(self) -> bool:
        """Whether any sensor has delivered a sample yet."""
        return self._streaming.is_set()

    @property
    def share_done(self) -> float:
        """How much of the session is over, 0 to 1; 0 for one without a known end."""
        whole_s = self.duration_s
        return min(1.0, self._clock() / whole_s) if whole_s else 0.0

    def begin(self, header: lines.HeaderLine) -> None:
        """Write the header; the first line of the log."""
        self._write(header)

    async def run(self) -> None:
        """Run until the duration is over, every recording has ended, or somebody asks to stop.

        Cancelling stops at once, with silence. Errors that the user can mend come out as they are.
        """
        tasks: list[asyncio.Task[None]] = []
        try:
            async with asyncio.TaskGroup() as group:
                sensing = [
                    group.create_task(self._sense(number, sensor))
                    for number, sensor in enumerate(self._sensors)
                ]
                others = (self._tick(), self._conduct(), self._work(), self._watch_clock())
                tasks = [*sensing, *(group.create_task(other) for other in others)]
                tasks.append(group.create_task(self._end_after(sensing)))
                await self._finish.wait()
                await self._close_music()
                self._close_gaps()
                for task in tasks:
                    task.cancel()
        except asyncio.CancelledError:
            self._reason = "interrupted"
            raise
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            for player in self._players:
                player.panic()
            self._write(
                lines.EndLine(
                    t=self._clock(),
                    seq=self._seq,
                    reason=self._reason,
                    counters=self.counters.totals(),
                )
            )

    def command(self, who: str, what: CommandName, value: str = "") -> None:
        """Do what a person asked for; it is in the log before it acts."""
        self._feed(Command(who, what, value))
        match what:
            case "stop" if self._finish.is_set():
                self._at_once.set()
            case "stop":
                self._stop("asked")
            case "panic":
                for player in self._players:
                    player.panic()
            case "volume":
                self.volume = float(value)
                for player in self._players:
                    player.volume(float(value))
            case _:
                pass

    def _stop(self, reason: Literal["duration", "recording ended", "asked"]) -> None:
        if not self._finish.is_set():
            self._reason = reason
            self._finish.set()

    async def _sense(self, number: int, sensor: SensorSource) -> None:
        stream = sensor.opened(self._clock, self._ear)
        markers = list(sensor.markers)
        try:
            async for sample in stream:
                while markers and markers[0][0] <= self._clock():
                    self._feed(Command("recording", "marker", markers.pop(0)[1]))
                cleaned = self._intake.clean(sample, number)
                if cleaned is not None:
                    self._feed(cleaned)
                if isinstance(cleaned, Chunk):
                    self._streaming.set()
        finally:
            await stream.aclose()

    async def _end_after(self, sensing: Sequence[asyncio.Task[None]]) -> None:
        began_s: float | None = None
        while True:
            now_s = self._clock()
            if began_s is None and self.has_streamed:
                began_s = now_s
            if all(task.done() for task in sensing):
                self._stop("recording ended")
            elif self._duration_s is not None and began_s is not None:
                left_s = began_s + self._duration_s - now_s
                if left_s <= min(self._closing_s(), self._duration_s / 2):
                    self._stop("duration")
            await asyncio.sleep(TICK_S)

    def _closing_s(self) -> float:
        """Return how long it takes to end: the rest of a bar, the last bar, and the tail."""
        tempo = self._core.tempo_map
        if tempo is None:
            return TAIL_S
        rest_of_bar = -tempo.beat_at(self._clock()) % BAR_BEATS
        return (rest_of_bar + ENDING_BEATS) * 60.0 / tempo.segments[-1].bpm + TAIL_S

    async def _tick(self) -> None:
        index = 0
        while True:
            await sleep_until(index * TICK_S, self._clock)
            now = int(self._clock() / TICK_S + 1e-6)
            if now > index:
                self.counters.ticks_skipped += now - index
                self._write(
                    lines.SkipLine(t=self._clock(), seq=self._seq, first=index, last=now - 1)
                )
                index = now
            self._feed(Tick(index))
            index += 1

    async def _conduct(self) -> None:
        await self._streaming.wait()
        self._feed(BarRequest(*self._core.next_bar))
        while self._core.ending is None:
            index, beat = self._core.next_bar
            tempo = self._core.tempo_map
            assert tempo is not None
            wait_s = tempo.time_at(beat - BAR_LEAD_BEATS) - self._clock()
            if wait_s > 1e-6:
                await asyncio.sleep(min(wait_s, TICK_S))  # the tempo may change meanwhile
            else:
                self._feed(BarRequest(index, beat))

    async def _work(self) -> None:
        while True:
            await self._window_came.wait()
            self._window_came.clear()
            request, self._window = self._window, None
            if request is None:
                continue
            with self.counters.stage("worker"):
                result = await self._worker.compute(request.window)
            if result is not None:
                self._feed(result, request)

    async def _watch_clock(self) -> None:
        self._clock.step_of_wall_clock()
        while True:
            await asyncio.sleep(1.0)
            step_s = self._clock.step_of_wall_clock()
            if abs(step_s) > CLOCK_STEP_S:
                self._note_clock_step(step_s)

    def _note_clock_step(self, step_s: float) -> None:
        """Log the new anchor; whatever was measured before is no neighbour of what comes."""
        now_s = self._clock()
        utc = self._clock.utc_at(now_s).isoformat(timespec="milliseconds")
        self._write(lines.ClockLine(t=now_s, seq=self._seq, utc=utc, step_s=step_s))
        for chunk in list(self._intake.seen.values()):
            self._feed(Gap(chunk.signal, chunk.source, now_s, now_s, "clock"))

    async def _close_music(self) -> None:
        if self._core.ending is None:
            self._feed(Command("session", "stop"))
        ending, tempo = self._core.ending, self._core.tempo_map
        if ending is not None and tempo is not None:
            end_s = tempo.time_at(ending.beat + ending.beats) + TAIL_S
            with suppress(TimeoutError):
                await asyncio.wait_for(self._at_once.wait(), max(0.0, end_s - self._clock()))

    def _close_gaps(self) -> None:
        """Name what is missing at the end from sensors that did not come back."""
        for chunk in self._intake.lost():
            last_s = float(chunk.times_s[-1])
            self._feed(Gap(chunk.signal, chunk.source, last_s, self._clock(), "link"))

    def _feed(self, item: Input, request: WindowRequest | None = None) -> None:
        """Log an input, hand it to the core, then log and pass on what follows from it."""
        t, seq = self._clock(), self._seq
        with self.counters.stage("log"):
            self._write(input_line(seq, t, item, request))
        with self.counters.stage(_STAGES.get(type(item), "metrics")):
            derived = self._core.feed(seq, t, item)
        self.counters.inputs += 1
        self.counters.gaps += isinstance(item, Gap)
        self.counters.derived += len(derived)
        with self.counters.stage("log"):
            for value in derived:
                for line in derived_lines(self._seq, t, value):
                    self._write(line)
        self.hub.publish(item)
        for value in derived:
            self._pass_on(value)
            self.hub.publish(value)

    def _pass_on(self, value: Derived) -> None:
        match value:
            case Bar():
                self.counters.notes += len(value.notes)
                for player in self._players:
                    player.notes(value.notes)
            case Segment():
                for player in self._players:
                    player.tempo(value)
            case Cancel():
                for player in self._players:
                    player.cancel(value.from_beat)
            case Beat() if value.verdict != "extra":
                self._signal({"beat": value.rr_ms})
            case tuple():
                self._signal({r.name: r.value for r in value if r.value is not None})
            case State():
                self._signal({"arousal": value.arousal})
            case WindowRequest():
                self._window = value  # the latest wins: an old window is of no use
                self._window_came.set()
            case Decision():
                self._ear.hear(value.params if self.has_streamed else None)
                for player in self._players:
                    player.params(value.params)
            case _:
                pass

    def _signal(self, values: Mapping[str, float]) -> None:
        for player in self._players:
            player.signals(values)

    def _write(self, line: lines.Line) -> None:
        self._log.append(encode(line))
        self._seq += 1


_STAGES: dict[type, str] = {Tick: "state and control", BarRequest: "composing"}
