"""One listener's place: what they chose becomes a session, and the session its files."""

from __future__ import annotations

import asyncio
import logging
import secrets
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from biofeedback.app import runner
from biofeedback.common.clock import utc_now
from biofeedback.common.errors import ConfigError, hint_of
from biofeedback.common.event_bus import Subscription
from biofeedback.common.stop_switch import Stopped, StopSwitch
from biofeedback.engine.inputs import CommandName
from biofeedback.runtime.session import Event, Session
from biofeedback.runtime.worker_client import SharedWorker
from biofeedback.views import permissions
from biofeedback.views.live_view import LiveView
from biofeedback.web import records
from biofeedback.web.session_choice import SOUND_FILE, SessionChoice, plan_of
from biofeedback.web.station_picture import Stage, StationPicture
from synth import wire

__all__ = ["Station"]

_EVENTS = 2048

_log = logging.getLogger("biofeedback.web")

_ON_TIME_S = 0.5  #: what a person did this short a while ago happened now


class Station:
    """Holds at most one session at a time; `changed` is called whenever it looks different."""

    def __init__(
        self,
        station_id: str,
        name: str,
        profile: str | None,
        out: Path,
        changed: Callable[[], None],
        worker: SharedWorker,
        writing: asyncio.Semaphore,
        loudest: float,
    ) -> None:
        self.id = station_id
        self.name = name
        self.profile = profile
        self._out = out
        self._changed = changed
        self._worker = worker
        self._writing = writing  #: where files are written, a few at a time
        self._loudest = self._cap = loudest  #: of this computer, and of the session
        self._closing = False
        self._view = LiveView()
        self._clock: Callable[[], float] = lambda: 0.0  # of the loop that a session runs on
        self._heard_s = 0.0  # when the session's time moved on last
        self._task: asyncio.Task[None] | None = None
        self._stop = StopSwitch()  # of the session that runs, or ran last
        self.run = ""  #: which session that is
        self.stops = secrets.token_hex(4)  #: another one after each STOP
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

    def picture(self) -> StationPicture:
        """Return how it looks now."""
        return StationPicture(
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
            run=self.run,
            stops=self.stops,
            age_s=self._age_s(),
        )

    async def start(self, choice: SessionChoice, since: str | None = None) -> bool:
        """Begin a session; return whether it began, False when a STOP came first.

        Raises one of our errors for a choice that cannot be. What only shows later, such as a
        strap that is not found, is in the picture. `since` is `stops` as whoever starts knows it:
        a STOP that came in between holds.
        """
        if self._closing:
            raise ConfigError("this station is being closed")
        if self._stage in ("ending", "writing"):
            raise ConfigError("the last session is being closed", hint="Try again in a moment.")
        if self._stage != "idle":
            raise ConfigError("a session runs already", hint="Stop it first.")
        if since not in (None, self.stops):
            raise ConfigError("a STOP came in between", hint="Start again, if you want to.")
        self._stop, self.run = StopSwitch(), secrets.token_hex(4)
        self._set_stage("starting")
        began: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._play(choice, began))
        try:
            return await began
        except asyncio.CancelledError:
            self._stop.press(at_once=True)
            raise

    def command(
        self, who: str, what: CommandName, value: str = "", *, age_s: float = 0.0, run: str = ""
    ) -> None:
        """Pass a person's wish on, volume up to its cap; raise `ConfigError` when it cannot act.

        `age_s` is how long ago it was made, `run` the session it was made for, if that is known.
        """
        if what == "stop" and self._stage == "starting":
            self.silence(who)
            return
        session = self._session
        if session is None or self._stage == "ending":
            raise ConfigError("nothing plays here now", hint="Start a session first.")
        if run not in ("", self.run):
            raise ConfigError("this was for a session that is over")
        if what == "volume":
            value = f"{min(float(value), self._cap):.3f}"
        if age_s > permissions.LATE_S and not permissions.may_act_late(what, value, session.volume):
            raise ConfigError(
                f"this came {age_s:.0f} s late, and was not carried out", hint="Ask again."
            )
        late = age_s > _ON_TIME_S and what in ("marker", "note", "rating", "adverse")
        session.command(who, what, value, session.now_s - age_s if late else None)

    def silence(self, who: str) -> Stage:
        """Stop at once, whatever happens here; return what that was.

        Nothing plays again before it is started anew.
        """
        was = self._stage
        self.stops = secrets.token_hex(4)
        try:
            if self._session is not None:
                self._session.silence(who)
        finally:
            self._stop.press(at_once=True)
            self._set_stage("ending" if was in ("starting", "playing") else was)
        return was

    def forget_last(self, session: str | None = None) -> None:
        """No longer name the session that was recorded last, since it was deleted."""
        if session in (None, self._last):
            self._last = ""
            self._changed()

    def shut(self) -> None:
        """Stop at once; nothing can be started here any more."""
        if self._closing:
            return
        self._closing = True
        self.stops = secrets.token_hex(4)
        if self._session is not None and self._task is not None and self._stage == "playing":
            self._task.cancel()
        self._stop.press(at_once=True)

    async def close(self) -> None:
        """End whatever runs, with silence and a complete log; a report is not waited for."""
        self.shut()
        if self._task is not None:
            if self._stage == "writing":
                self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _play(self, choice: SessionChoice, began: asyncio.Future[bool]) -> None:
        """Plan, play and write down what a listener chose; `began` learns whether it plays."""
        performance: runner.SessionRunner | None = None
        try:
            with self._stop.unless_pressed():
                performance = await self._made(choice)
            if not began.done():
                began.set_result(True)
            await performance.play(self._watch)
        except Stopped:
            pass
        except asyncio.CancelledError:
            pass  # the station is being closed
        except Exception as error:
            if began.done():
                self._tell(error)
            else:
                began.set_exception(error)
        finally:
            self._session = None
            if not began.done():
                began.set_result(False)
        await self._write_down(performance.outcome if performance else None, choice.output)

    async def _made(self, choice: SessionChoice) -> runner.SessionRunner:
        plan, self._cap = await plan_of(choice, self.profile, self._out, self._loudest)
        performance = runner.SessionRunner(plan, self._worker, self._stop)
        await self._worker.start()
        self._trouble = "", ""
        self._simulated = choice.simulated
        self._view = LiveView(volume=plan.volume, chosen=plan.chosen.why if plan.chosen else "")
        return performance

    def _tell(self, error: Exception) -> None:
        """Show why there is no music any more."""
        if (hint := hint_of(error)) is not None:
            self._trouble = str(error), hint
            return
        # a bug of ours: other stations go on, and it is told where it can be mended
        _log.error("the session on station %s failed", self.id, exc_info=error)
        self._trouble = "the session failed", "The terminal of the server says why."

    async def _write_down(self, outcome: runner.SessionResult | None, output: str) -> None:
        try:
            if outcome is not None:
                self._last, self._reported = outcome.folder.name, False
                for trouble, hint in outcome.troubles[:1]:
                    self._trouble = trouble, hint
                self._set_stage("writing")
            if outcome is not None and not self._closing:
                async with self._writing:
                    await _write_files(outcome.folder, output)
                self._reported = records.has(outcome.folder, "report.html")
        except Exception as error:
            self._tell(error)
        finally:
            self._set_stage("idle")

    async def _watch(self, session: Session) -> None:
        with session.bus.subscribed(_EVENTS, "The page") as events:
            await self._show(session, events)

    async def _show(self, session: Session, events: Subscription[Event]) -> None:
        self._session = session
        self._view.duration_s = session.duration_s
        self._clock = asyncio.get_running_loop().time
        self._heard_s = self._clock()
        if not self._stop.at_once:
            self._set_stage("playing")
        while True:
            await events.wait()
            before_s = self._view.now_s
            news = [self._view.feed(event) for event in events.drain()]
            self._view.held = session.held
            if self._view.now_s != before_s:
                self._heard_s = self._clock()
            troubles = tuple(session.troubles)
            if any(news) or troubles != self._view.troubles:
                self._view.troubles = troubles
                self._changed()

    def _age_s(self) -> float:
        return round(self._clock() - self._heard_s, 2) if self._stage == "playing" else 0.0

    def _set_stage(self, stage: Stage) -> None:
        self._stage = stage
        self._changed()


async def _write_files(folder: Path, output: str) -> None:
    """Write MIDI, report and sound in a process of its own: other stations may be playing."""
    command = [sys.executable, "-P", "-m", "biofeedback.web.files", str(folder)]
    if output == SOUND_FILE:
        command.append(SOUND_FILE)
    child = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.DEVNULL,
        stdin=asyncio.subprocess.DEVNULL,
        **wire.apart(),
    )
    try:
        await child.wait()
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            child.terminate()
        await child.wait()
        raise
