"""What is sensed of a recording, tick by tick: once for all programmes, which do not change it.

Samples arrive as `biofeedback replay` lets them arrive: through the player and the sanitizer.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import pickle
from dataclasses import replace
from pathlib import Path

import biofeedback
import sensors
from biofeedback.common.clock import SessionClock, run_virtual, utc_now
from biofeedback.config.schema import Config
from biofeedback.control.base import Decision
from biofeedback.engine.core import Core
from biofeedback.engine.events import Derived
from biofeedback.engine.factory import settings_of
from biofeedback.engine.inputs import TICK_S, BarRequest, Tick
from biofeedback.group.subjects import Measured, SingleSubject, Snapshot
from biofeedback.metrics.beats import Beat
from biofeedback.metrics.scr import Scr
from biofeedback.runtime.sanitizer import Sanitizer
from biofeedback.state.baseline import Baseline
from nulls.planted import Answering, Response
from sensors.base import SensorStatus, sleep_until
from sensors.files import Recording
from sensors.files.replay import play
from synth.compose.style import Style

__all__ = ["Course", "Heard", "sensed"]

#: A tick's beats and skin responses, and what was known at it.
Course = list[tuple[tuple[Beat | Scr, ...], Snapshot]]
_SENSING = {
    biofeedback: ("group", "metrics", "state", "runtime/sanitizer.py"),
    sensors: ("base.py", "files", "signals.py"),
}
_BAR_LEAD_BEATS = 2.0


def sensed(
    recording: Recording, config: Config, keep: Path | None = None, until_s: float = math.inf
) -> Course:
    """Return the course of a recording; with `keep`, a folder, the same code does it only once."""
    kept = None if keep is None else keep / f"{recording.name}-{until_s:g}-{_digest()}.pickle"
    if kept is not None and kept.is_file():
        course: Course = pickle.loads(kept.read_bytes())
        return course
    course = []
    run_virtual(lambda: _sense(recording, config, course, until_s))
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(pickle.dumps(course))
    return course


async def _sense(recording: Recording, config: Config, course: Course, until_s: float) -> None:
    clock = SessionClock(asyncio.get_running_loop(), utc_now())
    body, intake = SingleSubject(config.metrics, config.state, None), Sanitizer()
    events: list[Beat | Scr] = []

    async def listen() -> None:
        async for sample in play(recording, clock):
            if clock() > until_s:
                return
            clean = intake.clean(sample, 0)
            if clean is not None:
                events.extend(body.feed(clean))

    async def tick() -> None:
        index = 0
        while True:
            await sleep_until(index * TICK_S, clock)
            course.append((tuple(events), body.sense(index * TICK_S)))
            events.clear()
            index += 1

    listening, ticking = asyncio.create_task(listen()), asyncio.create_task(tick())
    await listening
    ticking.cancel()


class _Known:
    """Bodies whose course is known, but for what the music does to one that answers."""

    baselines: dict[str, Baseline] = {}  # noqa: RUF012 - none is ever stored

    def __init__(self, course: Course, response: Response) -> None:
        self._course = course
        self.answering = Answering(response)

    def feed(self, item: Measured) -> tuple[Beat | Scr, ...]:
        """Return the events up to the tick of the sample."""
        assert isinstance(item, SensorStatus)
        return self._course[round(item.time_s / TICK_S)][0]

    def sense(self, now_s: float) -> Snapshot:
        """Return what was known; the worker is asked nothing: no programme reads its readings."""
        known = replace(self._course[round(now_s / TICK_S)][1], window=None)
        return self.answering.added(known)


class Heard:
    """The product's core in a session of somebody whose course is known; it writes its bars.

    With a `response`, the music moves the body by that much.
    """

    def __init__(
        self,
        config: Config,
        style: Style,
        course: Course,
        response: Response | None = None,
        seed: int = 1,
    ) -> None:
        self.core = Core(settings_of(config), style, seed, {})
        self._bodies = _Known(course, response or Response(0.0))
        self.core._bodies = self._bodies
        self._seq = 0

    def tick(self, index: int) -> list[Derived]:
        """Let half a second pass; return what follows."""
        now_s = index * TICK_S
        derived = [*self._feed(SensorStatus("recording", now_s, "streaming"), now_s)]
        tempo = self.core.tempo_map
        while index > 0 and (
            tempo is None or tempo.time_at(self.core.next_bar[1] - _BAR_LEAD_BEATS) <= now_s
        ):
            derived += self._feed(BarRequest(*self.core.next_bar), now_s)
            tempo = self.core.tempo_map
        derived += self._feed(Tick(index), now_s)
        decision = next(item for item in derived if isinstance(item, Decision))
        if decision.phase != "rest" and decision.cause != "rest":
            self._bodies.answering.hear(decision.numbers["level"])
        return derived

    def _feed(self, item: SensorStatus | BarRequest | Tick, now_s: float) -> list[Derived]:
        self._seq += 1
        return list(self.core.feed(self._seq, now_s, item))


def _digest() -> str:
    digest = hashlib.sha256()
    for package, names in _SENSING.items():
        for name in names:
            place = Path(package.__path__[0]) / name
            for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
