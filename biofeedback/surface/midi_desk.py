"""A MIDI controller that steers the session, by what was learned from it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from biofeedback.errors import CommandError
from biofeedback.surface.base import Desk
from biofeedback.surface.bindings import Binding
from biofeedback.surface.midi_input import MidiInput
from biofeedback.surface.touches import touch_of
from biofeedback.surface.wishes import Wanted, Wishes

__all__ = ["MidiDesk"]

_EVERY_S = 0.1  # a knob that is turned sends a hundred values a second; ten are logged


class MidiDesk:
    """Passes on buttons at once, and of each knob the latest value ten times a second."""

    def __init__(self, port: MidiInput, bindings: Sequence[Binding]) -> None:
        self._port = port
        self._wishes = Wishes(bindings)
        self._turned: dict[str, Wanted] = {}

    @property
    def trouble(self) -> str:
        """What is wrong with the port."""
        return self._port.trouble

    async def open(self) -> None:
        """Open the port; raise `OutputUnavailable` when it is not there."""
        await self._port.open()

    async def run(self, desk: Desk) -> None:
        """Pass on what is touched until cancelled."""
        loop = asyncio.get_running_loop()
        who, next_s = f"midi:{self._port.name}", loop.time()
        while True:
            for _, message in await self._port.wait(_EVERY_S if self._turned else 3600.0):
                touch = touch_of(message)
                for wanted in self._wishes.touched(touch) if touch else ():
                    if wanted.urgent:
                        _ask(desk, who, wanted)
                    else:
                        self._turned[wanted.slot] = wanted
            if self._turned and loop.time() >= next_s:
                next_s = loop.time() + _EVERY_S
                turned, self._turned = self._turned, {}
                for wanted in turned.values():
                    _ask(desk, who, wanted)

    async def close(self) -> None:
        """Close the port; harmless twice."""
        await self._port.close()


def _ask(desk: Desk, who: str, wanted: Wanted) -> None:
    try:
        desk.command(who, wanted.what, wanted.value)
    except CommandError:
        pass  # a range in the file that the session does not grant: the knob has no effect there
