"""A MIDI controller that steers the session, by what was learned from it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from biofeedback.common.tasks import together
from biofeedback.controllers.bindings import Binding
from biofeedback.controllers.command_mapper import CommandMapper
from biofeedback.controllers.midi_events import touch_of
from biofeedback.controllers.midi_input import MidiInput
from biofeedback.controllers.throttle import EVERY_S, Throttle
from biofeedback.runtime.ports import SessionControl

__all__ = ["MidiController"]

_IDLE_S = 3600.0


class MidiController:
    """Passes on what is touched, as the bindings say."""

    def __init__(self, port: MidiInput, bindings: Sequence[Binding]) -> None:
        self._port = port
        self._wishes = CommandMapper(bindings)

    @property
    def name(self) -> str:
        """The port's."""
        return f"midi:{self._port.name}"

    @property
    def trouble(self) -> str:
        """What is wrong with the port."""
        return self._port.trouble

    async def open(self) -> None:
        """Open the port; raise `OutputUnavailable` when it is not there."""
        await self._port.open()

    async def run(self, desk: SessionControl) -> None:
        """Pass on what is touched until cancelled."""
        await together(self._port.look(), self._pass_on(desk))

    async def _pass_on(self, desk: SessionControl) -> None:
        loop, pace, who = asyncio.get_running_loop(), Throttle(desk), self.name
        while True:
            for _, message in await self._port.wait(EVERY_S if pace.waits else _IDLE_S):
                touch = touch_of(message)
                for wanted in self._wishes.touched(touch, desk.held) if touch else ():
                    pace.put(who, wanted)
            pace.flush(loop.time())

    async def close(self) -> None:
        """Close the port; harmless twice."""
        await self._port.close()
