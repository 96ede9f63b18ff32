"""`biofeedback` with a sensor, a player and a report that take their time, in s: `SLOW`.

`SLOW` is APPEARS,CLOSES,REPORT: of the simulated sensor, and of what is written afterwards. The
player's own are in `SLOW_PLAYER`; its ports are the tests' cables.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from biofeedback.app import postprocess, registry
from biofeedback.web import station
from sensors.base import SampleStream
from synth.player.remote import RemotePlayer

APPEARS_S, CLOSES_S, REPORT_S = (float(part) for part in os.environ["SLOW"].split(","))
_quick_sim, _quick_steps = registry._KINDS["sim"], postprocess.steps


def slow_sensor(target: str, options: registry.SensorOptions) -> registry.SensorSource:
    source = _quick_sim(target, options)

    async def late(stream: SampleStream) -> SampleStream:
        await asyncio.sleep(APPEARS_S)
        try:
            async for sample in stream:
                yield sample
        finally:
            await asyncio.sleep(CLOSES_S)

    return replace(source, opened=lambda clock, ear: late(source.opened(clock, ear)))


def slow_steps(session: Path, files: object) -> Iterator[postprocess.WriteStep]:
    def write(progress: Callable[[float], None]) -> Path:
        threading.Event().wait(REPORT_S)
        return session

    yield postprocess.WriteStep("report", "Writing the report", write)


async def slow_files(folder: Path, output: str) -> None:
    await asyncio.sleep(REPORT_S)


if __name__ == "__main__":
    from biofeedback.cli import main

    registry._KINDS["sim"] = slow_sensor
    postprocess.steps = slow_steps
    station._write_files = slow_files
    RemotePlayer.command = (sys.executable, str(Path(__file__).with_name("slow_player.py")))
    main()
