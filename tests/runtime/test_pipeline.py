"""The one way of an input: log, core, log, bus and players, under the same numbers."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from biofeedback.common.clock import SessionClock
from biofeedback.engine.events import Derived
from biofeedback.engine.inputs import Command, Input, Tick
from biofeedback.record.writer import LogWriter
from biofeedback.runtime.pipeline import Event, Pipeline
from biofeedback.runtime.player_group import PlayerGroup
from biofeedback.simulation.model.music_features import MusicMonitor
from synth.events import Cancel

INPUTS = [Tick(0), Command("key", "marker", "a"), Tick(1), Command("key", "marker", "b")]


class Echo:
    """A core that cancels two beats for each command, and notes under which number it came."""

    def __init__(self) -> None:
        self.came: list[tuple[int, Input]] = []

    def feed(self, seq: int, time_s: float, item: Input) -> Sequence[Derived]:
        self.came.append((seq, item))
        return [Cancel(1.0), Cancel(2.0)] if isinstance(item, Command) else []


class Deaf(PlayerGroup):
    def __init__(self) -> None:
        super().__init__(())
        self.told: list[Derived] = []

    def feed(self, derived: Sequence[Derived]) -> None:
        self.told += derived


def test_an_input_has_one_number_in_the_log_and_in_the_core_and_all_hear_what_follows(
    tmp_path: Path,
) -> None:
    path = tmp_path / "session.jsonl"
    log, core, players = LogWriter(path), Echo(), Deaf()

    async def main() -> list[Event]:
        clock = SessionClock(asyncio.get_running_loop(), datetime(2026, 1, 1, tzinfo=UTC))
        pipeline = Pipeline(core, log, clock, players, MusicMonitor())  # type: ignore[arg-type]
        with pipeline.bus.subscribed() as watcher:
            for item in INPUTS:
                pipeline.feed(item)
            return watcher.drain()

    heard = asyncio.run(main())
    log.close()
    written = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["seq"] for line in written] == list(range(8))
    assert [line["kind"] for line in written] == [
        "tick", "command", "cancel", "cancel", "tick", "command", "cancel", "cancel",
    ]  # fmt: skip
    assert core.came == list(zip((0, 1, 4, 5), INPUTS, strict=True))
    follows = [Cancel(1.0), Cancel(2.0)]
    assert heard == [INPUTS[0], INPUTS[1], *follows, INPUTS[2], INPUTS[3], *follows]
    assert players.told == follows * 2
