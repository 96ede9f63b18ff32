"""One listener's place: what they chose becomes a session, and the session its files."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from biofeedback import config, launch, plugins, seeds
from biofeedback.errors import BiofeedbackError, ConfigError
from biofeedback.inputs import CommandName
from biofeedback.metrics.shared_worker import SharedWorker
from biofeedback.session import Session
from biofeedback.simulation.rest import resting_baseline
from biofeedback.tailor import tailored, within
from biofeedback.timebase import utc_now
from biofeedback.views.live_view import LiveView
from biofeedback.web import records
from biofeedback.web.seat_picture import SeatPicture, Stage
from sensors.errors import SensorError
from synth.errors import SynthError

__all__ = ["Choice", "Seat"]

#: What a page may ask for. Files and addresses of other computers are for the command line.
_SENSORS = ("ble:", "lsl:", "sim:")
_OUTPUTS = ("audio:", "midi:", "midi-virtual:", "null:")
_SOUND_FILE = "wav:"
_EVENTS = 2048

_log = logging.getLogger("biofeedback.web")

_WAIT_S = 30.0


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a listener chose on the page. `minutes` None plays until somebody stops it.

    Without a programme the kind of session is chosen by what worked for the person; a style is
    then part of that.
    """

    sensor: Annotated[str, Meta(max_length=200)]
    output: Annotated[str, Meta(max_length=200)]
    programme: Annotated[str, Meta(max_length=40)] = "settle"
    style: Annotated[str, Meta(max_length=40)] = "ambient"
    volume: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.5
    minutes: Annotated[float, Meta(ge=0.5, le=240.0)] | None = None

    @property
    def simulated(self) -> bool:
        """Whether the body is a made-up one."""
        return self.sensor.startswith("sim:")


