"""Sessions beside each other, on slow disks and cut short, each with its clock and its log."""

import asyncio
import threading
from pathlib import Path

import pytest
from rigs.sessions import nothing_to_watch, of_kind

from biofeedback.app.plan import SessionPlan
from biofeedback.app.runner import SessionResult, SessionRunner
from biofeedback.common.clock import run_virtual
from biofeedback.config.loader import load
from biofeedback.record import lines
from biofeedback.record.rebuild import core_of
from biofeedback.record.verify import verify
from biofeedback.record.writer import LogWriter
from biofeedback.runtime.session import Session
from biofeedback.runtime.worker_client import InlineWorker


@pytest.mark.slow
def test_several_performances_play_on_one_loop_each_with_its_own_clock(tmp_path: Path) -> None:
    def performance(name: str, seed: int) -> SessionRunner:
        return SessionRunner(
            SessionPlan(
                config=load(), sensors=("sim:",), out=tmp_path / name, duration_s=40.0, seed=seed
            )
        )

    async def later(wait_s: float, one: SessionRunner) -> SessionResult | None:
        await asyncio.sleep(wait_s)
        return await one.play(nothing_to_watch)

    async def both() -> list[SessionResult | None]:
        return await asyncio.gather(
            later(0.0, performance("a", 1)), later(7.3, performance("b", 2))
        )

    for outcome in run_virtual(both):
        assert outcome is not None
        assert verify(outcome.folder, core_of).complete
        assert of_kind(outcome.folder, lines.TickLine)[0].t == 0.0


@pytest.mark.slow
def test_a_slow_disk_holds_up_nobody_else_when_a_live_session_closes_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    went_on, heard, whole = threading.Event(), list[bool](), LogWriter.close
    loops: list[asyncio.AbstractEventLoop] = []
    plan = SessionPlan(
        config=load(), sensors=("sim:",), out=tmp_path, duration_s=60.0, realtime=True
    )
    one = SessionRunner(plan, InlineWorker())

    def slow(log: LogWriter) -> None:
        loops[0].call_soon_threadsafe(went_on.set)
        heard.append(went_on.wait(5.0))
        whole(log)

    async def stop_soon(session: Session) -> None:
        loops.append(asyncio.get_running_loop())
        while not session.has_streamed:  # noqa: ASYNC110 - it has no event of its own
            await asyncio.sleep(0.05)
        session.silence("hand")

    monkeypatch.setattr(LogWriter, "close", slow)
    outcome = one.run(stop_soon)
    assert heard == [True]
    assert outcome is not None
    assert verify(outcome.folder, core_of).complete


def test_a_performance_that_is_cancelled_says_what_it_left(tmp_path: Path) -> None:
    one = SessionRunner(
        SessionPlan(config=load(), sensors=("sim:",), out=tmp_path, duration_s=400.0)
    )

    async def cut_short() -> None:
        task = asyncio.create_task(one.play(nothing_to_watch))
        await asyncio.sleep(20.0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_virtual(cut_short)
    assert one.outcome is not None
    assert one.outcome.interrupted
    assert verify(one.outcome.folder, core_of).complete
