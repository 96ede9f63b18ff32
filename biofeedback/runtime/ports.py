"""What a session asks of others: sensors that it can open, and what a person steers it with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from biofeedback.engine.inputs import CommandName, ExternalClock
from biofeedback.runtime.prompts import Prompts
from biofeedback.simulation.model.music_features import MusicMonitor
from sensors.base import Clock, SampleStream

__all__ = ["ControlSurface", "SensorSource", "SessionControl"]


class SessionControl(Protocol):
    """What a surface may do with a session.

    `questions` are what its listener is asked, None for nothing.
    """

    questions: Prompts | None

    @property
    def held(self) -> bool:
        """Whether the music was asked to stay as it is, by whatever hand."""
        ...

    def command(
        self, who: str, what: CommandName, value: str = "", time_s: float | None = None
    ) -> None:
        """Do what a person asked for; raise `CommandError` when it makes no sense.

        `time_s` is the session time at which it happened, where another clock tells it.
        """
        ...

    def silence(self, who: str) -> None:
        """Stop at once, with silence."""
        ...

    def follow(self, clock: ExternalClock) -> None:
        """Let the music go with the clock of another device."""
        ...


class ControlSurface(Protocol):
    """Something to steer with. `open` may block for a moment and raise; `run` goes on for ever."""

    @property
    def name(self) -> str:
        """What it is, at the beginning of a sentence."""
        ...

    @property
    def trouble(self) -> str:
        """What is wrong with it just now, in a sentence; "" for nothing."""
        ...

    async def open(self) -> None:
        """Acquire port or socket; raise an error with a hint when that fails."""
        ...

    async def run(self, session: SessionControl) -> None:
        """Pass on what is done with it until cancelled."""
        ...

    async def close(self) -> None:
        """Let go; harmless twice."""
        ...


@dataclass(frozen=True, slots=True)
class SensorSource:
    """A sensor that can be opened; `timeless` ones run in virtual time as well as live.

    `uri` is what the log keeps: of a recording it names no path and no file. `opened` takes the
    session's clock, and the ear through which a virtual listener hears.
    """

    uri: str
    opened: Callable[[Clock, MusicMonitor], SampleStream]
    timeless: bool = False
    simulated: bool = False
    duration_s: float | None = None
    markers: tuple[tuple[float, str], ...] = ()
    warnings: tuple[str, ...] = ()
    wearer: str = ""  #: whose it is, in a group
    digest: str = ""  #: SHA-256 of the recording that is played; "" of what is worn
    started: datetime | None = None  #: of a recording, when its time 0 was, as it tells it
