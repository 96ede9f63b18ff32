"""Another device's MIDI clock, which the music follows."""

from __future__ import annotations

import asyncio

from biofeedback.common.tasks import together
from biofeedback.controllers.midi_input import MidiInput
from biofeedback.engine.inputs import ExternalClock
from biofeedback.runtime.ports import SessionControl
from synth.midi_clock import ClockListener, ClockPosition

__all__ = ["MidiClockFollower"]

_PATIENCE_S = 0.5


class MidiClockFollower:
    """Tells the session where the device stands: once a beat, and when it starts or stops."""

    def __init__(self, port: MidiInput) -> None:
        self._port = port
        self._listener = ClockListener()

    @property
    def name(self) -> str:
        """Whose clock it is."""
        return f"The clock of {self._port.name}"

    @property
    def trouble(self) -> str:
        """What is wrong with the port, or what the music waits for."""
        if self._port.trouble:
            return self._port.trouble
        if self._listener.waiting:
            return f"no start yet from {self._port.name!r}, which the music waits for"
        return ""

    async def open(self) -> None:
        """Open the port; raise `OutputUnavailable` when it is not there."""
        await self._port.open()

    async def run(self, session: SessionControl) -> None:
        """Pass on the clock until cancelled; the music waits until it starts."""
        await together(self._port.look(), self._pass_on(session))

    async def _pass_on(self, session: SessionControl) -> None:
        loop = asyncio.get_running_loop()
        session.follow(ExternalClock(0.0, 0.0, 60.0, "stopped"))
        heard = loop.time(), 0.0  # when the last message came, on both clocks
        while True:
            messages = await self._port.wait(_PATIENCE_S)
            for time_s, message in messages:
                _tell(session, self._listener.feed(message, time_s))
                heard = loop.time(), time_s
            if not messages:
                now_s = heard[1] + loop.time() - heard[0]
                gone = bool(self._port.trouble)
                listener = self._listener
                _tell(session, listener.gone(now_s) if gone else listener.check(now_s))

    async def close(self) -> None:
        """Close the port; harmless twice."""
        await self._port.close()


def _tell(session: SessionControl, position: ClockPosition | None) -> None:
    if position is not None:
        session.follow(ExternalClock(*position))
