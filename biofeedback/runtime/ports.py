"""The seam between a session and what a person, or another device, steers it with."""

from __future__ import annotations

from typing import Protocol

from biofeedback.engine.inputs import CommandName, ExternalClock
from biofeedback.runtime.prompts import Prompts

__all__ = ["ControlSurface", "SessionControl"]


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

    async def run(self, desk: SessionControl) -> None:
        """Pass on what is done with it until cancelled."""
        ...

    async def close(self) -> None:
        """Let go; harmless twice."""
        ...
