"""How long each stage takes is in the log of a live session, and in its tables."""

import asyncio
from pathlib import Path

import pytest
from replayed_session import simulated

from biofeedback.common.clock import SessionClock, utc_now
from biofeedback.engine.inputs import BarRequest, Tick
from biofeedback.record import lines
from biofeedback.record.reader import LOG_NAME, read, read_header
from biofeedback.record.rebuild import core_of
from biofeedback.record.tables import gather
from biofeedback.record.writer import LogWriter
from biofeedback.runtime.pipeline import Pipeline
from biofeedback.runtime.player_group import PlayerGroup
from biofeedback.runtime.telemetry import Counters
from biofeedback.simulation.model.music_features import MusicMonitor
from sensors.signals import Chunk, Signal


def test_delays_are_told_by_median_and_extremes_and_begin_anew() -> None:
    counters = Counters()
    for number in range(1, 102):
        counters.took("arrival", number / 1000.0)
    delay = counters.delays()["arrival"]
    assert (delay.count, delay.p50_ms, delay.p99_ms, delay.max_ms) == (101, 51.0, 100.0, 101.0)
    assert counters.delays() == {}


class AtTen(SessionClock):
    """A live clock that stands at 10 s."""

    def __call__(self) -> float:
        return 10.0


def test_a_live_log_has_the_delay_of_each_stage(tmp_path: Path) -> None:
    loop = asyncio.new_event_loop()
    clock, log = AtTen(loop, utc_now()), LogWriter(tmp_path / LOG_NAME)
    header = read_header(simulated(tmp_path / "other", 5.0))
    pipeline = Pipeline(core_of(header), log, clock, PlayerGroup(()), MusicMonitor())
    pipeline.note(lambda t, seq: header)
    pipeline.feed(Chunk.events(Signal.RR, "strap", [clock() - 0.25], [0.8]))
    pipeline.feed(Tick(19))
    pipeline.feed(BarRequest(0, 0.0))
    pipeline.note_delays()
    pipeline.note_delays()  # only that of the log itself since then
    log.close()
    loop.close()
    assert list(read(tmp_path))  # and not a line of it is damaged
    first = next(line for _, line in read(tmp_path) if isinstance(line, lines.LatencyLine))
    assert set(first.stages) == {
        "arrival", "tick", "metrics", "state and control", "composing", "log",
    }  # fmt: skip
    assert first.stages["arrival"].p50_ms == pytest.approx(250.0)
    assert first.stages["tick"].max_ms == pytest.approx(500.0)
    rows = gather(tmp_path, lambda chunk: None, lambda share: None)["latency"].rows
    assert {row["stage"] for row in rows} >= set(first.stages)


def test_virtual_time_has_no_delays_to_tell(tmp_path: Path) -> None:
    folder = simulated(tmp_path, 5.0)
    assert not any(isinstance(line, lines.LatencyLine) for _, line in read(folder))
