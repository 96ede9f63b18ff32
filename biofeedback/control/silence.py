"""Silence: a pause of the music, which can calm more than slow music does.

In Bernardi et al. (2005) two minutes of silence between pieces brought heart rate, blood pressure
and ventilation below their baseline.
"""

from __future__ import annotations

from biofeedback.control.base import ControlInput, ControlTarget

__all__ = ["Silence"]

_LEVEL = 0.2  #: at which the music comes back, softly. Ours.


class Silence:
    """Lets the phrase close, and is silent from there on."""

    follows_body = False
    finished = False

    def aim(self, moment: ControlInput) -> ControlTarget:
        """Return the same aim each time."""
        why = "The music pauses: silence is part of it."
        return ControlTarget(_LEVEL, None, why, silent=True, cause="silence")
