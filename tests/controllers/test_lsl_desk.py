"""Texts of an LSL stream of markers, from a real outlet on this computer, mark a session."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pylsl
import pytest

from biofeedback.app.plan import SessionPlan
from biofeedback.app.runner import SessionRunner
from biofeedback.common.clock import run_live
from biofeedback.common.errors import ConfigError
from biofeedback.config.loader import load
from biofeedback.controllers.lsl_marker_input import LslMarkerInput
from biofeedback.record import lines
from biofeedback.record.reader import read
from biofeedback.record.rebuild import core_of
from biofeedback.record.tables import gather
from biofeedback.record.verify import verify
from biofeedback.runtime.session import Session

RUN = uuid4().hex[:8]  # so that no other run of these tests is heard


def outlet(identity: str) -> pylsl.StreamOutlet:
    info = pylsl.StreamInfo(f"Events {RUN}", f"Markers-{RUN}", 1, 0.0, "string", identity)
    return pylsl.StreamOutlet(info)


class Taken:
    questions = None
    held = False

    def __init__(self) -> None:
        self.marks: list[tuple[str, str, str, float]] = []

    def command(self, who: str, what: str, value: str = "", time_s: float | None = None) -> None:
        assert time_s is not None
        self.marks.append((who, what, value, time_s))

    def silence(self, who) -> None:
        raise AssertionError

    def follow(self, clock: object) -> None:
        raise AssertionError


@pytest.mark.parametrize("kind", ["Events ", "Markers-"])
def test_a_marker_stands_at_the_time_of_its_sender_and_our_own_are_not_heard(kind: str) -> None:
    name = f"{kind}{RUN}"

    async def body() -> str:
        theirs, ours = outlet(f"theirs-{RUN}"), outlet(f"{RUN}/markers/")
        taken, desk = Taken(), LslMarkerInput(name, pylsl.local_clock)
        await desk.open()
        task = asyncio.create_task(desk.run(taken))
        while not theirs.have_consumers():  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.02)
        at_s = pylsl.local_clock() - 0.5
        ours.push_sample(["an echo"], at_s)
        theirs.push_sample(["stimulus 7"], at_s)
        theirs.push_sample(["x"], at_s - 1e6)  # a clock that LSL does not know
        async with asyncio.timeout(10.0):
            while len(taken.marks) < 2:  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(0.02)
        found = desk.trouble
        task.cancel()
        await desk.close()
        await desk.close()
        (who, what, text, time_s), (*_, odd_s) = taken.marks
        assert (who, what, text) == (f"lsl:{name}", "marker", "stimulus 7")
        assert time_s == pytest.approx(at_s, abs=0.1)
        assert odd_s >= at_s
        return found

    assert run_live(body) == ""


def test_a_stream_that_is_not_there_is_told_and_waited_for() -> None:
    async def body() -> str:
        desk = LslMarkerInput(f"nobody-{RUN}", pylsl.local_clock)
        await desk.open()
        task = asyncio.create_task(desk.run(Taken()))
        await asyncio.sleep(0)
        told = desk.trouble
        assert not task.done()
        task.cancel()
        await desk.close()
        return told

    assert "is not in sight" in run_live(body)


def test_a_stream_without_a_name_is_refused() -> None:
    for name in (" ", "it's"):
        with pytest.raises(ConfigError, match="names no stream"):
            LslMarkerInput(name, float)


async def marking(session: Session) -> None:
    await asyncio.sleep(8.0)
    for time_s in (6.25, 99.0, -3.0):
        session.command("lsl:Events", "marker", "stimulus", time_s)


def test_the_log_has_both_times_and_the_tables_the_senders(tmp_path: Path) -> None:
    plan = SessionPlan(config=load(), sensors=("sim:",), out=tmp_path, duration_s=12.0)
    folder = SessionRunner(plan).run(marking).folder
    marks = [line for _, line in read(folder) if getattr(line, "what", "") == "marker"]
    assert [(line.t, line.time) for line in marks] == [(8.0, 6.25), (8.0, 8.0), (8.0, 0.0)]
    assert all(isinstance(line, lines.CommandLine) for line in marks)
    assert verify(folder, core_of).complete
    rows = gather(folder, lambda chunk: None, lambda share: None)["events"].rows
    times = [row["time_s"] for row in rows if row["kind"] == "marker"]
    assert times == [0.0, 6.25, 8.0]
