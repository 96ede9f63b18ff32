"""Mirror: the music does what the body does, so that it can be heard."""

from __future__ import annotations

from biofeedback.control.base import Aim
from biofeedback.state.estimator import State

__all__ = ["Mirror"]


class Mirror:
    """Sets the music's activation to the arousal of the moment."""

    follows_body = True

    def aim(self, state: State, dt_s: float) -> Aim:
        """Follow; there is no set point."""
        return Aim(
            state.arousal,
            None,
            f"The music mirrors you: arousal {state.arousal:.2f}.",
        )
