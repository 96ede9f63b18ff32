"""A session: sensors, core, log and players, run together and shut down in order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

from biofeedback.common.clock import SessionClock
from biofeedback.common.errors import CommandError
from biofeedback.common.stop_switch import StopSwitch
from biofeedback.common.tasks import Tasks, beside, logged
from biofeedback.engine.command_validation import check
from biofeedback.engine.core import Core
from biofeedback.engine.inputs import TICK_S, Command, CommandName, ExternalClock
from biofeedback.record import lines
from biofeedback.record.writer import LogWriter
from biofeedback.runtime.pipeline import Event, Pipeline
from biofeedback.runtime.player_group import Player, PlayerGroup
from biofeedback.runtime.ports import ControlSurface, SensorSource
from biofeedback.runtime.prompts import Moment, Prompts
from biofeedback.runtime.sanitizer import Sanitizer
from biofeedback.runtime.telemetry import LOOK_S, Troubles
from biofeedback.runtime.ticker import TAIL_S, Ticker
from biofeedback.runtime.worker_client import Worker
from biofeedback.simulation.model.music_features import MusicMonitor
from sensors.signals import Gap

__all__ = ["Event", "Player", "Session"]

Reason = Literal[
    "duration", "recording ended", "programme ended", "asked", "interrupted", "failed"
]  # fmt: skip


class Session:
    """Runs on whichever loop it is started on, live or virtual.

    `bus` passes every input and everything derived to whoever subscribes. `command` is how keys,
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
        questions: Prompts | None = None,
        stop: StopSwitch | None = None,
    ) -> None:
        self._core = core
        self._sensors = sensors
        self._players = PlayerGroup(players, volume)
        self._worker = worker
        self._log = log
        self._clock = clock
        self._duration_s = duration_s
        self._monitor = MusicMonitor()
        self._pipeline = Pipeline(core, log, clock, self._players, self._monitor)
        self._ticker = Ticker(core, clock, self._pipeline)
        self._sanitizer = Sanitizer()
        # there are samples, and what is asked before is answered
        self._may_play = self._pipeline.streaming if questions is None else asyncio.Event()
        self._reason: Reason = "failed"
        self._is_over = False  # the log has its last line, and takes no more
        self._ends_s = 0.0  # planned, once the first sample has come
        self.stop = stop or StopSwitch()  #: of this session alone
        self.bus = self._pipeline.bus
        self.surfaces: Sequence[ControlSurface] = ()  #: what else steers it, for its troubles
        self.tasks = Tasks()  #: what runs beside it
        self._troubles = Troubles()
        self.counters = self._pipeline.counters
        self.began_s: float | None = None  #: from when on its duration counts
        self.questions = questions  #: what the person is asked; None for nothing
        self.header: lines.HeaderLine | None = None  #: the first line of the log, once begun

    @property
    def simulated(self) -> bool:
        """Whether any of the bodies is not a person's."""
        return any(sensor.simulated for sensor in self._sensors)

    @property
    def troubles(self) -> list[str]:
        """What is wrong, or was a moment ago, in sentences; mostly nothing."""
        return list(dict.fromkeys([*self._troubles.shown, *self._wrong()]))

    def _wrong(self) -> list[str]:
        """Return what is wrong now: with outputs, with what steers or watches, with the log."""
        steering = [surface.trouble for surface in self.surfaces if surface.trouble]
        log = [text for text in (self._log.problem, self._log.taken) if text]
        return [
            *self._players.troubles, *steering, *self.tasks.troubles, *self.bus.troubles, *log,
        ]  # fmt: skip

    @property
    def volume(self) -> float:
        """The volume of live sound as it was asked for, 0 to 1."""
        return self._players.volume

    @property
    def duration_s(self) -> float | None:
        """How long the session lasts from `began_s` on; None without a known end."""
        known = [sensor.duration_s for sensor in self._sensors if sensor.duration_s]
        return self._duration_s or max(known, default=None)

    @property
    def has_streamed(self) -> bool:
        """Whether any sensor has delivered a sample yet."""
        return self._pipeline.streaming.is_set()

    @property
    def held(self) -> bool:
        """Whether somebody asked the music to stay as it is."""
        return self._core.held

    @property
    def held_back(self) -> bool:
        """Whether a stop rule holds the music back, until a person goes on if not before."""
        return self._core.held_back

    @property
    def tempo_bpm(self) -> float | None:
        """The tempo of the music now; None before it begins."""
        tempo = self._core.tempo_map
        return tempo.latest.bpm if tempo else None

    @property
    def now_s(self) -> float:
        """The session time."""
        return self._clock()

    @property
    def share_done(self) -> float:
        """How much of the session is over, 0 to 1; 0 for one without a known end."""
        whole_s = self.duration_s
        return min(1.0, self._clock() / whole_s) if whole_s else 0.0

    def begin(self, header: lines.HeaderLine) -> None:
        """Write the header; the first line of the log."""
        self.header = header
        self._pipeline.note(lambda t, seq: header)

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
                others = (
                    self._ticker.tick(),
                    self._ticker.request_bars(self._may_play),
                    self._ticker.watch_clock(self._break_off),
                    self._pipeline.work(self._worker),
                )
                tasks = [*sensing, *(group.create_task(other) for other in others)]
                tasks.append(group.create_task(self._end_after(sensing)))
                if self._clock.live:  # a timer more would change virtual time's order of equal ones
                    tasks.append(group.create_task(self._ticker.note_delays()))
                    tasks.append(group.create_task(self._tell_troubles()))
                asking = group.create_task(self._ask_before_and_during())
                try:
                    await self.stop.wait()
                    await self._close_music()
                finally:
                    self._players.shut()  # sensors may take their time to close
                asking.cancel()
                if self.has_streamed and not self.stop.at_once:
                    await self._ask("after")
                self._close_gaps()
                for task in tasks:
                    task.cancel()
        except asyncio.CancelledError:
            self._reason = "interrupted"
            raise
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            self._players.shut()
            try:
                await self._fall_silent()
            finally:
                self._pipeline.note_delays()
                self._pipeline.note(self._end_line)
                self._is_over = True

    async def _fall_silent(self) -> None:
        """Wait until nothing sounds any more, or that was tried for long enough."""
        if self._clock.live:
            async with beside(self._tell_troubles()):
                await self._players.fall_silent()

    async def _tell_troubles(self) -> None:
        """Note in the log what goes wrong and when it is over."""
        while True:
            for text in self._troubles.look(self._wrong(), self._clock()):
                self._pipeline.feed(Command("session", "note", text))
            await asyncio.sleep(LOOK_S)

    def _end_line(self, t: float, seq: int) -> lines.EndLine:
        counters = self.counters
        return lines.EndLine(
            t=t,
            seq=seq,
            reason=self._reason,
            counters=counters.totals(),
            bad=counters.bad,
            drift_ppm=counters.drift_ppm,
        )

    def command(
        self, who: str, what: CommandName, value: str = "", time_s: float | None = None
    ) -> None:
        """Do what a person asked for; it is in the log before it acts.

        `time_s` is when it happened, where another clock says so; nothing happens in the future.
        Raises `CommandError`, with nothing done, when the value makes no sense or the session is
        over; to end what sounds is never refused.
        """
        if self._is_over:
            if what not in ("stop", "panic"):
                raise CommandError("the session is over", hint="Start another one.")
            self._players.shut()
            return
        at_s = None if time_s is None else max(0.0, min(time_s, self._clock()))
        command = Command(who, what, value, at_s)
        check(command)
        self._pipeline.feed(command)
        match what:
            case "rating" if self.questions is not None:
                self.questions.answered(value)
            case "stop" if self.stop.pressed:
                self.stop.press()
                self._players.shut()
                if self.questions is not None:
                    self.questions.give_up()
            case "stop":
                self._end("asked")
            case "panic":
                self._players.panic()
            case "volume":
                self._players.set_volume(float(value))
            case _:
                pass

    def silence(self, who: str) -> None:
        """Stop at once: what sounds is cut off, and nothing sounds any more."""
        try:
            self._players.shut()
            self.command(who, "panic")
            self.command(who, "stop")
            if not self.stop.at_once:
                self.command(who, "stop")  # the second: not even a last bar
        finally:  # also when it cannot be written down
            self._end("asked")
            self.stop.press(at_once=True)
            if self.questions is not None:
                self.questions.give_up()

    def follow(self, clock: ExternalClock) -> None:
        """Let the music go with the clock of another device."""
        if not self._is_over:
            self._pipeline.feed(clock)

    def _end(self, reason: Reason) -> None:
        if not self.stop.pressed:
            self._reason = reason
            self.stop.press()

    async def _sense(self, number: int, sensor: SensorSource) -> None:
        stream = sensor.opened(self._clock, self._monitor)
        markers = list(sensor.markers)
        try:
            async for sample in stream:
                while markers and markers[0][0] <= self._clock():
                    self._pipeline.feed(Command("recording", "marker", markers.pop(0)[1]))
                cleaned = self._sanitizer.clean(sample, number, sensor.wearer)
                if cleaned is not None:
                    self._pipeline.feed(cleaned)
        finally:
            with logged(f"{sensor.uri} did not close"):
                await stream.aclose()

    async def _end_after(self, sensing: Sequence[asyncio.Task[None]]) -> None:
        while True:
            now_s = self._clock()
            if self.began_s is None and self._may_play.is_set():
                self.began_s = now_s
            if all(task.done() for task in sensing):
                self._end("recording ended")
            elif self._core.over:
                self._end("programme ended")
            elif self._duration_s is not None and self.began_s is not None:
                self._ends_s = self.began_s + self._duration_s
                left_s = self._ends_s - now_s
                if left_s <= min(self._ticker.closing_s(), self._duration_s / 2):
                    self._end("duration")
            await asyncio.sleep(TICK_S)

    async def _ask_before_and_during(self) -> None:
        if self.questions is None:
            return
        await self._ask("before")
        await self._pipeline.streaming.wait()
        self._may_play.set()
        while self.questions.every_s:
            await asyncio.sleep(self.questions.every_s)
            if not self.stop.pressed:
                await self._ask("during")

    async def _ask(self, moment: Moment) -> None:
        """Ask what there is to ask, and wait for the answers."""
        if self.questions is not None:
            self._pipeline.feed(Command("session", "ask", moment))
            await self.questions.ask()

    def _break_off(self, now_s: float) -> None:
        """Part what was measured before a step of the clock from what comes after."""
        for chunk in list(self._sanitizer.seen.values()):
            self._pipeline.feed(Gap(chunk.signal, chunk.source, now_s, now_s, "clock"))

    async def _close_music(self) -> None:
        if self._reason == "failed":  # the switch was pressed before there was a session
            self._reason = "asked"
        if self._core.ending is None:
            within_s = max(0.0, self._ends_s - self._clock() - TAIL_S)
            value = f"{within_s:.3f}" if self._reason == "duration" else ""
            self._pipeline.feed(Command("session", "stop", value))
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait_at_once(), self._ticker.ending_s())

    def _close_gaps(self) -> None:
        """Name what is missing at the end from sensors that did not come back."""
        for chunk in self._sanitizer.lost():
            last_s = float(chunk.times_s[-1])
            self._pipeline.feed(Gap(chunk.signal, chunk.source, last_s, self._clock(), "link"))
