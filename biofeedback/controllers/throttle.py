"""Wishes at a pace that a log bears: buttons at once, knobs with their latest, ten a second."""

from __future__ import annotations

from biofeedback.common.errors import CommandError
from biofeedback.controllers.command_mapper import MappedCommand
from biofeedback.runtime.ports import SessionControl

__all__ = ["EVERY_S", "Throttle"]

EVERY_S = 0.1  #: a knob or slider that moves sends hundreds of values a second


class Throttle:
    """Passes commands on; feed it with `put`, and call `flush` when `EVERY_S` have passed."""

    def __init__(self, desk: SessionControl) -> None:
        self._desk = desk
        self._turned: dict[str, tuple[str, MappedCommand]] = {}
        self._next_s = 0.0
        self.refused = 0  #: commands that made no sense to the session, and had no effect

    @property
    def waits(self) -> bool:
        """Whether something is to be flushed."""
        return bool(self._turned)

    def put(self, who: str, wanted: MappedCommand) -> None:
        """Take in what `who` wants; at once when it is urgent."""
        if wanted.urgent:
            self._ask(who, wanted)
        else:
            self._turned[wanted.slot] = who, wanted

    def flush(self, now_s: float) -> None:
        """Pass on the latest of each, unless that was done just now."""
        if now_s < self._next_s or not self._turned:
            return
        self._next_s = now_s + EVERY_S
        turned, self._turned = self._turned, {}
        for who, wanted in turned.values():
            self._ask(who, wanted)

    def _ask(self, who: str, wanted: MappedCommand) -> None:
        try:
            self._desk.command(who, wanted.what, wanted.value)
        except CommandError:
            self.refused += 1  # a range in a file, or a value, that the session does not grant
