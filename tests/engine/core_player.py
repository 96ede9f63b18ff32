"""A core that is fed by hand: no session, no log, no clock."""

from __future__ import annotations

from typing import TypeVar

from biofeedback.config.loader import load
from biofeedback.engine.core import Core
from biofeedback.engine.events import Derived
from biofeedback.engine.factory import core_for
from biofeedback.engine.inputs import BarRequest, Command, Input, Tick
from sensors.signals import Chunk

T = TypeVar("T")


def core(*settings: str, **tables: object) -> Core:
    return core_for(load(settings=list(settings), tables=tables), 1, {})  # type: ignore[arg-type]


class Player:
    """Feeds a core and numbers its inputs."""

    def __init__(self, core: Core) -> None:
        self.core, self.seq, self.ticks = core, -1, 0
        self.chunks: dict[int, float] = {}  #: when each came, by its number

    def feed(self, time_s: float, item: Input) -> list[Derived]:
        self.seq += 1
        if isinstance(item, Chunk):
            self.chunks[self.seq] = time_s
        return list(self.core.feed(self.seq, time_s, item))

    def tick(self, count: int = 1, late_s: float = 0.0) -> list[Derived]:
        found: list[Derived] = []
        for _ in range(count):
            found = self.feed(self.ticks * 0.5 + late_s, Tick(self.ticks))
            self.ticks += 1
        return found

    def say(self, time_s: float, what: str, value: str = "") -> list[Derived]:
        return self.feed(time_s, Command("key", what, value))  # type: ignore[arg-type]

    def bar(self, time_s: float) -> list[Derived]:
        return self.feed(time_s, BarRequest(*self.core.next_bar))


def playing(bars: int = 1, **tables: object) -> Player:
    """Music at 60 beats a minute, asked for at 61 s: beat b sounds at 61.5 + b."""
    player = Player(
        core("control.strategy=fixed", "control.limits.tempo_dead_band_bpm=0.0", **tables)
    )
    player.tick(2)
    player.say(0.5, "override", "tempo_bpm=60")
    player.tick(120)
    for _ in range(bars):
        player.bar(61.0)
    return player


def one(kind: type[T], found: list[Derived]) -> T:
    (item,) = [each for each in found if isinstance(each, kind)]
    return item
