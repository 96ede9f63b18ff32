"""Everything around a session: parts built from a plan before it, files written after it."""

from __future__ import annotations

import asyncio
import os
import platform
import shlex
import shutil
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from biofeedback import controllers
from biofeedback.app import registry
from biofeedback.common.clock import SessionClock, run_live, run_virtual, utc_now
from biofeedback.common.interrupts import Interrupts
from biofeedback.common.stop_switch import Stopped, StopSwitch
from biofeedback.common.tasks import aside, closed
from biofeedback.config.loader import to_toml
from biofeedback.config.midi_maps import resolve
from biofeedback.config.schema import Config
from biofeedback.control.resonance import FOUND
from biofeedback.controllers.local_ipc import LocalIpc
from biofeedback.engine.digest import code_digest
from biofeedback.engine.factory import core_for
from biofeedback.integrations.lsl_outlet import LslOutlet
from biofeedback.mqtt.address import Login
from biofeedback.mqtt.publisher import MqttPublisher
from biofeedback.personal import profiles
from biofeedback.personal.learner import LearnedChoice
from biofeedback.record import lines
from biofeedback.record.reader import LOG_NAME
from biofeedback.record.writer import LogWriter
from biofeedback.runtime.ports import SensorSource
from biofeedback.runtime.prompts import Prompts
from biofeedback.runtime.session import Session
from biofeedback.runtime.telemetry import Counters
from biofeedback.runtime.worker_client import InlineWorker, Worker, WorkerClient
from biofeedback.state.baseline import Baseline
from biofeedback.storage.paths import sessions_folder
from biofeedback.storage.session_dir import check_target, new_folder, write_text
from synth.errors import MapError
from synth.outputs.uri import OutputSpec
from synth.player.remote import RemotePlayer

__all__ = ["Hand", "SessionPlan", "SessionResult", "SessionRunner"]

_SCREEN = "The screen"
_LOG_CLOSES_S = 60.0  #: what a disk may take for the last lines; longer, and they may be lost
_PLAYER_CLOSES_S = 60.0  #: it gives up trying to silence an output after half a minute

#: Runs beside the session and shows it; cancelled when the session is over.
Watcher = Callable[[Session], Coroutine[Any, Any, None]]
#: Holds the switch of a session from before there is one until it is closed.
Hand = Callable[[StopSwitch], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPlan:
    """What a session shall be. `realtime` makes a replay or a simulation wait."""

    config: Config
    sensors: tuple[str, ...]
    outputs: tuple[str, ...] = ()
    out: Path = field(default_factory=sessions_folder)
    seed: int = 1
    duration_s: float | None = None
    profile: str | None = None
    baseline: Baseline | None = None  #: instead of the profile's
    rest_anew: bool = False  #: learn the resting values again, whatever the profile has
    realtime: bool = False
    volume: float = 0.7
    midi_map: str = ""  #: name or file of the map of every MIDI output that names none
    wearers: tuple[str, ...] = ()  #: whose each sensor is, in a group
    controls: tuple[str, ...] = ()  #: what steers it besides keys: midi:PORT, osc:[HOST:]PORT
    clock: str = ""  #: the MIDI port whose clock the music follows
    chosen: LearnedChoice | None = None  #: what the learner chose; `config` has it already
    lsl: str = ""  #: name of the LSL streams that the session sends; none when empty
    mqtt: Login | None = None  #: of the broker that the session is told to
    ask_every_s: float | None = None  #: questions before, after and so often; 0 leaves out these
    trial: lines.TrialItem | None = None  #: what was played then stands in the log alone
    options: registry.SensorOptions = field(default_factory=registry.SensorOptions)


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
        self._worker = worker
        self.stop = stop or StopSwitch()
        stored = profiles.load(plan.profile) if plan.profile else None
        self._plan = plan = _with_resonance(plan, stored)
        self._sources = _sources(plan)
        self._outputs = _with_map([OutputSpec.parse(uri) for uri in plan.outputs], plan.midi_map)
        maps = [resolve(spec.midi_map, plan.config) for spec in self._outputs]
        self._ports = [pair for pair in zip(self._outputs, maps, strict=True) if pair[0].live]
        self._files = tuple(spec for spec in self._outputs if spec.kind in ("mid", "wav"))
        for spec in self._files:
            if spec.target:
                check_target(Path(spec.target))
        controllers.check(plan.controls, plan.clock)
        others = plan.controls or plan.clock or plan.lsl or plan.mqtt
        waits = plan.realtime or bool(self._ports or others)
        self.live = waits or not all(s.timeless for s in self._sources)
        self._baselines = _baselines(plan, stored)
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
            tuple(
                (f"notes may hang on {player.uri}", _how_to_end(player.uri))
                for player in self._players
                if player.may_hang
            ),
        )  # fmt: skip

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
            player = await RemotePlayer.open(str(spec), clock.epoch_s, midi_map)
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
            outlet.listen(session.hub)
            stack.push_async_callback(closed, outlet.name, outlet.close)
            await outlet.open()
            session.surfaces = [*surfaces, outlet]
        if self._plan.mqtt:
            tap = MqttPublisher(self._plan.mqtt, clock, simulated=session.simulated)
            tap.listen(session.hub)
            stack.push_async_callback(closed, tap.name, tap.close)
            session.surfaces = [*session.surfaces, tap]
        if clock.live:
            door = LocalIpc(self._folder, clock)
            stack.push_async_callback(closed, door.name, door.close)
            await door.open()
            session.surfaces = [*session.surfaces, door]
        session.begin(self._header(clock))
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
            shutil.rmtree(self._folder)
            return
        simulated = any(source.simulated for source in self._sources)
        if self._plan.profile and not simulated:
            self._remember(self._plan.profile, "", clock)
        for wearer in self._plan.config.group.wearers if self._plan.config.group else ():
            own = [s for s in self._sources if s.wearer == wearer]
            if own and not any(source.simulated or source.timeless for source in own):
                self._remember(wearer, wearer, clock)

    def _remember(self, name: str, wearer: str, clock: SessionClock) -> None:
        """Keep what was learned of a person for their next session."""
        before = after = profiles.load(name)
        learned = None if wearer in self._baselines else self._core.baselines.get(wearer)
        if learned is not None:
            learned_utc = clock.started_utc.isoformat(timespec="seconds")
            after = structs.replace(
                after,
                baseline=structs.replace(learned, learned_utc=learned_utc),
                baseline_utc=learned_utc,
            )
        if FOUND in self._core.found and not wearer:
            after = structs.replace(after, resonance_per_minute=self._core.found[FOUND])
        if after != before:
            profiles.save(after)

    def _logged_baseline(self) -> Baseline | Mapping[str, Baseline] | None:
        return self._baselines if self._plan.config.group else self._baselines.get("")

    def _header(self, clock: SessionClock) -> lines.HeaderLine:
        plan = self._plan
        return lines.HeaderLine(
            t=0.0,
            seq=0,
            schema=lines.SCHEMA,
            versions={name: version(name) for name in _VERSIONED} | {
                "python": platform.python_version()
            },
            platform=platform.platform(),
            started_utc=clock.started_utc.isoformat(timespec="milliseconds"),
            seed=plan.seed,
            mode="live" if clock.live else "virtual",
            sensors=[_readable(uri) for uri in plan.sensors],
            outputs=[_readable(str(spec)) for spec in self._outputs],
            profile=plan.profile,
            simulated=any(source.simulated for source in self._sources),
            baseline=msgspec.Raw(msgspec.json.encode(self._logged_baseline())),
            config=msgspec.Raw(msgspec.json.encode(plan.config)),
            code=code_digest(),
            chosen=msgspec.Raw(msgspec.json.encode(plan.chosen)),
            trial=plan.trial,
        )  # fmt: skip