class Seat:
    """Holds at most one session at a time; `changed` is called whenever it looks different."""

    def __init__(
        self,
        seat_id: str,
        name: str,
        profile: str | None,
        out: Path,
        changed: Callable[[], None],
        worker: SharedWorker,
        desk: asyncio.Semaphore,
        loudest: float,
    ) -> None:
        self.id = seat_id
        self.name = name
        self.profile = profile
        self._out = out
        self._changed = changed
        self._worker = worker
        self._desk = desk  #: where files are written, a few at a time
        self._loudest = self._cap = loudest  #: of this computer, and of the session
        self._closing = False
        self._view = LiveView()
        self._task: asyncio.Task[None] | None = None
        self._session: Session | None = None
        self._simulated = False
        self._stage: Stage = "idle"
        self._last = ""
        self._reported = False
        self._trouble: tuple[str, str] = "", ""

    @property
    def stage(self) -> Stage:
        """What happens here now."""
        return self._stage

    @property
    def playing(self) -> bool:
        """Whether there is a session that takes commands."""
        return self._session is not None

    def picture(self) -> SeatPicture:
        """Return how it looks now."""
        return SeatPicture(
            id=self.id,
            name=self.name,
            stage=self._stage,
            simulated=self._simulated,
            session=self._last,
            reported=self._reported,
            problem=self._trouble[0],
            hint=self._trouble[1],
            utc_ms=utc_now().timestamp() * 1000.0,
            picture=self._view.picture(),
        )

    async def start(self, choice: Choice) -> None:
        """Begin a session and return; raises one of our errors for a choice that cannot be.

        What only shows later, such as a strap that is not found, is in the picture.
        """
        if self._stage != "idle":
            raise ConfigError("a session runs already", hint="Stop it first.")
        self._set_stage("starting")
        try:
            plan = await self._plan(choice)
            performance = launch.Performance(plan, self._worker)
            await self._worker.start()
        except BaseException:
            self._set_stage("idle")
            raise
        self._trouble = "", ""
        self._simulated = choice.simulated
        why = plan.chosen.why if plan.chosen else ""
        self._view = LiveView(volume=plan.volume, chosen=why)
        self._task = asyncio.create_task(self._play(performance, choice))

    def command(self, who: str, what: CommandName, value: str = "") -> None:
        """Pass a person's wish on, volume up to its cap; raise `ConfigError` when nothing plays."""
        if self._session is None:
            raise ConfigError("nothing plays here now", hint="Start a session first.")
        if what == "volume":
            value = f"{min(float(value), self._cap):.3f}"
        self._session.command(who, what, value)

    def silence(self, who: str) -> None:
        """Stop at once: what sounds is cut off, and the session ends without a cadence."""
        if self._session is not None:
            self._session.command(who, "panic")
            self._session.command(who, "stop")
            self._session.command(who, "stop")  # the second: not even a cadence
        elif self._stage == "starting" and self._task is not None:
            self._task.cancel()

    def forget_last(self, session: str | None = None) -> None:
        """No longer name the session that was recorded last, since it was deleted."""
        if session in (None, self._last):
            self._last = ""
            self._changed()

    async def close(self) -> None:
        """End whatever runs, with silence and a complete log; a report is not waited for."""
        self._closing = True
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _plan(self, choice: Choice) -> launch.Plan:
        _check(choice)
        if not (choice.programme or self.profile):
            raise ConfigError("there is no such programme", hint="Choose one from the list.")
        seed, baseline = seeds.draw(), None
        if choice.sensor == "sim:listener":
            baseline = await asyncio.to_thread(resting_baseline, seed)
        named = {"music": {"style": choice.style}} if choice.programme else {}
        plan = launch.Plan(
            config=config.load(choice.programme or None, tables=named),
            sensors=(choice.sensor,),
            outputs=() if choice.output == "null:" else (choice.output,),
            out=self._out,
            seed=seed,
            duration_s=None if choice.minutes is None else 60.0 * choice.minutes,
            profile=self.profile,
            baseline=baseline,
            realtime=True,
            volume=min(choice.volume, self._loudest),
            options=plugins.SensorOptions(seed=seed, wait_s=_WAIT_S),
        )
        return await asyncio.to_thread(self._made_for_them, plan, choice)

    def _made_for_them(self, plan: launch.Plan, choice: Choice) -> launch.Plan:
        wanted = within(replace(plan, volume=self._loudest))
        self._cap = wanted.volume
        plan = replace(wanted, volume=min(choice.volume, self._cap))
        if choice.programme:
            return plan
        return tailored(plan, utc_now(), simulated=choice.simulated)

    async def _play(self, performance: launch.Performance, choice: Choice) -> None:
        outcome: launch.Outcome | None = None
        try:
            outcome = await performance.play(self._watch)
        except asyncio.CancelledError:
            outcome = performance.outcome
        except (BiofeedbackError, SensorError, SynthError) as error:
            self._trouble = str(error), error.hint
        except Exception:  # a bug of ours: other seats go on, and it is told where it can be mended
            _log.exception("the session on seat %s failed", self.id)
            self._trouble = "the session failed", "The terminal of the server says why."
        finally:
            self._session = None
            if outcome is not None:
                self._last, self._reported = outcome.folder.name, False
                self._set_stage("writing")
        try:
            if outcome is not None and not self._closing:
                async with self._desk:
                    await _write_files(outcome.folder, choice.output)
                self._reported = records.has(outcome.folder, "report.html")
        finally:
            self._set_stage("idle")

    async def _watch(self, session: Session) -> None:
        events = session.hub.subscribe(_EVENTS)
        self._session = session
        self._view.duration_s = session.duration_s
        self._set_stage("playing")
        while True:
            await events.wait()
            news = [self._view.take(event) for event in events.drain()]
            troubles = tuple(session.troubles)
            if any(news) or troubles != self._view.troubles:
                self._view.troubles = troubles
                self._changed()

    def _set_stage(self, stage: Stage) -> None:
        self._stage = stage
        self._changed()


def _check(choice: Choice) -> None:
    """Refuse what only the command line may ask for, or nobody."""
    plain = not any(sign in choice.sensor for sign in "/\\?")
    if not (plain and choice.sensor.startswith(_SENSORS)):
        raise ConfigError("this sensor cannot be chosen here", hint="Choose one from the list.")
    listed = choice.output.startswith(_OUTPUTS) and "?" not in choice.output
    if not listed and choice.output != _SOUND_FILE:
        raise ConfigError("this output cannot be chosen here", hint="Choose one from the list.")
    if choice.programme and choice.programme not in config.programmes():
        raise ConfigError("there is no such programme", hint="Choose one from the list.")
    if choice.style not in _styles():
        raise ConfigError("there is no such style", hint="Choose one from the list.")


def _styles() -> list[str]:
    return [path.stem for path in (config.configs_folder() / "styles").glob("*.toml")]


async def _write_files(folder: Path, output: str) -> None:
    """Write MIDI, report and sound in a process of its own: other seats may be playing."""
    command = [sys.executable, "-P", "-m", "biofeedback.web.files", str(folder)]
    if output == _SOUND_FILE:
        command.append(_SOUND_FILE)
    child = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stdin=asyncio.subprocess.DEVNULL
    )
    try:
        await child.wait()
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            child.terminate()
        await child.wait()
        raise
