"""A MIDI controller that steers the session, by what was learned from it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from biofeedback.common.tasks import together
from biofeedback.controllers.bindings import Action, Binding
from biofeedback.controllers.command_mapper import EVERY_S, CommandMapper, Throttle
from biofeedback.controllers.midi_events import MidiControl, touch_of
from biofeedback.controllers.midi_input import MidiInput
from biofeedback.runtime.ports import SessionControl

__all__ = ["MidiController", "learn"]

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

    async def run(self, session: SessionControl) -> None:
        """Pass on what is touched until cancelled."""
        await together(self._port.look(), self._pass_on(session))

    async def _pass_on(self, session: SessionControl) -> None:
        loop, pace, who = asyncio.get_running_loop(), Throttle(session), self.name
        while True:
            for _, message in await self._port.wait(EVERY_S if pace.waits else _IDLE_S):
                touch = touch_of(message)
                for wanted in self._wishes.touched(touch, session.held) if touch else ():
                    pace.put(who, wanted)
            pace.flush(loop.time())

    async def close(self) -> None:
        """Close the port; harmless twice."""
        await self._port.close()


_STEP_S = 0.1


async def learn(
    port: MidiInput,
    actions: Sequence[Action],
    wait_s: float,
    *,
    ask: Callable[[Action], None],
    seen: Callable[[MidiControl, Action | None], None],
    skipped: Callable[[], bool],
) -> list[Binding]:
    """Return a binding for each action whose control was touched within `wait_s`.

    `ask` tells the user which action is next, `seen` what was touched and what it does now, None
    for a control that already does something else; `skipped` says whether to go on without one.
    """
    bindings: list[Binding] = []
    for action in actions:
        ask(action)
        known = {binding.action: binding for binding in bindings}
        left_s = wait_s
        while action not in known and left_s > 0.0 and not skipped():
            left_s -= _STEP_S
            for _, message in await port.wait(_STEP_S):
                touch = touch_of(message)
                if touch is None or touch.value == 0.0 or action in known:
                    continue
                taken = next((b for b in bindings if b.fits(touch.control)), None)
                seen(touch.control, None if taken else action)
                if taken is None:
                    known[action] = Binding.of(action, touch.control)
                    bindings.append(known[action])
    return bindings
