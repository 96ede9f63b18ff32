"""Whatever a sensor sends, and however a session ends, its log is complete and verifies."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from rigs.sessions import PLAIN_HEADER, of_kind

from biofeedback.common.clock import SessionClock, run_virtual, utc_now
from biofeedback.record import lines
from biofeedback.record.reader import LOG_NAME
from biofeedback.record.rebuild import core_of
from biofeedback.record.score import score_of
from biofeedback.record.verify import verify
from biofeedback.record.writer import LogWriter
from biofeedback.runtime.ports import SensorSource
from biofeedback.runtime.session import Session
from biofeedback.runtime.worker_client import InlineWorker
from sensors.base import SampleStream, SensorStatus
from sensors.signals import Chunk, Signal


class Scripted:
    """A session whose one sensor sends what a test wrote down."""

    def __init__(self, folder: Path, samples: list[object], duration_s: float = 20.0) -> None:
        self.folder, self.samples, self.duration_s = folder, samples, duration_s
        self.session: Session | None = None

    async def stream(self, clock: SessionClock) -> SampleStream:
        for sample in self.samples:
            await asyncio.sleep(1.0)
            if isinstance(sample, Exception):
                raise sample
            yield sample  # type: ignore[misc]
        await asyncio.sleep(3600.0)

    async def run(self, *then: tuple[float, str, str]) -> None:
        clock = SessionClock(asyncio.get_running_loop(), utc_now())
        log = LogWriter(self.folder / LOG_NAME)
        source = SensorSource("script:", lambda clock, ear: self.stream(clock), timeless=True)
        self.session = Session(
            core_of(PLAIN_HEADER), [source], [], InlineWorker(), log, clock, self.duration_s
        )
        self.session.begin(PLAIN_HEADER)

        async def act() -> None:
            for time_s, what, value in then:
                await asyncio.sleep(time_s - clock())
                self.session.command("test", what, value)  # type: ignore[arg-type, union-attr]

        acting = asyncio.create_task(act())
        try:
            await self.session.run()
        finally:
            acting.cancel()
            log.close()


def rr(time_s: float, *values_s: float) -> Chunk:
    times = time_s + np.cumsum(values_s) - sum(values_s)
    return Chunk.events(Signal.RR, "script", times, values_s)


def test_whatever_a_sensor_sends_the_session_goes_on_and_can_be_verified(tmp_path: Path) -> None:
    nonsense = [
        rr(1.0, 0.8),
        rr(2.0, float("nan"), 1e9, -5.0),
        Chunk.events(Signal.RR, "script", [], []),
        Chunk.regular(Signal.EDA, "script", 3.0, 4.0, [float("inf"), float("-inf"), 0.0, -1.0]),
        Chunk.regular(Signal.ACC, "script", 4.0, 32.0, np.zeros((32, 3))),
        SensorStatus("script", 5.0, "lost", 0, False, "gone"),
        rr(0.5, 0.9),  # from the past
    ]
    script = Scripted(tmp_path, nonsense)
    run_virtual(script.run)
    verdict = verify(tmp_path, core_of)
    assert verdict.difference is None
    assert verdict.complete


def test_commands_are_inputs_and_stop_ends_with_a_last_bar(tmp_path: Path) -> None:
    script = Scripted(tmp_path, [rr(k + 1.0, 0.8) for k in range(8)], duration_s=600.0)
    run_virtual(lambda: script.run((4.2, "marker", "here"), (5.0, "hold", ""), (30.0, "stop", "")))
    commands = of_kind(tmp_path, lines.CommandLine)
    assert [(c.what, c.value, c.who) for c in commands] == [
        ("marker", "here", "test"), ("hold", "", "test"), ("stop", "", "test"),
    ]  # fmt: skip
    assert commands[0].t == 4.2
    assert of_kind(tmp_path, lines.EndLine)[0].reason == "asked"
    assert score_of(tmp_path).markers == ((4.2, "here"),)
    assert verify(tmp_path, core_of).difference is None


def test_an_error_that_the_user_can_mend_comes_out_as_it_is_and_the_log_is_closed(
    tmp_path: Path,
) -> None:
    from sensors.errors import SensorNotFound

    script = Scripted(tmp_path, [SensorNotFound("no strap", hint="wet it")])
    with pytest.raises(SensorNotFound, match="no strap"):
        run_virtual(script.run)
    assert of_kind(tmp_path, lines.EndLine)[0].reason == "failed"


def test_a_cancelled_session_has_a_complete_log(tmp_path: Path) -> None:
    script = Scripted(tmp_path, [rr(k + 1.0, 0.8) for k in range(8)], duration_s=600.0)

    async def interrupted() -> None:
        task = asyncio.create_task(script.run())
        await asyncio.sleep(10.0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run_virtual(interrupted)
    assert of_kind(tmp_path, lines.EndLine)[0].reason == "interrupted"
    assert verify(tmp_path, core_of).complete


def test_a_sensor_that_is_away_at_the_end_has_its_gap_in_the_log(tmp_path: Path) -> None:
    samples = [rr(k + 1.0, 0.8) for k in range(5)]
    script = Scripted(tmp_path, [*samples, SensorStatus("script", 6.0, "lost")], duration_s=40.0)
    run_virtual(script.run)
    (gap,) = of_kind(tmp_path, lines.GapLine)
    end = of_kind(tmp_path, lines.EndLine)[0]
    assert (gap.signal, gap.start, gap.end, gap.reason) == ("rr", 5.0, end.t, "link")
    assert verify(tmp_path, core_of).difference is None
