"""Mirror: the music does what the body does, so that it can be heard."""

from __future__ import annotations

from biofeedback.control.base import ControlInput, ControlTarget

__all__ = ["Mirror"]


class Mirror:
    """Sets the music's activation to the arousal of the moment."""

    follows_body = True
    finished = False

    def aim(self, moment: ControlInput) -> ControlTarget:
        """Follow; there is no set point."""
        arousal = moment.state.arousal
        why = f"The music mirrors you: arousal {arousal:.2f}."
        return ControlTarget(arousal, None, why, cause="arousal")