def _how_to_end(uri: str) -> str:
    """Return what ends notes that hang on an output whose player could not."""
    by_hand = "use All Notes Off at the instrument, or its power switch"
    kind, _, port = uri.partition(":")
    if kind != "midi":
        return f"{by_hand[0].upper()}{by_hand[1:]}."
    return f"End them: biofeedback silence {shlex.quote(port.partition('?')[0])}; or {by_hand}."


def _sources(plan: SessionPlan) -> list[SensorSource]:
    """Return the sensors; each wearer of a group has a simulated body of their own."""
    if not plan.wearers:
        return [registry.sensor(uri, plan.options) for uri in plan.sensors]
    known = list(dict.fromkeys(plan.wearers))
    return [
        replace(
            registry.sensor(
                uri, replace(plan.options, seed=plan.options.seed + known.index(wearer))
            ),
            wearer=wearer,
        )
        for uri, wearer in zip(plan.sensors, plan.wearers, strict=True)
    ]


def _baselines(plan: SessionPlan, stored: profiles.Profile | None) -> dict[str, Baseline]:
    """Return the resting values that are known, by wearer; a single listener's under ""."""
    if plan.config.group is None:
        known = stored.baseline if stored and not plan.rest_anew else None
        known = plan.baseline or known
        return {"": known} if known else {}
    if plan.rest_anew or not plan.wearers:
        return {}
    found = {name: profiles.load(name).baseline for name in plan.config.group.wearers}
    return {name: baseline for name, baseline in found.items() if baseline}


_VERSIONED = ("biofeedback", "bleak", "neurokit2", "numpy", "scipy")


def _readable(uri: str) -> str:
    """Return a URI whose path may hold bytes that are no text as text that shows them."""
    return os.fsencode(uri).decode("utf-8", "backslashreplace")


def _with_resonance(plan: SessionPlan, profile: profiles.Profile | None) -> SessionPlan:
    """Return the plan with the person's own slow rate, if it is known and none is given."""
    control = plan.config.control
    known = profile.resonance_per_minute if profile else None
    if known is None or control.resonance.known_per_minute:
        return plan
    resonance = structs.replace(control.resonance, known_per_minute=known)
    phases = tuple(
        structs.replace(phase, resonance=structs.replace(phase.resonance, known_per_minute=known))
        if phase.resonance and not phase.resonance.known_per_minute
        else phase
        for phase in plan.config.phase
    )
    control = structs.replace(control, resonance=resonance)
    return replace(plan, config=structs.replace(plan.config, control=control, phase=phases))


def _with_map(specs: list[OutputSpec], midi_map: str) -> list[OutputSpec]:
    """Return the outputs, those with the map that take one and name none."""
    if midi_map and not any(spec.mapped for spec in specs):
        raise MapError(
            f"no output takes the MIDI map {midi_map!r}",
            hint="Add one that does, such as midi:PORT or mid:PATH, or leave the map out.",
        )
    return [
        replace(spec, midi_map=spec.midi_map or midi_map) if spec.mapped else spec for spec in specs
    ]
