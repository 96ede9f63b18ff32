"""Performs a session from a plan: opens its parts, runs it, and keeps what it left behind."""

from __future__ import annotations

import asyncio
import shlex
import shutil
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import structs

from biofeedback import controllers
from biofeedback.app.header import header
from biofeedback.app.plan import (
    SessionPlan,
    known_baselines,
    sensor_sources,
    with_known,
    with_map,
)
from biofeedback.common.clock import SessionClock, run_live, run_virtual, utc_now
from biofeedback.common.interrupts import Interrupts
from biofeedback.common.stop_switch import Stopped, StopSwitch
from biofeedback.common.tasks import aside, closed, logged
from biofeedback.config.loader import to_toml
from biofeedback.config.midi_maps import resolve
from biofeedback.config.outputs import made_by, output_here
from biofeedback.control.direction import DirectionEvidence
from biofeedback.control.resonance import FOUND
from biofeedback.controllers.local_ipc import LocalIpc
from biofeedback.engine.factory import core_for
from biofeedback.integrations.lsl_outlet import LslOutlet
from biofeedback.mqtt.publisher import MqttPublisher
from biofeedback.personal import profiles, trail
from biofeedback.record.reader import LOG_NAME
from biofeedback.record.writer import LogWriter
from biofeedback.runtime.prompts import Prompts
from biofeedback.runtime.session import Session
from biofeedback.runtime.telemetry import Counters
from biofeedback.runtime.worker_client import InlineWorker, Worker, WorkerClient
from biofeedback.storage import encryption
from biofeedback.storage.inventory import SESSIONS, TRIALS
from biofeedback.storage.session_dir import check_target, new_folder, write_text
from synth.outputs.uri import OutputSpec
from synth.player.remote import RemotePlayer

__all__ = ["Hand", "SessionResult", "SessionRunner"]

_SCREEN = "The screen"
_LOG_CLOSES_S = 60.0  #: what a disk may take for the last lines; longer, and they may be lost
_PLAYER_CLOSES_S = 60.0  #: it gives up trying to silence an output after half a minute

#: Runs beside the session and shows it; cancelled when the session is over.
Watcher = Callable[[Session], Coroutine[Any, Any, None]]
#: Holds the switch of a session from before there is one until it is closed.
Hand = Callable[[StopSwitch], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True)
class SessionResult:
    """What a session left behind."""

    folder: Path
    files: tuple[OutputSpec, ...]  #: outputs that are rendered afterwards
    counters: Counters
    music_s: float
    interrupted: bool
    lines_lost: int = 0  #: of the log, that the disk did not take
    troubles: tuple[tuple[str, str], ...] = ()  #: what is left to be done, and how


