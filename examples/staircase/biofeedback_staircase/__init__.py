"""Down a staircase: the music waits on each stair until the body has come down to it.

    biofeedback run --sensor ... --set control.strategy=staircase

`lead` goes on by the clock; here nobody is left behind. Settings, as in
`--set control.plugins.staircase.stairs=6`:
"""

from __future__ import annotations

from biofeedback.control.base import ControlInput, ControlTarget

__all__ = ["Staircase"]

_TRUSTED = 0.25  #: confidence from which on arousal counts


class Staircase:
    """Begins where the body is, and goes down by `stairs` equal steps to `bottom`.

    A stair is left when arousal has been within `reach` above it for `wait_s` seconds.
    """

    follows_body = True

    def __init__(
        self, stairs: int = 4, bottom: float = 0.2, reach: float = 0.05, wait_s: float = 20.0
    ) -> None:
        if not 1 <= stairs <= 20:
            raise ValueError(f"stairs is {stairs}, not within 1 to 20")
        if not 0.0 <= bottom <= 1.0:
            raise ValueError(f"bottom is {bottom:g}, not within 0 to 1")
        self._stairs, self._bottom, self._reach, self._wait_s = stairs, bottom, reach, wait_s
        self._top: float | None = None
        self._left = stairs
        self._there_s = 0.0

    @property
    def finished(self) -> bool:
        """Whether the body has come down the last stair."""
        return self._left == 0

    def aim(self, moment: ControlInput) -> ControlTarget:
        """Stay on this stair, or go down to the next."""
        state = moment.state
        if self._top is None:
            if state.phase == "rest" or state.confidence < _TRUSTED:
                return ControlTarget(
                    state.arousal, None, "Looking where you are.", cause="staircase"
                )
            self._top = max(self._bottom, state.arousal)
        stair = self._stair
        there = state.confidence >= _TRUSTED and state.arousal <= stair + self._reach
        self._there_s = self._there_s + moment.dt_s if there else 0.0
        if self._there_s >= self._wait_s and self._left:
            self._left -= 1
            self._there_s = 0.0
        stair = self._stair
        why = (
            f"You are down (arousal {state.arousal:.2f}): the music stays with you."
            if self.finished
            else f"Stair {self._stairs - self._left + 1} of {self._stairs}: the music waits at "
            f"{stair:.2f} until you are there (arousal {state.arousal:.2f})."
        )
        return ControlTarget(
            stair, stair, why, cause="staircase", numbers={"stairs_left": float(self._left)}
        )

    @property
    def _stair(self) -> float:
        top = self._bottom if self._top is None else self._top
        down = min(self._stairs, self._stairs - self._left + 1) / self._stairs
        return top + (self._bottom - top) * down
