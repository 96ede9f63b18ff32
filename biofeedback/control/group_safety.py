"""Stop rules for a group: they hold for every wearer, and one who is unwell is enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from biofeedback.control.base import ControlInput
from biofeedback.control.safety import Safety, SafetySettings, SafetyStop

__all__ = ["GroupSafety"]

#: Which of two stops is named, the gravest first.
_GRAVITY = ("heart_rate", "distress", "paradox", "rising")


class GroupSafety:
    """Watches each body by itself; a rating of distress is anybody's, and stops the music for all.

    The listeners' wish to resume is for all as well.
    """

    def __init__(self, settings: SafetySettings, wearers: Sequence[str]) -> None:
        self._each = {name: Safety(settings) for name in wearers}

    def resume(self) -> None:
        """Forget what led to a stop."""
        for safety in self._each.values():
            safety.resume()

    def step(self, moment: ControlInput, level: float, *, leads: bool) -> SafetyStop | None:
        """Take in a moment of all; return the gravest stop, as gentle as any of them wants it."""
        stops: list[tuple[str, SafetyStop]] = []
        for name, safety in self._each.items():
            body = moment.bodies[name]
            own = replace(moment, state=body.state, readings={r.name: r for r in body.readings})
            stop = safety.step(own, level, leads=leads)
            if stop is not None:
                stops.append((name, stop))
        if not stops:
            return None
        name, gravest = min(stops, key=lambda found: _GRAVITY.index(found[1].rule))
        return replace(
            gravest,
            why=gravest.why if gravest.rule == "distress" else f"{name}: {gravest.why}",
            silent=any(stop.silent for _, stop in stops),
            calmer=any(stop.calmer for _, stop in stops),
        )
