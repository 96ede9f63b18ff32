"""A stop is state: it wins in every phase, and nothing sounds after it, whatever takes its time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
from rigs.sessions import PLAIN_HEADER

from biofeedback.common.clock import SessionClock, run_virtual, utc_now
from biofeedback.common.errors import CommandError
from biofeedback.common.stop_switch import Stopped, StopSwitch
from biofeedback.config.loader import load
from biofeedback.engine.factory import core_for
from biofeedback.engine.inputs import BarRequest, Command, Tick
from biofeedback.record import lines
from biofeedback.record.reader import LOG_NAME, read
from biofeedback.record.rebuild import core_of
from biofeedback.record.verify import verify
from biofeedback.record.writer import LogWriter
from biofeedback.runtime.ports import SensorSource
from biofeedback.runtime.prompts import Prompts
from biofeedback.runtime.session import Session
from biofeedback.runtime.worker_client import InlineWorker
from sensors.base import SampleStream
from sensors.signals import Chunk, Signal

CLOSING_S = 8.0


class Heard:
    """Remembers when it was last given something to play, and when it was silenced."""

    def __init__(self, clock: SessionClock) -> None:
        self.health: dict[str, object] = {}
        self._clock = clock
        self.played_s: list[float] = []
        self.silenced_s: list[float] = []

    def notes(self, notes: object) -> None:
        self.played_s.append(self._clock())

    def panic(self) -> None:
        self.silenced_s.append(self._clock())

    def tempo(self, segment: object) -> None: ...
    def cancel(self, from_beat: float) -> None: ...
    def params(self, params: object) -> None: ...
    def volume(self, volume: float) -> None: ...
    def signals(self, values: object) -> None: ...


async def slow(appears_s: float) -> SampleStream:
    """A sensor that appears late, and takes its time to close."""
    try:
        await asyncio.sleep(appears_s)
        while True:
            yield Chunk.events(Signal.RR, "slow", np.zeros(0), np.zeros(0))
            await asyncio.sleep(0.5)
    finally:
        await asyncio.sleep(CLOSING_S)


class Run:
    """One session in virtual time with a slow sensor; `act` does what a person does."""

    def __init__(
        self,
        folder: Path,
        act: Callable[[Session, asyncio.Task[None]], Awaitable[None]],
        *,
        appears_s: float = 1.0,
        questions: bool = False,
        pressed: bool = False,
    ) -> None:
        self._folder, self._act, self._appears_s = folder, act, appears_s
        self._questions, self._pressed = questions, pressed
        run_virtual(self._run)
        self.log = [line for _, line in read(folder)]
        verdict = verify(folder, core_of)
        assert verdict.complete
        assert verdict.difference is None

    async def _run(self) -> None:
        main = asyncio.current_task()
        assert main is not None
        self._folder.mkdir(exist_ok=True)
        clock = SessionClock(asyncio.get_running_loop(), utc_now())
        log = LogWriter(self._folder / LOG_NAME)
        source = SensorSource("slow:", lambda clock, ear: slow(self._appears_s), timeless=True)
        self.player = Heard(clock)
        stop = StopSwitch()
        if self._pressed:
            stop.press()
        asked = Prompts() if self._questions else None
        session = Session(
            core_of(PLAIN_HEADER), [source], [self.player], InlineWorker(), log, clock, 60.0, 0.7,
            asked, stop,
        )  # fmt: skip
        session.begin(PLAIN_HEADER)
        acting = asyncio.create_task(self._act(session, main))
        try:
            await session.run()
        except asyncio.CancelledError:
            pass
        finally:
            self.ended_s = clock()
            acting.cancel()
            log.close()

    @property
    def has_notes(self) -> bool:
        return any(isinstance(line, lines.NoteLine) for line in self.log)


Act = Callable[[Session, asyncio.Task[None]], Awaitable[None]]


async def nothing(session: Session, main: asyncio.Task[None]) -> None: ...


def after(time_s: float, act: Callable[[Session], object]) -> Act:
    async def then(session: Session, main: asyncio.Task[None]) -> None:
        await asyncio.sleep(time_s)
        act(session)

    return then


@pytest.mark.parametrize("time_s", [0.0, 0.5, 1.0, 1.2, 3.0, 7.77])
def test_silence_is_there_at_once_though_the_sensor_closes_slowly(
    tmp_path: Path, time_s: float
) -> None:
    run = Run(tmp_path, after(time_s, lambda session: session.silence("hand")))
    assert run.player.silenced_s[0] == pytest.approx(time_s)
    assert [t for t in run.player.played_s if t >= time_s] == []
    assert run.ended_s >= time_s + CLOSING_S - 1.0


def test_a_stop_that_cannot_be_written_down_ends_the_music_all_the_same(tmp_path: Path) -> None:
    def full_disk(session: Session) -> None:
        session.command = broken  # type: ignore[method-assign]
        with pytest.raises(OSError, match="no space"):
            session.silence("hand")

    def broken(*order: object) -> None:
        raise OSError("no space left on device")

    run = Run(tmp_path, after(9.0, full_disk))
    assert run.player.silenced_s[0] == pytest.approx(9.0)
    assert [t for t in run.player.played_s if t >= 9.0] == []
    assert run.ended_s == pytest.approx(9.0 + CLOSING_S)
    assert run.log[-1].reason == "asked"


def test_a_second_stop_lets_nothing_of_the_last_bar_sound(tmp_path: Path) -> None:
    def twice(session: Session) -> None:
        session.command("key", "stop")
        session.command("key", "stop")

    run = Run(tmp_path, after(9.0, twice))
    assert run.player.silenced_s[0] == pytest.approx(9.0)
    assert run.log[-1].reason == "asked"


def test_a_stop_before_the_first_sample_means_no_note_ever(tmp_path: Path) -> None:
    run = Run(tmp_path, after(0.99, lambda session: session.command("osc", "stop")))
    assert not run.has_notes
    assert run.player.played_s == []


def test_a_switch_that_was_pressed_before_there_was_a_session_holds(tmp_path: Path) -> None:
    run = Run(tmp_path, nothing, appears_s=0.0, pressed=True)
    assert not run.has_notes
    assert run.log[-1].reason == "asked"


def test_an_interrupt_silences_before_the_sensor_has_closed(tmp_path: Path) -> None:
    async def interrupt(session: Session, main: asyncio.Task[None]) -> None:
        await asyncio.sleep(6.0)
        main.cancel()

    run = Run(tmp_path, interrupt)
    assert run.player.silenced_s[0] == pytest.approx(6.0)
    assert run.ended_s == pytest.approx(6.0 + CLOSING_S)
    assert run.log[-1].reason == "interrupted"


def test_a_stop_while_questions_are_open_ends_them_and_a_first_one_is_enough_before_music(
    tmp_path: Path,
) -> None:
    run = Run(tmp_path, after(5.0, lambda s: s.command("desk", "stop")), questions=True)
    assert not run.has_notes
    run = Run(tmp_path / "2", after(5.0, lambda s: s.silence("desk")), questions=True)
    assert run.ended_s == pytest.approx(5.0 + CLOSING_S)


def test_a_session_that_is_over_takes_no_wish_that_its_log_would_lose_but_may_be_silenced(
    tmp_path: Path,
) -> None:
    kept: list[Session] = []
    run = Run(tmp_path, after(6.0, lambda session: (kept.append(session), session.silence("key"))))
    silenced = len(run.player.silenced_s)
    with pytest.raises(CommandError, match="over"):
        kept[0].command("key", "note", "that was good")
    kept[0].silence("key")
    assert len(run.player.silenced_s) > silenced
    assert isinstance(run.log[-1], lines.EndLine)


def test_a_core_that_was_stopped_composes_nothing_even_when_it_is_asked() -> None:
    core = core_for(load(), 1, {})
    core.feed(0, 0.0, Tick(0))
    core.feed(1, 0.1, Command("key", "stop"))
    assert core.closed
    assert list(core.feed(2, 0.2, BarRequest(0, 0.0))) == []


def test_a_switch_latches_and_a_second_press_means_at_once() -> None:
    gentle, hard = StopSwitch(), StopSwitch()
    gentle.press()
    assert (gentle.pressed, gentle.at_once) == (True, False)
    gentle.press()
    hard.press(at_once=True)
    assert gentle.at_once
    assert hard.pressed
    assert hard.at_once


def test_what_takes_time_before_the_music_is_broken_off_by_a_stop_and_by_nothing_else() -> None:
    async def opened(switch: StopSwitch) -> str:
        try:
            with switch.unless_pressed():
                await asyncio.sleep(10.0)
        except Stopped:
            assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]
            await asyncio.sleep(1.0)  # closes what is open
            return "stopped"
        return "open"

    async def main() -> list[object]:
        stopped, left, late = StopSwitch(), StopSwitch(), StopSwitch()
        tasks = [asyncio.create_task(opened(switch)) for switch in (stopped, left, late)]
        await asyncio.sleep(5.0)
        stopped.press()
        tasks[1].cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        late.press()  # over already: nobody is cancelled
        return [type(f) if isinstance(f, BaseException) else f for f in found]

    assert run_virtual(main) == ["stopped", asyncio.CancelledError, "open"]
    pressed = StopSwitch()
    pressed.press()
    with pytest.raises(Stopped):
        run_virtual(lambda: opened_never(pressed))


async def opened_never(switch: StopSwitch) -> None:
    with switch.unless_pressed():
        raise AssertionError