class SessionRunner:
    """One session from a plan; everything a user can get wrong is checked when it is made.

    It runs in virtual time when nothing in it needs to wait: recordings and simulated bodies,
    outputs that are files. `live` says which. A `worker` that is given is shared with others, and
    theirs to start and to end; else a live session has one of its own. `stop` ends it from before
    it plays until it is over, whatever it waits for.
    """

    def __init__(
        self, plan: SessionPlan, worker: Worker | None = None, stop: StopSwitch | None = None
    ) -> None:
        encryption.check()
        self._worker = worker
        self.stop = stop or StopSwitch()
        stored = profiles.load(plan.profile) if plan.profile else None
        self._plan = plan = with_known(plan, stored)
        self._sources = sensor_sources(plan)
        self._outputs = with_map([output_here(uri) for uri in plan.outputs], plan.midi_map)
        maps = [resolve(spec.midi_map, plan.config) for spec in self._outputs]
        self._ports = [pair for pair in zip(self._outputs, maps, strict=True) if pair[0].live]
        self._files = tuple(spec for spec in self._outputs if spec.kind in ("mid", "wav"))
        for spec in self._files:
            if spec.target:
                check_target(Path(spec.target))
        for spec, _ in self._ports:
            made_by(spec)
        controllers.check(plan.controls, plan.clock)
        others = plan.controls or plan.clock or plan.lsl or plan.mqtt
        waits = plan.realtime or bool(self._ports or others)
        self.live = waits or not all(s.timeless for s in self._sources)
        self._baselines = known_baselines(plan, stored)
        self._core = core_for(plan.config, plan.seed, self._baselines)
        self._session: Session | None = None
        self._players: list[RemotePlayer] = []
        self._folder = Path()
        self._music_s = 0.0
        self._interrupted = False
        self._log: LogWriter | None = None

    @property
    def warnings(self) -> list[str]:
        """What the recordings' readers left out, in plain sentences."""
        return [warning for source in self._sources for warning in source.warnings]

    def run(
        self, watch: Watcher, hand: Hand = nullcontext, interrupts: Interrupts | None = None
    ) -> SessionResult | None:
        """Run to the end, with `watch` beside it, and `hand` on the switch from the beginning.

        An interrupted session returns as well, its log complete. One that no sample reached
        leaves no folder and returns None; an interrupt of it comes out as it is.
        """
        try:
            (run_live if self.live else run_virtual)(lambda: self.play(watch, hand), interrupts)
        except KeyboardInterrupt:
            self._interrupted = True
            if self.outcome is None:
                raise
        return self.outcome

    async def play(self, watch: Watcher, hand: Hand = nullcontext) -> SessionResult | None:
        """Run to the end on the loop that is running, which may be a server's.

        Several performances may play on one loop; each has its own clock, log, players and
        worker. Cancelling stops at once, with silence and a complete log: `outcome` says what
        there is then.
        """
        try:
            with hand(self.stop):
                await self._perform(watch)
        except Stopped:
            pass  # before a session began
        except asyncio.CancelledError:
            self._interrupted = True
            raise
        return self.outcome

    @property
    def outcome(self) -> SessionResult | None:
        """What the session left behind; None when no sample reached it, and no folder is there."""
        if self._session is None or not self._session.has_streamed:
            return None
        return SessionResult(
            self._folder, self._files, self._session.counters, self._music_s, self._interrupted,
            self._log.lines_lost if self._log is not None else 0,
            (
                *(
                    (f"notes may hang on {player.uri}", _how_to_end(player.uri))
                    for player in self._players
                    if player.may_hang
                ),
                *self._taken(),
            ),
        )  # fmt: skip

    def _taken(self) -> list[tuple[str, str]]:
        """Return what others did to the log while it was written, and what is left of it."""
        if self._log is None or self._log.taken is None:
            return []
        return [(self._log.taken, f"What is left of the log is in {self._folder}.")]

    async def _perform(self, watch: Watcher) -> None:
        async with AsyncExitStack() as stack:
            clock = SessionClock(asyncio.get_running_loop(), utc_now())
            with self.stop.unless_pressed():
                session = self._session = await self._opened(stack, clock)
            session.tasks.keep(_SCREEN, lambda: watch(session))
            for one in session.surfaces:
                session.tasks.keep(one.name, partial(one.run, session))
            try:
                await session.run()
            finally:
                await session.tasks.close()
        failure = session.tasks.failures.get(_SCREEN)
        if failure is not None and not isinstance(failure, OSError):  # the terminal's, not ours
            raise failure  # when the music is over and everything is closed

    async def _opened(self, stack: AsyncExitStack, clock: SessionClock) -> Session:
        """Open all that a session needs, to be closed with the stack, and begin its log."""
        surfaces = await stack.enter_async_context(
            controllers.opened(self._plan.controls, self._plan.clock, clock)
        )
        players = self._players
        for spec, midi_map in self._ports:
            player = await RemotePlayer.open(str(spec), clock.epoch_s, midi_map, made_by(spec))
            stack.push_async_callback(closed, str(spec), player.close, _PLAYER_CLOSES_S)
            player.volume(self._plan.volume)
            players.append(player)
        worker: Worker = self._worker or InlineWorker()
        if self._worker is None and clock.live:
            worker = WorkerClient()
            stack.push_async_callback(closed, "The worker", worker.close)
            await worker.start()
        self._folder = new_folder(self._plan.out, clock.started_utc)
        stack.callback(self._settle, clock)
        log = self._log = LogWriter(self._folder / LOG_NAME)
        if clock.live:  # a slow disk must not hold up the loop, where others' STOP may come in
            closing = partial(aside, log.close)
            stack.push_async_callback(closed, "The session log", closing, _LOG_CLOSES_S)
        else:
            stack.callback(log.close)
        session = Session(
            self._core,
            self._sources,
            players,
            worker,
            log,
            clock,
            self._plan.duration_s,
            self._plan.volume,
            self._questions(clock),
            self.stop,
        )
        session.surfaces = surfaces
        if self._plan.lsl:
            outlet = LslOutlet(self._plan.lsl, clock)
            outlet.listen(session.bus)
            stack.push_async_callback(closed, outlet.name, outlet.close)
            await outlet.open()
            session.surfaces = [*surfaces, outlet]
        if self._plan.mqtt:
            tap = MqttPublisher(self._plan.mqtt, clock, simulated=session.simulated)
            tap.listen(session.bus)
            stack.push_async_callback(closed, tap.name, tap.close)
            session.surfaces = [*session.surfaces, tap]
        if clock.live:
            ipc = LocalIpc(self._folder, clock)
            stack.push_async_callback(closed, ipc.name, ipc.close)
            await ipc.open()
            session.surfaces = [*session.surfaces, ipc]
        session.begin(
            header(
                self._plan,
                clock,
                self._sources,
                self._outputs,
                self._baselines,
                simulated=session.simulated,
            )
        )
        if any(spec.kind == "audio" for spec, _ in self._ports):  # for the dose of sound
            session.command("session", "volume", f"{self._plan.volume:.3f}")
        if self._plan.trial is None:
            write_text(self._folder / "config.toml", to_toml(self._plan.config))
        return session

    def _questions(self, clock: SessionClock) -> Prompts | None:
        """Return what the listener is asked; nothing where time does not wait for answers."""
        every_s = self._plan.ask_every_s
        return None if every_s is None or not clock.live else Prompts(every_s)

    def _settle(self, clock: SessionClock) -> None:
        """Leave no empty folder; remember the rest that was learned, if it is a person's."""
        self._music_s = clock()
        if self._session is None or not self._session.has_streamed:
            shutil.rmtree(self._folder, ignore_errors=not self._folder.exists())
            return
        self._note_elsewhere(clock)
        simulated = any(source.simulated for source in self._sources)
        if self._plan.profile and not simulated:
            self._remember(self._plan.profile, "", clock)
        for wearer in self._plan.config.group.wearers if self._plan.config.group else ():
            own = [s for s in self._sources if s.wearer == wearer]
            if own and not any(source.simulated or source.timeless for source in own):
                self._remember(wearer, wearer, clock)

    def _note_elsewhere(self, clock: SessionClock) -> None:
        """Note a session outside of the data folder beside its people, to be found with them."""
        plan, group = self._plan, self._plan.config.group
        if any(self._folder.is_relative_to(home.path) for home in (SESSIONS, TRIALS)):
            return
        for person in group.wearers if group else filter(None, [plan.profile]):
            with logged(f"where a session of {person} is"):
                trail.note_copy(person, "session", self._folder, clock.started_utc)

    def _remember(self, name: str, wearer: str, clock: SessionClock) -> None:
        """Keep what was learned of a person for their next session."""
        learned = None if wearer in self._baselines else self._core.baselines.get(wearer)
        known = {} if wearer else self._core.found
        found, evidence = known.get(FOUND), DirectionEvidence.of(known)
        heard = not any(source.timeless for source in self._sources)  # else by nobody
        learned_utc = clock.started_utc.isoformat(timespec="seconds")

        def with_news(stored: profiles.Profile) -> profiles.Profile:
            if learned is not None:
                stored = structs.replace(
                    stored,
                    baseline=structs.replace(learned, learned_utc=learned_utc),
                    baseline_utc=learned_utc,
                )
            if evidence.pairs and heard:
                stored = structs.replace(
                    stored, direction=profiles.KnownDirection(*structs.astuple(evidence))
                )
            return stored if found is None else structs.replace(stored, resonance_per_minute=found)

        profiles.update(name, with_news)


def _how_to_end(uri: str) -> str:
    """Return what ends notes that hang on an output whose player could not."""
    by_hand = "use All Notes Off at the instrument, or its power switch"
    kind, _, port = uri.partition(":")
    if kind != "midi":
        return f"{by_hand[0].upper()}{by_hand[1:]}."
    return f"End them: biofeedback silence {shlex.quote(port.partition('?')[0])}; or {by_hand}."
