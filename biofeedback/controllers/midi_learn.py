"""Learning: for each thing that can be done, the control that is touched next does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from biofeedback.controllers.bindings import Action, Binding
from biofeedback.controllers.midi_events import MidiControl, touch_of
from biofeedback.controllers.midi_input import MidiInput

__all__ = ["learn"]

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
